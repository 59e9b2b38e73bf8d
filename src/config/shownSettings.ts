/** What the server runs with, for whoever runs it: every variable with its value, and no secret. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readCommandLine } from "./commandLine.ts"
import { variableTable } from "./config.ts"
import type { Configurable } from "./protocolSettings.ts"
import { serverProgram } from "./serverFlags.ts"
import type { Variable } from "./variables.ts"

export interface ShownSetting {
  readonly name: string
  /** As it was written, or as it is where nobody has said anything; null: it is not set and has no default. */
  readonly value: string | null
  readonly from: "environment" | "command line" | "default"
  /** Its value is not shown. */
  readonly isSecret: boolean
}

/** Stands for a secret that is set. */
export const redacted = "<redacted>"

/** Who is named in a URL, and by which password. */
const withoutUser = (text: string): string => text.replace(/(\w:\/\/)[^/@\s]*@/g, `$1${redacted}@`)

const textOf = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (value instanceof RegExp) return value.source
  if (Array.isArray(value)) return value.join(",") || null
  return String(value)
}

/** The same arguments as those of `loadConfig`, which has found no fault in them. */
export const shownSettings = async (
  environment: Readonly<Record<string, string | undefined>>,
  commandLine: readonly string[],
  protocols: readonly Configurable[]
): Promise<readonly ShownSetting[]> => {
  const { values: flags } = await readCommandLine(serverProgram, commandLine)
  const overruled: Readonly<Record<string, string | undefined>> = { PORT: flags.port, HOST: flags.host }
  const setting = ([name, variable]: [string, Variable<unknown>]): ShownSetting => {
    const isSecret = variable.secret === true
    const flag = overruled[name]?.trim()
    const given = flag ?? environment[name]?.trim()
    const from = flag !== undefined ? "command line" : given ? "environment" : "default"
    if (given) return { name, value: isSecret ? redacted : withoutUser(given), from, isSecret }
    if (variable.writtenDefault !== undefined) return { name, value: variable.writtenDefault, from, isSecret }
    const byDefault = Effect.runSync(Effect.option(variable.setting(name).parse(ConfigProvider.fromEnvRecord({}))))
    return { name, value: textOf(Option.getOrUndefined(byDefault)), from, isSecret }
  }
  return Object.entries(variableTable(protocols) as Readonly<Record<string, Variable<unknown>>>).map(setting)
}
