/**
 * The environment and the command line, read once and completely: either a typed Config, or every fault at once.
 * `variables` below is the one list of what can be set; .env.example explains each.
 */
import { readFileSync } from "node:fs"
import { isIP, isIPv6 } from "node:net"
import { parseEnv } from "node:util"
import * as Setting from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { validate as isCronExpression } from "node-cron"
import proxyAddr from "proxy-addr"
import { isOriginOfPage } from "../io/admission/origin.ts"
import { readDatabaseSsl } from "../io/database/databaseEncryption.ts"
import { isDatabaseUrl } from "../io/database/databaseUrl.ts"
import { limits } from "../limits.ts"
import { port, readCommandLine, withoutWords } from "./commandLine.ts"
import { serverProgram } from "./serverFlags.ts"
import { shown } from "./shown.ts"

/** Whose X-Forwarded-For is believed: the nearest so many hops, or whoever is in one of the networks. */
export type TrustProxy =
  | { readonly kind: "hops"; readonly hops: number }
  /** Addresses, CIDR ranges, and proxy-addr's words `loopback` and `uniquelocal`. Empty: nobody is believed. */
  | { readonly kind: "networks"; readonly networks: readonly string[] }

/** When a timed job runs: by its cron expression if it has one, else at an interval. */
export interface CleanupSchedule {
  readonly everyMinutes: number
  readonly cron?: string
}

/** Everything an operator can set. What is unset and has no default is absent. */
export interface Config {
  readonly environment: "development" | "production" | "test"
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Where the embedded database lives. */
  readonly dataDirectory: string
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error"
  readonly trustProxy: TrustProxy
  readonly origins: {
    /** As written: createOriginPolicy brings them to their normal form. */
    readonly allowed: readonly string[]
    /** Absent: no origin is let in by a pattern. */
    readonly previewPattern?: RegExp
    readonly localPorts: readonly number[]
  }
  readonly database: {
    /** Absent: the embedded database. */
    readonly url?: Redacted.Redacted<string>
    readonly ssl?: "require" | "off"
  }
  readonly websocket: { readonly maxPayloadBytes: number; readonly healthCheckIntervalMs: number }
  readonly rooms: {
    readonly timeToLiveMs: number
    /** How long a participant who has left may come back; 0: not at all. */
    readonly seatReturnMs: number
    /** How long its peer is not told of a participant whose socket has broken off; 0: it is told at once. */
    readonly abruptGraceMs: number
    readonly cleanup: CleanupSchedule
  }
  readonly shutdownTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly logs: {
    /** Lines that GET /logs can show. */
    readonly bufferSize: number
    readonly accessKey?: Redacted.Redacted<string>
  }
  readonly previews: {
    readonly uploadthingToken?: Redacted.Redacted<string>
    readonly retentionHours: number
    readonly cleanup: CleanupSchedule
  }
  /** http(s) URL without a slash at its end. Absent: known on this machine only. */
  readonly publicServerUrl?: string
  readonly turn: {
    readonly stunUrls: readonly string[]
    /** TURN servers that share a secret with this server. */
    readonly own?: { readonly urls: readonly string[]; readonly secret: Redacted.Redacted<string> }
    readonly timeToLiveSeconds: number
    readonly cloudflare?: { readonly tokenId: string; readonly apiToken: Redacted.Redacted<string> }
  }
  /** What one address, connection or participant may do; 0: there is no limit. */
  readonly budgets: {
    readonly connectionsPerAddress: number
    readonly upgradesPerMinute: number
    readonly framesPerSecond: number
    readonly roomsPerMinute: number
    readonly guessesPerMinute: number
    readonly pollsPerSecond: number
    readonly requestsPerSecond: number
    readonly thirdPartyRequestsPerMinute: number
  }
  readonly contact: { readonly email?: string; readonly recaptchaSecretKey?: Redacted.Redacted<string> }
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string }
  /** Absent: nobody collects traces. */
  readonly traces?: {
    /** Where they are posted to. */
    readonly url: string
    /** Sent with them, names in lower case. */
    readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  }
}

/** The configuration cannot be used. `message` has one line a fault, fit to be shown: secrets are redacted. */
export class ConfigFaults extends Data.TaggedError("ConfigFaults")<{
  readonly message: string
  readonly faults: readonly string[]
}> {}

// --- Kinds of variables

interface Variable<A> {
  /** Completes the sentence "expected …". */
  readonly expected: string
  readonly secret?: true
  readonly setting: (name: string) => Setting.Config<A>
}

/** `read` gives undefined for a text that is not what is expected. */
const text = <A>(expected: string, read: (text: string) => A | undefined): Variable<A> => ({
  expected,
  setting: (name) =>
    Setting.String(name).pipe(
      Setting.mapEffect((raw) => {
        const value = read(raw)
        return value === undefined
          ? Effect.fail(new Setting.ConfigError(new ConfigProvider.SourceError({ message: expected })))
          : Effect.succeed(value)
      })
    )
})

const unset = <A>(variable: Variable<A>, value: NoInfer<A>): Variable<A> => ({
  ...variable,
  setting: (name) => variable.setting(name).pipe(Setting.withDefault(value))
})

const optional = <A>(variable: Variable<A>): Variable<A | undefined> => unset<A | undefined>(variable, undefined)

const secretly = <A>(
  expected: string,
  read: (text: string) => A | undefined
): Variable<Redacted.Redacted<A> | undefined> => {
  const redacted = (raw: string) => {
    const value = read(raw)
    return value === undefined ? undefined : Redacted.make(value)
  }
  return { ...optional(text(expected, redacted)), secret: true }
}

const secret = (expected: string, accepts: (text: string) => boolean = () => true) =>
  secretly(expected, (raw) => (accepts(raw) ? raw : undefined))

const wholeNumber = (unit: string, byDefault: number, minimum: number, maximum: number): Variable<number> =>
  unset(
    {
      expected: `${unit}, a whole number from ${minimum} to ${maximum}`,
      setting: (name) => Setting.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })), name)
    },
    byDefault
  )

const seconds = (byDefault: number, maximum: number): Variable<number> =>
  unset(
    {
      expected: `seconds, a number from 0 to ${maximum} (0: off)`,
      setting: (name) => Setting.schema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum })), name)
    },
    byDefault
  )

const word = <const W extends string>(words: readonly W[]): Variable<W> =>
  text(`one of ${words.join(", ")}`, (raw) => words.find((each) => each === raw.toLowerCase()))

const list = <A>(expected: string, read: (entry: string) => A | undefined): Variable<readonly A[]> =>
  text(`${expected}, separated by commas`, (raw) => {
    const entries = raw
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map(read)
    return entries.length > 0 && entries.every((entry) => entry !== undefined) ? entries : undefined
  })

const cronExpression = optional(
  text("a cron expression such as */5 * * * *", (raw) => (isCronExpression(raw) ? raw : undefined))
)

// --- Bounds

/** The longest delay of setTimeout; it takes a longer one for 1 ms. */
const longestTimerMs = 2 ** 31 - 1
const longestTimerMinutes = Math.floor(longestTimerMs / 60_000)
const minutesOfAYear = 366 * 24 * 60
const hoursOfTenYears = 10 * 366 * 24

// --- Readers of texts

const httpUrl = (raw: string): string | undefined => {
  const url = URL.parse(raw)
  if (url === null || !isHttp(url) || url.search !== "" || url.hash !== "") return undefined
  return url.href.replace(/\/+$/, "")
}

const isHttp = (url: URL): boolean => url.protocol === "http:" || url.protocol === "https:"

const origin = (raw: string): string | undefined => (isOriginOfPage(raw) ? raw : undefined)

const hostName = (raw: string): string | undefined =>
  isIP(raw) !== 0 || (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(raw) && !/^[\d.]+$/.test(raw)) ? raw : undefined

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

// --- The variables

/**
 * The pages of the deployment that silktower took over from: let in only where nobody has said who is. Whoever sets
 * one of the two variables runs another deployment, to which these are strangers.
 */
const builtInOrigins = {
  allowed: ["https://dropsilk.xyz", "https://www.dropsilk.xyz", "https://dropsilk.vercel.app", "app://."],
  previewPattern: /^https:\/\/dropsilk-[a-zA-Z0-9]+-ahmed-arats-projects\.vercel\.app$/
}

const variables = {
  NODE_ENV: unset(word(["development", "production", "test"]), "development"),
  HOST: unset(text("an address or host name of this machine to listen on", hostName), "0.0.0.0"),
  PORT: wholeNumber("a port (0: the system chooses)", 8080, 0, 65_535),
  TLS_CERT_FILE: optional(text("the path of a PEM file", (raw) => raw)),
  TLS_KEY_FILE: optional(text("the path of a PEM file", (raw) => raw)),
  PUBLIC_SERVER_URL: optional(text("an http:// or https:// URL without ? and #", httpUrl)),
  SHUTDOWN_TIMEOUT_MS: wholeNumber("milliseconds", 10_000, 1, longestTimerMs),

  TRUST_PROXY: unset(
    text(
      `loopback, private, addresses and CIDR ranges separated by commas, or a number of hops up to ${
        limits.forwardedEntries
      }, or none`,
      proxies
    ),
    { kind: "networks", networks: ["loopback", "uniquelocal"] }
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

  MAX_PAYLOAD_BYTES: wholeNumber("bytes", 1_048_576, 1, 100 * 1024 * 1024),
  WS_HEALTH_CHECK_INTERVAL_MS: wholeNumber("milliseconds", 30_000, 1, longestTimerMs),

  MAX_CONNECTIONS_PER_ADDRESS: wholeNumber("connections (0: no limit)", 512, 0, 1_000_000),
  MAX_UPGRADES_PER_MINUTE: wholeNumber("upgrades (0: no limit)", 600, 0, 1_000_000),
  MAX_FRAMES_PER_SECOND: wholeNumber("frames (0: no limit)", 100, 0, 1_000_000),
  MAX_ROOMS_PER_MINUTE: wholeNumber("rooms (0: no limit)", 60, 0, 1_000_000),
  MAX_FAILED_JOINS_PER_MINUTE: wholeNumber("joins (0: no limit)", 10, 0, 1_000_000),
  MAX_POLLS_PER_SECOND: wholeNumber("polls (0: no limit)", 10, 0, 1_000_000),
  MAX_REQUESTS_PER_SECOND: wholeNumber("requests (0: no limit)", 1000, 0, 1_000_000),
  MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: wholeNumber("requests (0: no limit)", 120, 0, 1_000_000),

  ROOM_TTL_MINUTES: wholeNumber("minutes", 30, 1, minutesOfAYear),
  SEAT_RETURN_SECONDS: seconds(30, 3600),
  ABRUPT_GRACE_SECONDS: seconds(5, 60),
  ROOM_CLEANUP_INTERVAL_MINUTES: wholeNumber("minutes", 5, 1, longestTimerMinutes),
  ROOM_CLEANUP_CRON: cronExpression,

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
  CLOUDFLARE_API_TOKEN: secret("a token"),

  UPLOADTHING_TOKEN: secret("a token"),
  PREVIEW_RETENTION_HOURS: wholeNumber("hours", 24, 1, hoursOfTenYears),
  PREVIEW_CLEANUP_INTERVAL_MINUTES: wholeNumber("minutes", 60, 1, longestTimerMinutes),
  PREVIEW_CLEANUP_CRON: cronExpression,

  RECAPTCHA_SECRET_KEY: secret("a key"),
  CONTACT_EMAIL: optional(text("an e-mail address", (raw) => (/^[^\s@]+@[^\s@]+$/.test(raw) ? raw : undefined)))
}

type Values = {
  readonly [N in keyof typeof variables]: (typeof variables)[N] extends Variable<infer A> ? A : never
}

/** The names of all variables that the server reads. */
export const variableNames: readonly string[] = Object.keys(variables)

/** Whether a variable has this value, a number or a text, also where it is not set. */
export const isDefault = (name: string, value: string): boolean => {
  const { setting } = (variables as Readonly<Record<string, Variable<unknown>>>)[name] as Variable<unknown>
  const read = (environment: Readonly<Record<string, string>>) =>
    Effect.runSync(Effect.option(setting(name).parse(ConfigProvider.fromEnvRecord(environment))))
  return Option.getOrUndefined(read({ [name]: value })) === Option.getOrUndefined(read({}))
}

// --- Loading

/**
 * Reads the configuration. White space around a value is dropped, and an empty value counts as unset. All faults of
 * the environment and of the command line are reported together in one ConfigFaults.
 *
 * `commandLine` is what follows the script's name: the flags of `serverProgram`, some of which go over a variable.
 */
export const loadConfig = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string | undefined>>,
  commandLine: readonly string[]
): Effect.fn.Return<Config, ConfigFaults> {
  const given = Object.fromEntries(
    variableNames.map((name) => [name, environment[name]?.trim()] as const).filter(([, value]) => Boolean(value))
  )
  // Nothing is waited for where there are no words: then a configuration can be read synchronously.
  const { values: flags, faults: flagFaults } =
    commandLine.length === 0
      ? withoutWords(serverProgram)
      : yield* Effect.promise(() => readCommandLine(serverProgram, commandLine))
  const overruled = new Map<string, string>()
  for (const [name, text] of [
    ["PORT", flags.port],
    ["HOST", flags.host]
  ] as const) {
    if (text !== undefined) {
      overruled.set(name, `--${name.toLowerCase()}`)
      given[name] = text.trim()
    }
  }
  const provider = ConfigProvider.fromEnvRecord(given)
  const faults: string[] = []
  const values: Partial<Record<string, unknown>> = {}
  for (const [name, variable] of Object.entries<Variable<unknown>>(variables)) {
    // Each on its own: a Config of several stops at its first fault.
    const outcome = yield* Effect.result(variable.setting(name).parse(provider))
    // A variable may be empty; whoever gives an empty flag means something else.
    const isEmptyFlag = overruled.has(name) && given[name] === ""
    if (Result.isSuccess(outcome) && !isEmptyFlag) values[name] = outcome.success
    else {
      const value = variable.secret ? "<redacted>" : shown(given[name] ?? "")
      faults.push(`${overruled.get(name) ?? name}=${value}: expected ${variable.expected}`)
    }
  }

  faults.push(...missing(given))
  faults.push(...flagFaults)

  if (faults.length > 0) return yield* configFaults(faults)
  return assemble(values as Values, flags["allow-local-port"])
})

const configFaults = (faults: readonly string[]): ConfigFaults =>
  new ConfigFaults({
    faults,
    message: [
      faults.length === 1 ? "The configuration has a fault:" : `The configuration has ${faults.length} faults:`,
      ...faults.map((fault) => `  ${fault}`)
    ].join("\n")
  })

/** Variables that others call for. */
const missing = (given: Readonly<Record<string, string | undefined>>): readonly string[] => {
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
  if (given["NODE_ENV"]?.toLowerCase() === "production" && given["DATABASE_URL"] === undefined) {
    faults.push(
      "DATABASE_URL is not set: expected the URL of a PostgreSQL when NODE_ENV=production, as the embedded database " +
        "belongs to one process and one disk; set DATABASE_URL"
    )
  }
  return faults
}

const assemble = (values: Values, localPorts: readonly number[]): Config => {
  const { TURN_URLS: turnUrls, TURN_SECRET: turnSecret, TLS_CERT_FILE: certificateFile, TLS_KEY_FILE: keyFile } = values
  const { CLOUDFLARE_TURN_TOKEN_ID: tokenId, CLOUDFLARE_API_TOKEN: apiToken } = values
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
      ...(isOriginSaid ? { allowed: allowed ?? [], previewPattern } : builtInOrigins),
      localPorts: [...new Set(localPorts)]
    }),
    database: present({ url: values.DATABASE_URL, ssl: values.DATABASE_SSL }),
    websocket: {
      maxPayloadBytes: values.MAX_PAYLOAD_BYTES,
      healthCheckIntervalMs: values.WS_HEALTH_CHECK_INTERVAL_MS
    },
    rooms: {
      timeToLiveMs: values.ROOM_TTL_MINUTES * 60_000,
      seatReturnMs: values.SEAT_RETURN_SECONDS * 1000,
      abruptGraceMs: values.ABRUPT_GRACE_SECONDS * 1000,
      cleanup: present({ everyMinutes: values.ROOM_CLEANUP_INTERVAL_MINUTES, cron: values.ROOM_CLEANUP_CRON })
    },
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    heartbeatIntervalMs: values.HEARTBEAT_INTERVAL_MS,
    logs: present({ bufferSize: values.MAX_LOG_BUFFER_SIZE, accessKey: values.LOG_ACCESS_KEY }),
    previews: present({
      uploadthingToken: values.UPLOADTHING_TOKEN,
      retentionHours: values.PREVIEW_RETENTION_HOURS,
      cleanup: present({ everyMinutes: values.PREVIEW_CLEANUP_INTERVAL_MINUTES, cron: values.PREVIEW_CLEANUP_CRON })
    }),
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
      roomsPerMinute: values.MAX_ROOMS_PER_MINUTE,
      guessesPerMinute: values.MAX_FAILED_JOINS_PER_MINUTE,
      pollsPerSecond: values.MAX_POLLS_PER_SECOND,
      requestsPerSecond: values.MAX_REQUESTS_PER_SECOND,
      thirdPartyRequestsPerMinute: values.MAX_THIRD_PARTY_REQUESTS_PER_MINUTE
    },
    contact: present({ email: values.CONTACT_EMAIL, recaptchaSecretKey: values.RECAPTCHA_SECRET_KEY }),
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

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Leaves out the fields that are undefined. */
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>

/**
 * The variables in an environment file, none if there is no such file. The real environment goes over it:
 * `{ ...fromFile, ...process.env }`. Fails with ConfigFaults if the file is there but cannot be read.
 */
export const readEnvironmentFile = (path: string): Effect.Effect<Readonly<Record<string, string>>, ConfigFaults> =>
  Effect.suspend(() => {
    try {
      const variablesOfFile: Record<string, string> = {}
      // Editors of Windows put a byte order mark before the first name.
      for (const [name, value] of Object.entries(parseEnv(readFileSync(path, "utf8").replace(/^\uFEFF/, "")))) {
        if (value !== undefined) variablesOfFile[name] = value
      }
      return Effect.succeed(variablesOfFile)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown"
      if (code === "ENOENT") return Effect.succeed({})
      return Effect.fail(configFaults([`${path} cannot be read (${code}): expected a text file of NAME=value lines`]))
    }
  })
