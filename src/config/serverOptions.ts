/** The options of startServer, as what they say of variables: those are judged where all are (config.ts). */
import { Server } from "node:http"
import { Server as SecureServer } from "node:https"
import type { ServerOptions } from "../serverOptions.ts"
import { type Said, variableTable } from "./config.ts"
import { nearest } from "./misspelt.ts"
import { type Configurable, pathVariableOf } from "./protocolSettings.ts"
import { shown } from "./shown.ts"

interface Option {
  /** Completes the sentence "expected …". */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  /** The variable that it goes over. */
  readonly variable?: string
}

const isText = (value: unknown): value is string => typeof value === "string"
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

const known: Readonly<Record<keyof ServerOptions, Option>> = {
  port: { expected: "a number", accepts: (value) => typeof value === "number", variable: "PORT" },
  host: { expected: "a string", accepts: isText, variable: "HOST" },
  server: {
    expected: "a server of node:http or node:https",
    // Those of HTTP/2 and of plain TCP look the same, and ask for what is not there.
    accepts: (value) => value instanceof Server || value instanceof SecureServer
  },
  basePath: {
    expected: "/, or a path such as /signaling",
    accepts: (value) => isText(value) && (value === "/" || /^(?:\/[a-z0-9._~-]+)+$/i.test(value))
  },
  dataDir: { expected: "a string", accepts: isText, variable: "DATA_DIR" },
  databaseUrl: { expected: "a string", accepts: isText, variable: "DATABASE_URL" },
  allowedOrigins: { expected: "an array of strings", accepts: isTexts, variable: "ALLOWED_ORIGINS" },
  trustProxy: {
    expected: "a number, a string or an array of strings",
    accepts: (value) => typeof value === "number" || isText(value) || isTexts(value),
    variable: "TRUST_PROXY"
  },
  publicUrl: { expected: "a string", accepts: isText, variable: "PUBLIC_SERVER_URL" },
  protocols: { expected: "an object of paths by protocol", accepts: isObject },
  settings: { expected: "an object of values by variable", accepts: isObject },
  env: { expected: "an object of strings, such as process.env", accepts: isObject },
  logger: {
    expected: "true, false or a function",
    accepts: (value) => typeof value === "boolean" || typeof value === "function"
  }
}

/** What the options say of variables, and what of them cannot be meant. */
export const readServerOptions = (
  options: ServerOptions,
  protocols: readonly Configurable[]
): { readonly said: Readonly<Record<string, Said>>; readonly faults: readonly string[] } => {
  if (!isObject(options)) return { said: {}, faults: ["expected an object of options"] }
  const said: Record<string, Said> = {}
  const faults: string[] = []
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const option = Object.hasOwn(known, name) ? known[name as keyof ServerOptions] : undefined
    if (option === undefined) faults.push(unknown("option", name, Object.keys(known)))
    else if (!option.accepts(value)) faults.push(`${name}: expected ${option.expected}`)
    else if (option.variable !== undefined) said[option.variable] = { as: name, text: String(value) }
  }
  if (faults.length > 0) return { said, faults }
  for (const [name, path] of Object.entries(options.protocols ?? {})) {
    const as = `protocols.${name}`
    if (!protocols.some((protocol) => protocol.name === name))
      faults.push(
        unknown(
          "protocol",
          name,
          protocols.map((protocol) => protocol.name)
        )
      )
    else if (path !== undefined && path !== false && !isText(path)) faults.push(`${as}: expected a path, or false`)
    else if (path !== undefined) said[pathVariableOf(name)] = { as, text: path === false ? "off" : path }
  }
  const variables = Object.keys(variableTable(protocols))
  for (const [name, value] of Object.entries(options.settings ?? {})) {
    const as = `settings.${name}`
    if (value === undefined) continue
    if (!variables.includes(name)) faults.push(unknown("variable", name, variables))
    else if (said[name] !== undefined) faults.push(`${as}: expected it once, and ${said[name].as} says the same`)
    else if (!["string", "number", "boolean"].includes(typeof value))
      faults.push(`${as}: expected a string or a number`)
    else said[name] = { as, text: String(value) }
  }
  if (options.server !== undefined) {
    for (const name of ["port", "host"] as const)
      if (options[name] !== undefined) faults.push(`${name}: expected none beside server, which has its own`)
  } else if (options.basePath !== undefined) faults.push("basePath: expected it together with server")
  return { said, faults }
}

const unknown = (what: string, name: string, all: readonly string[]): string => {
  const meant = nearest(name, all)
  return `${shown(name)}: there is no such ${what}, ${meant === undefined ? `expected one of ${shownList(all)}` : `did you mean ${meant}?`}`
}

/** Variables are too many to be listed. */
const shownList = (all: readonly string[]): string => (all.length > 20 ? "those in .env.example" : all.join(", "))
