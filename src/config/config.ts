/**
 * The environment and the command line, read once and completely: either a typed Config, or every fault at once.
 */
import { readFileSync } from "node:fs"
import { parseEnv } from "node:util"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { readCommandLine, withoutWords } from "./commandLine.ts"
import { assemble, missing, variables } from "./coreVariables.ts"
import { type BuiltInOrigins, type Configurable, pathVariableOf, readMount } from "./protocolSettings.ts"
import { saidByFlags, serverProgram } from "./serverFlags.ts"
import { shown } from "./shown.ts"
import { present, text, unset, type ValuesOf, type Variable, type VariableTable } from "./variables.ts"

/** Whose X-Forwarded-For is believed: the nearest so many hops, or whoever is in one of the networks. */
export type TrustProxy =
  | { readonly kind: "hops"; readonly hops: number }
  /** Addresses, CIDR ranges, and proxy-addr's words `loopback` and `uniquelocal`. Empty: nobody is believed. */
  | { readonly kind: "networks"; readonly networks: readonly string[] }

/** Where a protocol is served, and how. */
export interface Tenancy {
  /** `/` or a path such as `/calls`; null: nowhere. */
  readonly mount: string | null
  /** What the protocol's own variables say; it knows the type. */
  readonly settings: unknown
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
  /** Absent: it is no node of a cluster. */
  readonly cluster?: {
    /** `host:port` under which the other nodes reach this one; the next port is used as well. */
    readonly address: string
    readonly secret: Redacted.Redacted<string>
    /** A node that has not been heard of for so long is gone. */
    readonly leaseMs: number
    /** How often a node looks who is there. */
    readonly lookMs: number
  }
  readonly websocket: { readonly maxPayloadBytes: number; readonly healthCheckIntervalMs: number }
  /** Milliseconds over which a stopping server sends its clients away. */
  readonly drainMs: number
  /** What it has besides. */
  readonly shutdownTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly logs: {
    /** Lines that GET /logs can show. */
    readonly bufferSize: number
    readonly accessKey?: Redacted.Redacted<string>
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
    readonly requestsPerSecond: number
    readonly thirdPartyRequestsPerMinute: number
  }
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string }
  /** By name, each with what its own variables say. */
  readonly protocols: Readonly<Record<string, Tenancy>>
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

/** Every variable that the server reads, by name: the core's, and those of each protocol. */
export const variableTable = (protocols: readonly Configurable[]): VariableTable =>
  Object.assign(
    { ...variables },
    ...protocols.map(({ name, mount, settings }) => ({
      [pathVariableOf(name)]: unset<string | null>(
        text("a path such as /calls where the server itself does not answer, / for the root, or off", readMount),
        mount
      ),
      ...settings.variables
    }))
  )

/** Whether a variable has this value, a number or a text, also where it is not set. */
export const isDefault = (table: VariableTable, name: string, value: string): boolean => {
  const { setting } = table[name] as Variable<unknown>
  const read = (environment: Readonly<Record<string, string>>) =>
    Effect.runSync(Effect.option(setting(name).parse(ConfigProvider.fromEnvRecord(environment))))
  return Option.getOrUndefined(read({ [name]: value })) === Option.getOrUndefined(read({}))
}

/** What is said of a variable elsewhere, which goes over the environment. */
export interface Said {
  /** How it is called there: `--port`, `databaseUrl`. */
  readonly as: string
  readonly text: string
}

/**
 * Reads the configuration. White space around a value is dropped, and an empty value counts as unset. All faults of
 * the environment and of the command line are reported together in one ConfigFaults.
 *
 * `commandLine` is what follows the script's name: the flags of `serverProgram`, some of which go over a variable.
 * `protocols` are all that can be served. `said`: by variable, what a program says that starts a server.
 */
export const loadConfig = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string | undefined>>,
  commandLine: readonly string[],
  protocols: readonly Configurable[],
  said: Readonly<Record<string, Said>> = {}
): Effect.fn.Return<Config, ConfigFaults> {
  const table = variableTable(protocols)
  const given = Object.fromEntries(
    Object.keys(table)
      .map((name) => [name, environment[name]?.trim()] as const)
      .filter(([, value]) => Boolean(value))
  )
  // Nothing is waited for where there are no words: then a configuration can be read synchronously.
  const { values: flags, faults: flagFaults } =
    commandLine.length === 0
      ? withoutWords(serverProgram)
      : yield* Effect.promise(() => readCommandLine(serverProgram, commandLine))
  const overruled = new Map(Object.entries({ ...said, ...saidByFlags(flags) }))
  for (const [name, { text }] of overruled) given[name] = text.trim()
  const provider = ConfigProvider.fromEnvRecord(given)
  const faults: string[] = []
  const values: Partial<Record<string, unknown>> = {}
  for (const [name, variable] of Object.entries(table)) {
    // Each on its own: a Config of several stops at its first fault.
    const outcome = yield* Effect.result(variable.setting(name).parse(provider))
    // A variable may be empty; whoever gives an empty flag means something else.
    const isEmptyFlag = overruled.has(name) && given[name] === ""
    if (Result.isSuccess(outcome) && !isEmptyFlag) values[name] = outcome.success
    else {
      const value = variable.secret ? "<redacted>" : shown(given[name] ?? "")
      faults.push(`${overruled.get(name)?.as ?? name}=${value}: expected ${variable.expected}`)
    }
  }

  const mounts = protocols.map(({ name }) => values[pathVariableOf(name)] as string | null)
  faults.push(...missing(given), ...sharedMounts(protocols, mounts), ...flagFaults)
  const served = protocols.filter((_, index) => mounts[index] !== null)
  // What a value means is asked only where all can be read.
  if (faults.length === 0) {
    const { NODE_ENV: environment } = values as ValuesOf<typeof variables>
    faults.push(
      ...served.flatMap(({ settings }) => settings.faults?.(environment, values as ValuesOf<VariableTable>) ?? [])
    )
  }
  if (faults.length > 0) return yield* configFaults(faults)
  return {
    ...assemble(values as ValuesOf<typeof variables>, flags["allow-local-port"], builtInOrigins(served)),
    protocols: Object.fromEntries(
      protocols.map(({ name, settings }, index) => [
        name,
        { mount: mounts[index] ?? null, settings: settings.read(values as ValuesOf<VariableTable>) }
      ])
    )
  }
})

/** Two protocols cannot be told apart at one place. */
const sharedMounts = (protocols: readonly Configurable[], mounts: readonly (string | null)[]): readonly string[] =>
  protocols.flatMap(({ name }, index) => {
    const mount = mounts[index]
    const first = mount == null ? index : mounts.indexOf(mount)
    if (first === index) return []
    const taken = pathVariableOf((protocols[first] as Configurable).name)
    return [`${pathVariableOf(name)}=${mount}: expected another place than that of ${taken}`]
  })

const builtInOrigins = (protocols: readonly Configurable[]): BuiltInOrigins => {
  const origins = protocols.flatMap(({ settings }) => settings.origins ?? [])
  const patterns = origins.flatMap(({ previewPattern }) => previewPattern ?? [])
  return present({
    allowed: origins.flatMap(({ allowed }) => allowed),
    previewPattern: patterns.length > 1 ? new RegExp(patterns.map(({ source }) => source).join("|")) : patterns[0]
  })
}

const configFaults = (faults: readonly string[]): ConfigFaults =>
  new ConfigFaults({
    faults,
    message: [
      faults.length === 1 ? "The configuration has a fault:" : `The configuration has ${faults.length} faults:`,
      ...faults.map((fault) => `  ${fault}`)
    ].join("\n")
  })

/**
 * The variables in an environment file, none if there is no such file and it is not `needed`. The real environment goes over it:
 * `{ ...fromFile, ...process.env }`. Fails with ConfigFaults if the file is there but cannot be read.
 */
export const readEnvironmentFile = (
  path: string,
  { needed = false }: { readonly needed?: boolean } = {}
): Effect.Effect<Readonly<Record<string, string>>, ConfigFaults> =>
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
      if (code === "ENOENT" && !needed) return Effect.succeed({})
      return Effect.fail(configFaults([`${path} cannot be read (${code}): expected a text file of NAME=value lines`]))
    }
  })
