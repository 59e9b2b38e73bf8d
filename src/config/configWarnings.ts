/**
 * What was set and has no effect, in lines for the log. What cannot be meant at all is refused (config.ts); here is what
 * other parts of the environment make useless, and what nobody reads. No line holds a value.
 */
import { isDefault, variableNames } from "./config.ts"
import { misspeltNames } from "./misspelt.ts"

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that do nothing unless another one is set. */
const needed: readonly (readonly [names: readonly string[], needed: string])[] = [
  [
    ["PUBLIC_SERVER_URL", "PREVIEW_RETENTION_HOURS", "PREVIEW_CLEANUP_INTERVAL_MINUTES", "PREVIEW_CLEANUP_CRON"],
    "UPLOADTHING_TOKEN"
  ],
  [["DATABASE_SSL"], "DATABASE_URL"],
  [["MAX_LOG_BUFFER_SIZE"], "LOG_ACCESS_KEY"],
  [["TURN_TTL_SECONDS"], "TURN_URLS"],
  [["CLOUDFLARE_TURN_TOKEN_ID"], "CLOUDFLARE_API_TOKEN"],
  [["CLOUDFLARE_API_TOKEN"], "CLOUDFLARE_TURN_TOKEN_ID"],
  [["CONTACT_EMAIL"], "RECAPTCHA_SECRET_KEY"],
  [["RECAPTCHA_SECRET_KEY"], "CONTACT_EMAIL"]
]

/** Variables that do nothing once another one is set. */
const overruled: readonly (readonly [name: string, by: string])[] = [
  ["DATA_DIR", "DATABASE_URL"],
  ["ROOM_CLEANUP_INTERVAL_MINUTES", "ROOM_CLEANUP_CRON"],
  ["PREVIEW_CLEANUP_INTERVAL_MINUTES", "PREVIEW_CLEANUP_CRON"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]
]

/** Of an environment that loadConfig has read without a fault. */
export const configWarnings = (environment: Environment): readonly string[] => {
  const textOf = (name: string): string => environment[name]?.trim() ?? ""
  const isSet = (name: string): boolean => textOf(name) !== ""
  // Nobody misses a default.
  const isWished = (name: string): boolean => isSet(name) && !isDefault(name, textOf(name))
  return [
    ...needed.flatMap(([names, other]) =>
      isSet(other) ? [] : names.filter(isWished).map((name) => `${name} has no effect without ${other}`)
    ),
    ...overruled.flatMap(([name, by]) => (isWished(name) && isSet(by) ? [`${name} has no effect beside ${by}`] : [])),
    ...unreachable(textOf("NODE_ENV").toLowerCase() === "production", isSet),
    ...unreadOfOpenTelemetry(environment, isSet),
    ...misspeltNames(Object.keys(environment), variableNames)
  ]
}

/** In development UploadThing's SDK asks for the news by itself. */
const unreachable = (isProduction: boolean, isSet: (name: string) => boolean): readonly string[] =>
  isProduction && isSet("UPLOADTHING_TOKEN") && !isSet("PUBLIC_SERVER_URL")
    ? ["UPLOADTHING_TOKEN has no effect without PUBLIC_SERVER_URL in production: UploadThing cannot call back"]
    : []

/** Where traces are collected, whoever sets another of OpenTelemetry's variables means this server too. */
const unreadOfOpenTelemetry = (environment: Environment, isSet: (name: string) => boolean): readonly string[] => {
  if (!isSet("OTEL_EXPORTER_OTLP_ENDPOINT") && !isSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) return []
  return Object.keys(environment)
    .filter((name) => name.startsWith("OTEL_") && isSet(name) && !variableNames.includes(name))
    .filter((name) => misspeltNames([name], variableNames).length === 0)
    .map((name) => `${name} has no effect: of OpenTelemetry's variables only those in .env.example are read`)
}

/** What in the text of an environment file is not read, or not as it is written. `path`: how to call the file. */
export const environmentFileWarnings = (path: string, text: string, environment: Environment): readonly string[] => {
  const warnings: string[] = []
  const lines = new Map<string, number>()
  for (const [index, line] of linesOf(text)) {
    const at = `${path}, line ${index}`
    const [, name, value = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (name === undefined) {
      if (!/^\s*(?:#.*)?$/.test(line)) warnings.push(`${at} is not read: it is no NAME=value`)
      continue
    }
    if (!variableNames.includes(name)) continue
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
