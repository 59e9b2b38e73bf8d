/**
 * What was set and has no effect, in lines for the log. What cannot be meant at all is refused (config.ts); here is what
 * other parts of the environment make useless, and what nobody reads. No line holds a value.
 */
import { isDefault, variableTable } from "./config.ts"
import { misspeltNames } from "./misspelt.ts"
import { type Configurable, pathVariableOf, readMount } from "./protocolSettings.ts"

type Environment = Readonly<Record<string, string | undefined>>

type Settings = Configurable["settings"]

/** Variables that do nothing unless another one is set. */
const needed: NonNullable<Settings["needed"]> = [
  [["DATABASE_SSL"], "DATABASE_URL"],
  [["CLUSTER_SECRET", "CLUSTER_LEASE_MS", "CLUSTER_LOOK_MS"], "CLUSTER_ADDRESS"],
  [["MAX_LOG_BUFFER_SIZE"], "LOG_ACCESS_KEY"],
  [["TURN_TTL_SECONDS"], "TURN_URLS"],
  [["CLOUDFLARE_TURN_TOKEN_ID"], "CLOUDFLARE_API_TOKEN"],
  [["CLOUDFLARE_API_TOKEN"], "CLOUDFLARE_TURN_TOKEN_ID"]
]

/** Variables that do nothing once another one is set. */
const overruled: NonNullable<Settings["overruled"]> = [
  ["DATA_DIR", "DATABASE_URL"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]
]

/** Of an environment that loadConfig has read without a fault, given the same protocols. */
export const configWarnings = (environment: Environment, protocols: readonly Configurable[]): readonly string[] => {
  const table = variableTable(protocols)
  const names = Object.keys(table)
  const textOf = (name: string): string => environment[name]?.trim() ?? ""
  const isSet = (name: string): boolean => textOf(name) !== ""
  // Nobody misses a default.
  const isWished = (name: string): boolean => isSet(name) && !isDefault(table, name, textOf(name))
  const isServed = ({ name, mount }: Configurable) =>
    readMount(textOf(pathVariableOf(name)) || (mount ?? "off")) !== null
  const settings = protocols.filter(isServed).map((protocol) => protocol.settings)
  const isProduction = textOf("NODE_ENV").toLowerCase() === "production"
  return [
    ...[...settings.flatMap((each) => each.needed ?? []), ...needed].flatMap(([dependents, other]) =>
      isSet(other) ? [] : dependents.filter(isWished).map((name) => `${name} has no effect without ${other}`)
    ),
    ...[...overruled, ...settings.flatMap((each) => each.overruled ?? [])].flatMap(([name, by]) =>
      isWished(name) && isSet(by) ? [`${name} has no effect beside ${by}`] : []
    ),
    ...settings.flatMap((each) => each.warnings?.(isProduction ? "production" : "development", isSet) ?? []),
    ...protocols
      .filter((protocol) => !isServed(protocol))
      .flatMap(({ name, settings: { variables } }) =>
        Object.keys(variables)
          .filter(isWished)
          .map((variable) => `${variable} has no effect while ${pathVariableOf(name)} is off`)
      ),
    ...unreadOfOpenTelemetry(environment, names, isSet),
    ...misspeltNames(Object.keys(environment), names)
  ]
}

/** Where traces are collected, whoever sets another of OpenTelemetry's variables means this server too. */
const unreadOfOpenTelemetry = (
  environment: Environment,
  names: readonly string[],
  isSet: (name: string) => boolean
): readonly string[] => {
  if (!isSet("OTEL_EXPORTER_OTLP_ENDPOINT") && !isSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) return []
  return Object.keys(environment)
    .filter((name) => name.startsWith("OTEL_") && isSet(name) && !names.includes(name))
    .filter((name) => misspeltNames([name], names).length === 0)
    .map((name) => `${name} has no effect: of OpenTelemetry's variables only those in .env.example are read`)
}

/**
 * What in the text of an environment file is not read, or not as it is written. `path`: how to call the file; `names`: the
 * variables that are read.
 */
export const environmentFileWarnings = (
  path: string,
  text: string,
  environment: Environment,
  names: readonly string[]
): readonly string[] => {
  const warnings: string[] = []
  const lines = new Map<string, number>()
  for (const [index, line] of linesOf(text)) {
    const at = `${path}, line ${index}`
    const [, name, value = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (name === undefined) {
      if (!/^\s*(?:#.*)?$/.test(line)) warnings.push(`${at} is not read: it is no NAME=value`)
      continue
    }
    if (!names.includes(name)) continue
    const earlier = lines.get(name)
    if (earlier !== undefined)
      warnings.push(`${path}, line ${earlier} has no effect: ${name} comes again in line ${index}`)
    lines.set(name, index)
    if (/^[^"'`\s#][^#]*(?<!\s)#/.test(value)) {
      warnings.push(`${at}: ${name} ends before the #; put its value into quotes if that belongs to it`)
    }
    if (value.trim() !== "" && environment[name] !== undefined && environment[name]?.trim() === "") {
      warnings.push(`${at} has no effect: ${name} is empty in the environment, which goes over ${path}`)
    }
  }
  return warnings
}

/** Numbered from 1. A value in quotes may go over several lines, which are one then. */
const linesOf = (text: string): readonly (readonly [number: number, line: string])[] => {
  let number = 1
  return text
    .replace(/^\uFEFF/, "")
    .replace(/=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)/g, (quoted) => quoted.replace(/\n/g, "\u2028"))
    .split("\n")
    .map((line) => {
      const numbered = [number, line.replace(/\r$/, "").replaceAll("\u2028", " ")] as const
      number += 1 + (line.match(/\u2028/g)?.length ?? 0)
      return numbered
    })
}
