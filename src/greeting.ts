/** What a server says at its start to whoever has started it: where it is, and who is let in. */
import type { Config } from "./config/config.ts"
import { limits } from "./limits.ts"
import { addressesOfInterfaces, homeUrl, networkUrls } from "./ownUrls.ts"
import type { PageOfProtocol } from "./protocol.ts"
import { version } from "./version.ts"

export interface GreetingOptions {
  readonly port: number
  /** Which database it uses, without secrets. */
  readonly database: string
  /** Why protocols are not served that were to be, by name. */
  readonly absent?: Readonly<Record<string, string>>
  /** Pages for people, with their whole paths. */
  readonly pages?: readonly PageOfProtocol[]
  /** This machine's addresses. Default: those of its network interfaces. */
  readonly ownAddresses?: Iterable<string>
}

export const greeting = (config: Config, options: GreetingOptions): string => {
  const { port, database, absent = {}, pages = [], ownAddresses = addressesOfInterfaces() } = options
  const home = homeUrl(config, port)
  const lines: readonly (readonly [string, string])[] = [
    ["listening", `${home} (WebSocket on the same port)`],
    ...networkUrls(config, port, ownAddresses).map((url) => ["network", url] as const),
    ...pages.map(({ name, path, about }) => [name, `${home}${path} (${about})`] as const),
    ["database", database],
    ...originsOf(config).map((line, index) => [index === 0 ? "origins" : "", line] as const),
    [
      "tower",
      config.logs.accessKey === undefined
        ? "closed: set LOG_ACCESS_KEY to a long key to watch the server at /tower"
        : `${home}/tower?key=… (the key in LOG_ACCESS_KEY)`
    ],
    ...protocolsOf(config, home, absent).map((line, index) => [index === 0 ? "protocols" : "", line] as const),
    ["docs", `${home}/docs, and of its frames /asyncapi.json below each protocol`]
  ]
  const rows = lines.map(([name, text]) => `  ${name.padEnd(11)} ${text}`)
  return ["", `  silktower ${version}`, ...rows, "", ""].join("\n")
}

/** Those that are served, each with where; and those that are not though they were to be, each with why. */
const protocolsOf = (
  { protocols }: Config,
  home: string,
  absent: Readonly<Record<string, string>>
): readonly string[] => {
  const served = Object.entries(protocols).flatMap(([name, { mount }]) =>
    mount === null ? [] : ([[name, mount]] as const)
  )
  const width = Math.max(...served.map(([name]) => name.length))
  return served.map(([name, mount]) => {
    const why = absent[name]
    return `${name.padEnd(width)} ${why === undefined ? `${home}${mount === "/" ? "" : mount}` : `off: ${why}`}`
  })
}

// --- Origins

const originsOf = ({ origins, environment }: Config): readonly string[] => {
  const admitted = [...origins.localPorts.map((port) => `http://localhost:${port}`), ...origins.allowed]
  const rest = admitted.length - limits.greeting.origins
  const parts = [
    ...admitted.slice(0, limits.greeting.origins),
    ...(rest > 0 ? [`${rest} more`] : []),
    ...(origins.previewPattern === undefined ? [] : ["VERCEL_PREVIEW_ORIGIN_REGEX"])
  ]
  // Programs that are no browsers send none.
  const besides = environment === "production" ? "" : `in ${environment} also own pages and who sends none; `
  return [parts.length === 0 ? "none" : parts.join(", "), `${besides}others: ALLOWED_ORIGINS, --allow-local-port`]
}
