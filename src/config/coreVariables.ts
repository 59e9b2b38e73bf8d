/** What an operator can set of the core: the variables that there are, and what they say together. .env.example explains each. */
import { isIP, isIPv6 } from "node:net"
import * as Redacted from "effect/Redacted"
import ipaddr from "ipaddr.js"
import proxyAddr from "proxy-addr"
import { isOriginOfPage } from "../io/admission/origin.ts"
import { readNodeAddress, writeNodeAddress } from "../io/cluster/nodeAddress.ts"
import { readDatabaseSsl } from "../io/database/connecting/databaseEncryption.ts"
import { isDatabaseUrl } from "../io/database/connecting/databaseUrl.ts"
import { limits } from "../limits.ts"
import { port } from "./commandLine.ts"
import type { Config, TrustProxy } from "./config.ts"
import type { BuiltInOrigins } from "./protocolSettings.ts"
import {
  hostName,
  list,
  longestTimerMs,
  optional,
  present,
  secret,
  secretly,
  text,
  unset,
  type ValuesOf,
  wholeNumber,
  word
} from "./variables.ts"

const httpUrl = (raw: string): string | undefined => {
  const url = URL.parse(raw)
  if (url === null || !isHttp(url) || url.search !== "" || url.hash !== "") return undefined
  return url.href.replace(/\/+$/, "")
}

const isHttp = (url: URL): boolean => url.protocol === "http:" || url.protocol === "https:"

const origin = (raw: string): string | undefined => (isOriginOfPage(raw) ? raw : undefined)

/** Undefined also for what is none that an origin can match, as people mean it. */
const originPattern = (raw: string): RegExp | undefined => {
  // `/…/i` as in a script, `…/$` as of an address with a path, `https://*.…` as in a list with wildcards.
  if (/^\/.*\/[a-z]*$/.test(raw) || /\/\$$/.test(raw) || /\/\/\*/.test(raw)) return undefined
  try {
    return new RegExp(raw)
  } catch {
    return undefined
  }
}

/** RFC 7064 (stun, stuns) and RFC 7065 (turn, turns, which alone may name a transport). */
const iceUrl =
  (scheme: "stun" | "turn") =>
  (raw: string): string | undefined => {
    const parts = /^(stun|turn)s?:(\[[^\]]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?(\?transport=(?:udp|tcp))?$/i.exec(raw)
    if (parts === null) return undefined
    const [, kind = "", host = "", number = "1", transport] = parts
    const known = host.startsWith("[") ? isIPv6(host.slice(1, -1)) : hostName(host) !== undefined
    const fits = kind.toLowerCase() === scheme && (scheme === "turn" || transport === undefined)
    return known && fits && port.read(number) !== undefined ? raw : undefined
  }

const proxies = (raw: string): TrustProxy | undefined => {
  if (raw.toLowerCase() === "none") return { kind: "networks", networks: [] }
  if (/^\d+$/.test(raw)) {
    const hops = Number(raw)
    if (hops > limits.forwardedEntries) return undefined
    return hops === 0 ? { kind: "networks", networks: [] } : { kind: "hops", hops }
  }
  const networks = raw
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map(network)
  return networks.length > 0 && networks.every((entry) => entry !== undefined)
    ? { kind: "networks", networks }
    : undefined
}

/** proxy-addr's words for ours. */
const networkWords = new Map([
  ["loopback", "loopback"],
  ["private", "uniquelocal"]
])

const network = (entry: string): string | undefined => {
  const known = networkWords.get(entry.toLowerCase())
  if (known !== undefined) return known
  if (isIP(entry.split("/")[0] ?? "") === 0) return undefined
  try {
    proxyAddr.compile([entry])
    return entry
  } catch {
    return undefined
  }
}

const databaseSsl = (raw: string): "require" | "off" | undefined => {
  try {
    return readDatabaseSsl(raw)
  } catch {
    return undefined
  }
}

const receiverUrl = "an http:// or https:// URL without user, ? and # (credentials go to OTEL_EXPORTER_OTLP_HEADERS)"

const receiver = (raw: string): string | undefined => {
  const url = URL.parse(raw)
  // A URL with a user in it is none that can be posted to.
  return url === null || url.username + url.password !== "" ? undefined : httpUrl(raw)
}

const headerList =
  "name=value pairs separated by commas, such as authorization=Bearer%20abc (in values, write , ; % and whatever is " +
  "not ASCII as %2C %3B %25 and so on)"

/** Headers that the exporter sets by itself, or that belong to the connection. */
const ownHeaders = new Set([
  ...["connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive"],
  ...["te", "trailer", "transfer-encoding", "upgrade"]
])

/**
 * As OpenTelemetry has it: W3C Baggage without properties. Names become lower case; of equal ones the last counts.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 */
const headers = (raw: string): Readonly<Record<string, string>> | undefined => {
  const pairs = raw
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map(header)
  return pairs.length > 0 && pairs.every((pair) => pair !== undefined) ? Object.fromEntries(pairs) : undefined
}

const header = (entry: string): readonly [name: string, value: string] | undefined => {
  const equals = entry.indexOf("=")
  const name = entry.slice(0, equals).trim().toLowerCase()
  const written = entry.slice(equals + 1).trim()
  // RFC 9110 5.6.2: a token.
  if (equals === -1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || ownHeaders.has(name)) return undefined
  if (written.includes(";")) return undefined
  try {
    const value = decodeURIComponent(written)
    return /^[\x20-\x7e]*$/.test(value) ? [name, value] : undefined
  } catch {
    return undefined
  }
}

/** As it names the node everywhere. All addresses of a machine are none by which others reach it. */
const nodeAddress = (raw: string): string | undefined => {
  const read = readNodeAddress(raw)
  if (read === undefined || hostName(read.host) === undefined) return undefined
  return ipaddr.isValid(read.host) && ipaddr.parse(read.host).range() === "unspecified"
    ? undefined
    : writeNodeAddress(read)
}

export const variables = {
  NODE_ENV: unset(word(["development", "production", "test"]), "development"),
  HOST: unset(text("an address or host name of this machine to listen on", hostName), "0.0.0.0"),
  PORT: wholeNumber("a port (0: the system chooses)", 8080, 0, 65_535),
  TLS_CERT_FILE: optional(text("the path of a PEM file", (raw) => raw)),
  TLS_KEY_FILE: optional(text("the path of a PEM file", (raw) => raw)),
  PUBLIC_SERVER_URL: optional(text("an http:// or https:// URL without ? and #", httpUrl)),
  DRAIN_SECONDS: wholeNumber("seconds up to an hour (0: clients are sent away at once)", 0, 0, 3_600),
  SHUTDOWN_TIMEOUT_MS: wholeNumber("milliseconds", 10_000, 1, longestTimerMs),

  TRUST_PROXY: unset(
    text(
      `loopback, private, addresses and CIDR ranges separated by commas, or a number of hops up to ${
        limits.forwardedEntries
      }, or none`,
      proxies
    ),
    { kind: "networks", networks: ["loopback", "uniquelocal"] },
    "loopback,private"
  ),
  ALLOWED_ORIGINS: optional(
    list("origins such as https://example.org or app://. (no wildcards: see VERCEL_PREVIEW_ORIGIN_REGEX)", origin)
  ),
  VERCEL_PREVIEW_ORIGIN_REGEX: optional(
    text(
      "a regular expression for whole origins, without slashes around it or at its end, such as " +
        "^https://[a-z0-9-]+\\.example\\.org$ where a list would have https://*.example.org",
      originPattern
    )
  ),

  DATABASE_URL: secret(
    "a URL like postgres://user:password@host:5432/name (in the password, write @ / ? # % as %40 %2F %3F %23 %25)",
    isDatabaseUrl
  ),
  DATABASE_SSL: optional(text("one of true, 1, on, require, false, 0, off, disable", databaseSsl)),
  DATA_DIR: unset(
    text("the path of a directory", (raw) => raw),
    ".data"
  ),

  CLUSTER_ADDRESS: optional(
    text(
      "host:port under which the other nodes reach this one, such as 10.0.0.5:7946 (the next port is used as well)",
      nodeAddress
    )
  ),
  CLUSTER_SECRET: secret("a secret of 16 characters or more, the same on all nodes", (raw) => raw.length >= 16),
  CLUSTER_LEASE_MS: wholeNumber("milliseconds", 10_000, 3000, 600_000),
  CLUSTER_LOOK_MS: wholeNumber("milliseconds", 1000, 100, 60_000),

  MAX_PAYLOAD_BYTES: wholeNumber("bytes", 1_048_576, 1, 100 * 1024 * 1024),
  WS_HEALTH_CHECK_INTERVAL_MS: wholeNumber("milliseconds", 30_000, 1, longestTimerMs),

  MAX_CONNECTIONS_PER_ADDRESS: wholeNumber("connections (0: no limit)", 512, 0, 1_000_000),
  MAX_UPGRADES_PER_MINUTE: wholeNumber("upgrades (0: no limit)", 600, 0, 1_000_000),
  MAX_FRAMES_PER_SECOND: wholeNumber("frames (0: no limit)", 100, 0, 1_000_000),
  MAX_REQUESTS_PER_SECOND: wholeNumber("requests (0: no limit)", 1000, 0, 1_000_000),
  MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: wholeNumber("requests (0: no limit)", 120, 0, 1_000_000),

  LOG_LEVEL: unset(word(["trace", "debug", "info", "warn", "error"]), "info"),
  MAX_LOG_BUFFER_SIZE: wholeNumber("lines", 1000, 1, 100_000),
  LOG_ACCESS_KEY: secret("a key"),
  HEARTBEAT_INTERVAL_MS: wholeNumber("milliseconds", 300_000, 1, longestTimerMs),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(text(receiverUrl, receiver)),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional(text(receiverUrl, receiver)),
  OTEL_EXPORTER_OTLP_HEADERS: secretly(headerList, headers),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: secretly(headerList, headers),

  STUN_URLS: unset(list("URIs such as stun:stun.example.org:3478", iceUrl("stun")), []),
  TURN_URLS: optional(list("URIs such as turn:turn.example.org:3478?transport=udp", iceUrl("turn"))),
  TURN_SECRET: secret("the secret shared with the TURN server"),
  TURN_TTL_SECONDS: wholeNumber("seconds", 3600, 60, 7 * 24 * 3600),
  CLOUDFLARE_TURN_TOKEN_ID: optional(text("a token id", (raw) => raw)),
  CLOUDFLARE_API_TOKEN: secret("a token")
}

/** Variables that others call for. */
export const missing = (given: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const faults: string[] = []
  const pairs = [
    ["TURN_URLS", "TURN_SECRET"],
    ["TLS_CERT_FILE", "TLS_KEY_FILE"]
  ] as const
  for (const [one, other] of pairs) {
    const absent = given[one] === undefined ? one : other
    const present = absent === one ? other : one
    if (given[absent] === undefined && given[present] !== undefined) {
      faults.push(`${absent} is not set: expected it together with ${present}`)
    }
  }
  const headerVariables = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"]
  const headerVariable = headerVariables.find((name) => name in given)
  const hasReceiver = "OTEL_EXPORTER_OTLP_ENDPOINT" in given || "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in given
  if (headerVariable !== undefined && !hasReceiver) {
    faults.push(`OTEL_EXPORTER_OTLP_ENDPOINT is not set: expected it together with ${headerVariable}`)
  }
  if (given["CLUSTER_ADDRESS"] !== undefined) {
    for (const name of ["DATABASE_URL", "CLUSTER_SECRET"]) {
      if (given[name] === undefined) faults.push(`${name} is not set: expected it together with CLUSTER_ADDRESS`)
    }
  }
  const [lease, look] = [given["CLUSTER_LEASE_MS"] ?? "10000", given["CLUSTER_LOOK_MS"] ?? "1000"]
  if (given["CLUSTER_ADDRESS"] !== undefined && Number(look) > Number(lease) / 3) {
    faults.push(`CLUSTER_LOOK_MS=${look}: expected a third of CLUSTER_LEASE_MS (${lease}) at most`)
  }
  if (given["NODE_ENV"]?.toLowerCase() === "production" && given["DATABASE_URL"] === undefined) {
    faults.push(
      "DATABASE_URL is not set: expected the URL of a PostgreSQL when NODE_ENV=production, as the embedded database " +
        "belongs to one process and one disk; set DATABASE_URL"
    )
  }
  return faults
}

type Values = ValuesOf<typeof variables>

/** `builtIn`: the pages that are let in where nobody says which are. */
export const assemble = (
  values: Values,
  localPorts: readonly number[],
  builtIn: BuiltInOrigins
): Omit<Config, "protocols"> => {
  const { TURN_URLS: turnUrls, TURN_SECRET: turnSecret, TLS_CERT_FILE: certificateFile, TLS_KEY_FILE: keyFile } = values
  const { CLOUDFLARE_TURN_TOKEN_ID: tokenId, CLOUDFLARE_API_TOKEN: apiToken } = values
  const { CLUSTER_ADDRESS: node, CLUSTER_SECRET: clusterSecret } = values
  const { ALLOWED_ORIGINS: allowed, VERCEL_PREVIEW_ORIGIN_REGEX: previewPattern } = values
  const isOriginSaid = allowed !== undefined || previewPattern !== undefined
  return present({
    environment: values.NODE_ENV,
    host: values.HOST,
    port: values.PORT,
    dataDirectory: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
    trustProxy: values.TRUST_PROXY,
    origins: present({
      ...(isOriginSaid ? { allowed: allowed ?? [], previewPattern } : builtIn),
      localPorts: [...new Set(localPorts)]
    }),
    database: present({ url: values.DATABASE_URL, ssl: values.DATABASE_SSL }),
    cluster:
      node === undefined || clusterSecret === undefined
        ? undefined
        : {
            address: node,
            secret: clusterSecret,
            leaseMs: values.CLUSTER_LEASE_MS,
            lookMs: values.CLUSTER_LOOK_MS
          },
    websocket: {
      maxPayloadBytes: values.MAX_PAYLOAD_BYTES,
      healthCheckIntervalMs: values.WS_HEALTH_CHECK_INTERVAL_MS
    },
    drainMs: values.DRAIN_SECONDS * 1000,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    heartbeatIntervalMs: values.HEARTBEAT_INTERVAL_MS,
    logs: present({ bufferSize: values.MAX_LOG_BUFFER_SIZE, accessKey: values.LOG_ACCESS_KEY }),
    publicServerUrl: values.PUBLIC_SERVER_URL,
    turn: present({
      stunUrls: values.STUN_URLS,
      own: turnUrls && turnSecret ? { urls: turnUrls, secret: turnSecret } : undefined,
      timeToLiveSeconds: values.TURN_TTL_SECONDS,
      // With one of the two the endpoint answers that TURN is not configured, as it does with none.
      cloudflare: tokenId && apiToken ? { tokenId, apiToken } : undefined
    }),
    budgets: {
      connectionsPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS,
      upgradesPerMinute: values.MAX_UPGRADES_PER_MINUTE,
      framesPerSecond: values.MAX_FRAMES_PER_SECOND,
      requestsPerSecond: values.MAX_REQUESTS_PER_SECOND,
      thirdPartyRequestsPerMinute: values.MAX_THIRD_PARTY_REQUESTS_PER_MINUTE
    },
    tls: certificateFile && keyFile ? { certificateFile, keyFile } : undefined,
    traces: tracesOf(values)
  })
}

/** What is said of traces alone goes before what is said of every signal, headers too: they are another receiver's. */
const tracesOf = (values: Values): Config["traces"] => {
  const base = values.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base}/v1/traces`)
  const headers = values.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? values.OTEL_EXPORTER_OTLP_HEADERS
  return url === undefined ? undefined : { url, headers: headers ?? Redacted.make({}) }
}
