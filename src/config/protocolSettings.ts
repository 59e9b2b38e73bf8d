/** What an operator can set of one protocol, beside what there is for all. */
import type { ValuesOf, VariableTable } from "./variables.ts"

/** Pages that are let in where nobody says which may come. */
export interface BuiltInOrigins {
  readonly allowed: readonly string[]
  readonly previewPattern?: RegExp
}

export interface ProtocolSettings<Settings = unknown, Table extends VariableTable = VariableTable> {
  readonly variables: Table
  /** What they say together: what `Protocol.open` is given. */
  read(values: ValuesOf<Table>): Settings
  /** Variables that do nothing unless another one is set. */
  readonly needed?: readonly (readonly [names: readonly string[], needed: string])[]
  /** Variables that do nothing once another one is set. */
  readonly overruled?: readonly (readonly [name: string, by: string])[]
  /** What of its values cannot be meant in this environment, in lines that complete "The configuration has a fault:"; they
   * must hold no secret. */
  faults?(environment: "development" | "production" | "test", values: ValuesOf<Table>): readonly string[]
  /** What else does nothing, in lines for the log; they must hold no value. */
  readonly warnings?: (
    environment: "development" | "production" | "test",
    isSet: (name: string) => boolean
  ) => readonly string[]
  readonly origins?: BuiltInOrigins
}

/** With the types of its values. */
export const protocolSettings = <Settings, Table extends VariableTable>(
  settings: ProtocolSettings<Settings, Table>
): ProtocolSettings<Settings, Table> => settings

/** As much of a protocol as says what can be set. */
export interface Configurable {
  /** Lower-case words with hyphens between them. */
  readonly name: string
  /** Where it is served unless `<NAME>_PATH` says otherwise; null: nowhere. */
  readonly mount: string | null
  readonly settings: ProtocolSettings
}

/** The variable that says where a protocol is served. */
export const pathVariableOf = (name: string): string => `${name.toUpperCase().replaceAll("-", "_")}_PATH`

/** Where the core itself answers, by the first segment: a protocol there would take its requests, or lose its own. */
export const corePlaces: readonly string[] = ["docs", "healthz", "logs", "metrics", "openapi.json", "readyz", "tower"]

/**
 * `/`, or a path of letters, digits and hyphens without a slash at its end; null for `off`; undefined for anything else, and where
 * the core is.
 */
export const readMount = (raw: string): string | null | undefined => {
  if (raw.toLowerCase() === "off") return null
  if (raw === "/") return raw
  return /^(?:\/[a-z0-9-]+)+$/i.test(raw) && !corePlaces.includes(raw.split("/")[1] as string) ? raw : undefined
}
