import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"
import { Effect, Redacted, Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  type Config,
  type ConfigFaults,
  loadConfig,
  readEnvironmentFile,
  variableTable
} from "../../src/config/config.ts"
import type { DropSilkSettings } from "../../src/protocols/dropsilk/settings.ts"
import { protocols } from "../../src/protocols.ts"
import { useFolder } from "../support/useThroughout.ts"

const variableNames = Object.keys(variableTable(protocols))

type Environment = Record<string, string | undefined>

const dropSilkOf = (config: Config) => config.protocols["dropsilk"]?.settings as DropSilkSettings

const load = (environment: Environment = {}): Config => Effect.runSync(loadConfig(environment, [], protocols))

const loadWith = (commandLine: readonly string[], environment: Environment = {}): Promise<Config> =>
  Effect.runPromise(loadConfig(environment, commandLine, protocols))

/** The fault lines; fails the test if there are none. */
const faultsOf = (environment: Environment): readonly string[] =>
  faultsIn(Effect.runSync(Effect.result(loadConfig(environment, [], protocols))))

const faultsWith = async (commandLine: readonly string[], environment: Environment = {}): Promise<readonly string[]> =>
  faultsIn(await Effect.runPromise(Effect.result(loadConfig(environment, commandLine, protocols))))

const faultsIn = (outcome: Result.Result<Config, ConfigFaults>): readonly string[] => {
  if (Result.isSuccess(outcome)) throw new Error("the configuration was accepted")
  expect(outcome.failure._tag).toBe("ConfigFaults")
  for (const fault of outcome.failure.faults) expect(outcome.failure.message).toContain(`\n  ${fault}`)
  return outcome.failure.faults
}

describe("an empty environment", () => {
  it("gives every default", () => {
    expect(load()).toEqual({
      environment: "development",
      host: "0.0.0.0",
      port: 8080,
      dataDirectory: ".data",
      logLevel: "info",
      trustProxy: { kind: "networks", networks: ["loopback", "uniquelocal"] },
      origins: {
        allowed: ["https://dropsilk.xyz", "https://www.dropsilk.xyz", "https://dropsilk.vercel.app", "app://."],
        previewPattern: /^https:\/\/dropsilk-[a-zA-Z0-9]+-ahmed-arats-projects\.vercel\.app$/,
        localPorts: []
      },
      database: {},
      websocket: { maxPayloadBytes: 1_048_576, healthCheckIntervalMs: 30_000 },
      drainMs: 0,
      shutdownTimeoutMs: 10_000,
      heartbeatIntervalMs: 300_000,
      logs: { bufferSize: 1000 },
      turn: { stunUrls: [], timeToLiveSeconds: 3600 },
      budgets: {
        connectionsPerAddress: 512,
        upgradesPerMinute: 600,
        framesPerSecond: 100,
        requestsPerSecond: 1000,
        thirdPartyRequestsPerMinute: 120
      },
      protocols: {
        dropsilk: {
          mount: "/",
          settings: {
            rooms: {
              timeToLiveMs: 1_800_000,
              seatReturnMs: 30_000,
              abruptGraceMs: 5_000,
              cleanup: { everyMinutes: 5 }
            },
            previews: { retentionHours: 24, cleanup: { everyMinutes: 60 } },
            contact: {},
            budgets: { roomsPerMinute: 60, guessesPerMinute: 10, pollsPerSecond: 10 }
          }
        },
        noisytransfer: {
          mount: "/noisytransfer",
          settings: {
            codeMs: 600_000,
            maxPayloadBytes: 1_048_576,
            budgets: { codesPerMinute: 120, wrongCodesPerMinute: 10 },
            mailboxes: { each: { items: 1024, bytes: 4_194_304 }, bytes: 134_217_728 }
          }
        },
        "named-peers": { mount: "/named-peers", settings: { namesOfSpace: 1000 } },
        rondevu: {
          mount: "/rondevu",
          settings: {
            origins: ["*"],
            cleanupMs: 60_000,
            lifetimes: { usualMs: 60_000, shortestMs: 60_000, longestMs: 86_400_000 },
            bounds: { offersPerRequest: 100, topicsPerOffer: 50 },
            storeBytes: 2 ** 30,
            wrongSecretsPerMinute: 10
          }
        },
        "rondevu-sessions": {
          mount: "/rondevu-sessions",
          settings: { origins: ["*"], cleanupMs: 60_000, lifeMs: 300_000 }
        },
        // It takes ports and processes of its own: whoever wants it says so.
        sfu: {
          mount: null,
          settings: {
            hasLogin: true,
            tokenSeconds: 7200,
            media: { announcedIp: "127.0.0.1", listenIp: "0.0.0.0", port: 10_000, workers: 1 },
            participantsOfRoom: 50
          }
        }
      }
    })
  })

  it("leaves out what is unset instead of carrying undefined", () => {
    const config = load()
    expect("tls" in config).toBe(false)
    expect("url" in config.database).toBe(false)
    expect("cron" in dropSilkOf(config).rooms.cleanup).toBe(false)
    expect(config.protocols["named-peers"]?.settings).toStrictEqual({ namesOfSpace: 1000 })
  })

  it("is the same as one of empty and blank values", async () => {
    const blank = Object.fromEntries(variableNames.map((name, index) => [name, index % 2 === 0 ? "" : " \t\r\n"]))
    expect(load(blank)).toEqual(load())
  })
})

describe("a full environment", () => {
  it("is read into every place", async () => {
    const config = await loadWith(
      ["--allow-local-port=3000", "--allow-local-port", "5173", "--allow-local-port=3000"],
      {
        NODE_ENV: "production",
        HOST: "::",
        PORT: " 443\r",
        DATA_DIR: "/var/lib/silktower",
        LOG_LEVEL: "WARN",
        TRUST_PROXY: "loopback, 203.0.113.7, 2001:db8::/32",
        ALLOWED_ORIGINS: "https://Example.org:443/, http://10.0.0.1:3000,app://.,capacitor://localhost",
        VERCEL_PREVIEW_ORIGIN_REGEX: "^https://pr-\\d+\\.example\\.org$",
        DATABASE_URL: "postgresql://user:pass@db.example.org/silktower",
        DATABASE_SSL: "On",
        MAX_PAYLOAD_BYTES: "65536",
        WS_HEALTH_CHECK_INTERVAL_MS: "15000",
        ROOM_TTL_MINUTES: "60",
        SEAT_RETURN_SECONDS: "0",
        ABRUPT_GRACE_SECONDS: "0.5",
        ROOM_CLEANUP_INTERVAL_MINUTES: "10",
        ROOM_CLEANUP_CRON: "*/15 * * * *",
        DRAIN_SECONDS: "30",
        SHUTDOWN_TIMEOUT_MS: "5000",
        HEARTBEAT_INTERVAL_MS: "60000",
        MAX_LOG_BUFFER_SIZE: "50",
        MAX_CONNECTIONS_PER_ADDRESS: "100",
        MAX_UPGRADES_PER_MINUTE: "50",
        MAX_FRAMES_PER_SECOND: "20",
        MAX_ROOMS_PER_MINUTE: "7",
        MAX_FAILED_JOINS_PER_MINUTE: "5",
        MAX_POLLS_PER_SECOND: "0",
        MAX_REQUESTS_PER_SECOND: "300",
        MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: "8",
        LOG_ACCESS_KEY: "log-key",
        UPLOADTHING_TOKEN: "upload-token",
        PREVIEW_RETENTION_HOURS: "48",
        PREVIEW_CLEANUP_INTERVAL_MINUTES: "30",
        PREVIEW_CLEANUP_CRON: "0 3 * * *",
        PUBLIC_SERVER_URL: "https://signal.example.org/",
        STUN_URLS: "stun:stun.example.org,stuns:[2001:db8::1]:5349",
        TURN_URLS: "turn:192.0.2.1:3478?transport=udp, turns:turn.example.org",
        TURN_SECRET: "turn-secret",
        TURN_TTL_SECONDS: "600",
        CLOUDFLARE_TURN_TOKEN_ID: "cloudflare-id",
        CLOUDFLARE_API_TOKEN: "cloudflare-token",
        RECAPTCHA_SECRET_KEY: "recaptcha-key",
        CONTACT_EMAIL: "who@example.org",
        DROPSILK_PATH: "/files",
        NOISYTRANSFER_PATH: "/relay",
        NOISYTRANSFER_CODE_TTL_SECONDS: "60",
        NOISYTRANSFER_ORIGINS: "https://a.example, b.example",
        NOISYTRANSFER_MAX_PAYLOAD_BYTES: "65536",
        NOISYTRANSFER_CODES_PER_MINUTE: "0",
        NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "5",
        NOISYTRANSFER_MAILBOX_ITEMS: "16",
        NOISYTRANSFER_MAILBOX_BYTES: "4096",
        NOISYTRANSFER_MAILBOXES_BYTES: "8192",
        NAMED_PEERS_PATH: "/peers",
        NAMED_PEERS_ORIGINS: "https://app.example.org, app.example.net",
        NAMED_PEERS_MAX: "50",
        RONDEVU_PATH: "/offers",
        RONDEVU_SESSIONS_PATH: "/sessions",
        RONDEVU_ORIGINS: "https://app.example.org, app.example.net",
        RONDEVU_CLEANUP_INTERVAL: "30000",
        RONDEVU_AUTH_SECRET: "0f".repeat(32),
        RONDEVU_OFFER_DEFAULT_TTL: "90000",
        RONDEVU_OFFER_MIN_TTL: "1000",
        RONDEVU_OFFER_MAX_TTL: "3600000",
        RONDEVU_MAX_OFFERS_PER_REQUEST: "10",
        RONDEVU_MAX_TOPICS_PER_OFFER: "20",
        RONDEVU_STORE_BYTES: "4096",
        RONDEVU_SESSION_TTL: "60000",
        SFU_PATH: "/calls",
        SFU_JWT_SECRET: "sfu-secret of more than 32 characters",
        SFU_LOGIN: "off",
        SFU_TOKEN_TTL_SECONDS: "600",
        SFU_ORIGINS: "https://app.example.org",
        SFU_ANNOUNCED_IP: "203.0.113.9",
        SFU_LISTEN_IP: "10.0.0.9",
        SFU_MEDIA_PORT: "20000",
        SFU_WORKERS: "4",
        MEDIASOUP_WORKER_BIN: "/opt/mediasoup-worker",
        SFU_MAX_PARTICIPANTS: "20",
        TLS_CERT_FILE: "cert.pem",
        TLS_KEY_FILE: "key.pem",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20otlp-token"
      }
    )
    expect(config).toEqual({
      environment: "production",
      host: "::",
      port: 443,
      dataDirectory: "/var/lib/silktower",
      logLevel: "warn",
      trustProxy: { kind: "networks", networks: ["loopback", "203.0.113.7", "2001:db8::/32"] },
      origins: {
        allowed: ["https://Example.org:443/", "http://10.0.0.1:3000", "app://.", "capacitor://localhost"],
        previewPattern: /^https:\/\/pr-\d+\.example\.org$/,
        localPorts: [3000, 5173]
      },
      database: { url: Redacted.make("postgresql://user:pass@db.example.org/silktower"), ssl: "require" },
      websocket: { maxPayloadBytes: 65_536, healthCheckIntervalMs: 15_000 },
      drainMs: 30_000,
      shutdownTimeoutMs: 5000,
      heartbeatIntervalMs: 60_000,
      logs: { bufferSize: 50, accessKey: Redacted.make("log-key") },
      publicServerUrl: "https://signal.example.org",
      turn: {
        stunUrls: ["stun:stun.example.org", "stuns:[2001:db8::1]:5349"],
        own: {
          urls: ["turn:192.0.2.1:3478?transport=udp", "turns:turn.example.org"],
          secret: Redacted.make("turn-secret")
        },
        timeToLiveSeconds: 600,
        cloudflare: { tokenId: "cloudflare-id", apiToken: Redacted.make("cloudflare-token") }
      },
      budgets: {
        connectionsPerAddress: 100,
        upgradesPerMinute: 50,
        framesPerSecond: 20,
        requestsPerSecond: 300,
        thirdPartyRequestsPerMinute: 8
      },
      tls: { certificateFile: "cert.pem", keyFile: "key.pem" },
      protocols: {
        dropsilk: {
          mount: "/files",
          settings: {
            rooms: {
              timeToLiveMs: 3_600_000,
              seatReturnMs: 0,
              abruptGraceMs: 500,
              cleanup: { everyMinutes: 10, cron: "*/15 * * * *" }
            },
            previews: {
              uploadthingToken: Redacted.make("upload-token"),
              retentionHours: 48,
              cleanup: { everyMinutes: 30, cron: "0 3 * * *" }
            },
            contact: { email: "who@example.org", recaptchaSecretKey: Redacted.make("recaptcha-key") },
            budgets: { roomsPerMinute: 7, guessesPerMinute: 5, pollsPerSecond: 0 }
          }
        },
        noisytransfer: {
          mount: "/relay",
          settings: {
            codeMs: 60_000,
            origins: ["https://a.example", "b.example"],
            maxPayloadBytes: 65_536,
            budgets: { codesPerMinute: 0, wrongCodesPerMinute: 5 },
            mailboxes: { each: { items: 16, bytes: 4096 }, bytes: 8192 }
          }
        },
        "named-peers": {
          mount: "/peers",
          settings: { origins: ["https://app.example.org", "app.example.net"], namesOfSpace: 50 }
        },
        rondevu: {
          mount: "/offers",
          settings: {
            origins: ["https://app.example.org", "app.example.net"],
            cleanupMs: 30_000,
            keys: Redacted.make([Buffer.from("0f".repeat(32), "hex")]),
            lifetimes: { usualMs: 90_000, shortestMs: 1_000, longestMs: 3_600_000 },
            bounds: { offersPerRequest: 10, topicsPerOffer: 20 },
            storeBytes: 4096,
            wrongSecretsPerMinute: 5
          }
        },
        "rondevu-sessions": {
          mount: "/sessions",
          settings: {
            origins: ["https://app.example.org", "app.example.net"],
            cleanupMs: 30_000,
            lifeMs: 60_000
          }
        },
        sfu: {
          mount: "/calls",
          settings: {
            secret: Redacted.make("sfu-secret of more than 32 characters"),
            hasLogin: false,
            tokenSeconds: 600,
            origins: ["https://app.example.org"],
            media: {
              announcedIp: "203.0.113.9",
              listenIp: "10.0.0.9",
              port: 20_000,
              workers: 4,
              workerBin: "/opt/mediasoup-worker"
            },
            participantsOfRoom: 20
          }
        }
      },
      traces: {
        url: "http://collector:4318/v1/traces",
        headers: Redacted.make({ authorization: "Bearer otlp-token" })
      }
    })
    expect(Redacted.value(config.logs.accessKey ?? Redacted.make(""))).toBe("log-key")
  })

  it("shows no secret when it is printed", () => {
    const secrets = {
      DATABASE_URL: "postgres://user:hidden-1@db.example.org/x",
      LOG_ACCESS_KEY: "hidden-2",
      UPLOADTHING_TOKEN: "hidden-3",
      CLOUDFLARE_API_TOKEN: "hidden-4",
      CLOUDFLARE_TURN_TOKEN_ID: "id",
      RECAPTCHA_SECRET_KEY: "hidden-5",
      TURN_SECRET: "hidden-6",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=hidden-7",
      TURN_URLS: "turn:example.org",
      SFU_JWT_SECRET: "hidden-8"
    }
    const printed = JSON.stringify(load(secrets))
    expect(printed).toContain("turn:example.org")
    expect(printed).toContain("http://collector:4318/v1/traces")
    expect(printed).not.toContain("hidden")
  })

  it("leaves Cloudflare out when only one of its two variables is set", () => {
    expect(load({ CLOUDFLARE_TURN_TOKEN_ID: "id" }).turn).toEqual({ stunUrls: [], timeToLiveSeconds: 3600 })
    expect(load({ CLOUDFLARE_API_TOKEN: "token" }).turn).toEqual({ stunUrls: [], timeToLiveSeconds: 3600 })
  })

  it.each([["false"], ["0"], ["off"], ["DISABLE"]])("turns database encryption off for %s", (word) => {
    expect(load({ DATABASE_SSL: word }).database).toEqual({ ssl: "off" })
  })

  it.each([["true"], ["1"], ["on"], ["Require"]])("turns database encryption on for %s", (word) => {
    expect(load({ DATABASE_SSL: word }).database).toEqual({ ssl: "require" })
  })

  it.each([
    ["0", { kind: "networks", networks: [] }],
    ["none", { kind: "networks", networks: [] }],
    ["2", { kind: "hops", hops: 2 }],
    ["private", { kind: "networks", networks: ["uniquelocal"] }],
    ["10.1.0.0/16,,fd00::/8", { kind: "networks", networks: ["10.1.0.0/16", "fd00::/8"] }]
  ])("reads TRUST_PROXY=%s", (value, expected) => {
    expect(load({ TRUST_PROXY: value }).trustProxy).toEqual(expected)
  })
})

describe("origins", () => {
  const builtIn = load().origins

  it("that are built in count while nobody says which pages may come", () => {
    expect(builtIn.allowed).toContain("https://dropsilk.xyz")
    expect(builtIn.previewPattern?.test("https://dropsilk-x1-ahmed-arats-projects.vercel.app")).toBe(true)
  })

  it.each([
    [{ ALLOWED_ORIGINS: "https://a.example" }, { allowed: ["https://a.example"], localPorts: [] }],
    [
      { VERCEL_PREVIEW_ORIGIN_REGEX: "^https://pr-" },
      { allowed: [], previewPattern: /^https:\/\/pr-/, localPorts: [] }
    ],
    [
      { ALLOWED_ORIGINS: "https://a.example", VERCEL_PREVIEW_ORIGIN_REGEX: "^https://pr-" },
      { allowed: ["https://a.example"], previewPattern: /^https:\/\/pr-/, localPorts: [] }
    ]
  ])("are those of %o and no others", async (environment, origins) => {
    expect(load(environment).origins).toEqual(origins)
    expect((await loadWith(["--allow-local-port=5173"], environment)).origins).toEqual({
      ...origins,
      localPorts: [5173]
    })
  })

  it("stay the built-in ones beside a local port, and for blank values", async () => {
    const blank = { ALLOWED_ORIGINS: " ", VERCEL_PREVIEW_ORIGIN_REGEX: "" }
    expect((await loadWith(["--allow-local-port=5173"], blank)).origins).toEqual({ ...builtIn, localPorts: [5173] })
  })
})

describe("where traces go", () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }
  const headersOf = (environment: Environment) => {
    const { traces } = load({ ...endpoint, ...environment })
    return traces && Redacted.value(traces.headers)
  }

  it.each([
    ["api-key=abc", { "api-key": "abc" }],
    ["Authorization=Basic%20dXNlcjpwYXNz%3D%3D", { authorization: "Basic dXNlcjpwYXNz==" }],
    ["Authorization=Basic dXNlcjpwYXNz==", { authorization: "Basic dXNlcjpwYXNz==" }],
    [" a = 1 , b = 2%2C3 ,", { a: "1", b: "2,3" }],
    ["a=1,A=2", { a: "2" }],
    ["a=", { a: "" }],
    ["a=x%3By", { a: "x;y" }]
  ])("is told the headers of %s", (value, headers) => {
    expect(headersOf({ OTEL_EXPORTER_OTLP_HEADERS: value })).toEqual(headers)
    expect(headersOf({ OTEL_EXPORTER_OTLP_TRACES_HEADERS: value })).toEqual(headers)
  })

  it("is told none unless asked to", () => {
    expect(headersOf({})).toEqual({})
  })

  it("is what is said of traces alone, as it is, before what is said of all signals", () => {
    const of = (environment: Environment) => load(environment).traces?.url
    expect(of({})).toBeUndefined()
    expect(of({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example/base/" })).toBe(
      "https://otlp.example/base/v1/traces"
    )
    const alone = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example/in" }
    expect(of(alone)).toBe("https://traces.example/in")
    expect(of({ ...endpoint, ...alone })).toBe("https://traces.example/in")
    const both = { OTEL_EXPORTER_OTLP_HEADERS: "a=1,b=2", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=3" }
    expect(headersOf(both)).toEqual({ b: "3" })
  })

  it.each([
    ["no pair"],
    ["=planted"],
    ["a b=planted"],
    ["a=planted%zz"],
    ["a=planted%0d%0aX-Other: 1"],
    ["a=planted%00"],
    ["a=planted;property=1"],
    ["a=plantedé"],
    ["a=1,planted"],
    ["content-type=planted/x"],
    ["Host=planted.example"],
    ["transfer-encoding=planted"],
    [","]
  ])("is named with its headers when they are %j, and their values are not shown", (value) => {
    for (const name of ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]) {
      const faults = faultsOf({ ...endpoint, [name]: value })
      expect(faults).toEqual([expect.stringContaining(`${name}=<redacted>: expected name=value pairs`)])
      expect(faults.join()).not.toContain("planted")
    }
  })

  it("must be said when headers are, and holds no user", () => {
    expect(faultsOf({ OTEL_EXPORTER_OTLP_HEADERS: "a=1" })).toEqual([
      "OTEL_EXPORTER_OTLP_ENDPOINT is not set: expected it together with OTEL_EXPORTER_OTLP_HEADERS"
    ])
    expect(
      load({ OTEL_EXPORTER_OTLP_HEADERS: "a=1", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c/x" }).traces
    ).toBeDefined()
    for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
      const [fault = ""] = faultsOf({ [name]: "http://user:p4ss@collector:4318" })
      expect(fault).toMatch(new RegExp(`^${name}=http://<redacted>@collector:4318: expected .* without user`))
    }
  })
})

describe("faults", () => {
  it("are reported all together, each with name, value and what was expected", async () => {
    const faults = await faultsWith(["--verbose", "--allow-local-port=0"], {
      PORT: "http",
      ROOM_TTL_MINUTES: "-3",
      NODE_ENV: "staging",
      TURN_SECRET: "s3cr3t",
      DATABASE_URL: "mysql://u:p4ss@h/d"
    })
    expect(faults).toEqual([
      "NODE_ENV=staging: expected one of development, production, test",
      "PORT=http: expected a port (0: the system chooses), a whole number from 0 to 65535",
      expect.stringMatching(/^DATABASE_URL=<redacted>: expected a URL like postgres:\/\//),
      "ROOM_TTL_MINUTES=-3: expected minutes, a whole number from 1 to 527040",
      "TURN_URLS is not set: expected it together with TURN_SECRET",
      expect.stringMatching(/^--verbose: there is no such flag/),
      "--allow-local-port=0: expected a port from 1 to 65535"
    ])
    expect(faults.join()).not.toContain("p4ss")
    expect(faults.join()).not.toContain("s3cr3t")
  })

  it.each([
    ["PORT", "65536"],
    ["PORT", "80.5"],
    ["PORT", "-1"],
    ["HOST", "not a host"],
    ["HOST", "300.1.1.1"],
    ["LOG_LEVEL", "loud"],
    ["MAX_PAYLOAD_BYTES", "0"],
    ["MAX_PAYLOAD_BYTES", "1MB"],
    ["MAX_PAYLOAD_BYTES", "1000000000000"],
    // One more than setTimeout can wait; it would then fire at once, over and over.
    ["WS_HEALTH_CHECK_INTERVAL_MS", "2147483648"],
    ["HEARTBEAT_INTERVAL_MS", "2147483648"],
    ["SHUTDOWN_TIMEOUT_MS", "2147483648"],
    ["DRAIN_SECONDS", "3601"],
    ["ROOM_CLEANUP_INTERVAL_MINUTES", "35792"],
    ["PREVIEW_CLEANUP_INTERVAL_MINUTES", "35792"],
    ["PREVIEW_RETENTION_HOURS", "0"],
    ["MAX_LOG_BUFFER_SIZE", "0"],
    ["TURN_TTL_SECONDS", "1"],
    ["DATABASE_SSL", "maybe"],
    ["ROOM_CLEANUP_CRON", "every day"],
    ["PREVIEW_CLEANUP_CRON", "61 * * * *"],
    ["PUBLIC_SERVER_URL", "signal.example.org"],
    ["PUBLIC_SERVER_URL", "ftp://signal.example.org"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
    ["VERCEL_PREVIEW_ORIGIN_REGEX", "^https://(x"],
    ["ALLOWED_ORIGINS", "*"],
    ["ALLOWED_ORIGINS", "null"],
    ["ALLOWED_ORIGINS", "https://example.org,example.com"],
    ["ALLOWED_ORIGINS", "https:example.org"],
    ["ALLOWED_ORIGINS", ","],
    ["TRUST_PROXY", "everyone"],
    ["TRUST_PROXY", "constructor"],
    ["TRUST_PROXY", "10.0.0.0/33"],
    ["TRUST_PROXY", "0.0.0.0/0"],
    ["TRUST_PROXY", "127.1"],
    ["TRUST_PROXY", "33"],
    ["TRUST_PROXY", "none,10.0.0.1"],
    ["STUN_URLS", "stun://stun.example.org"],
    ["STUN_URLS", "stun:stun.example.org?transport=udp"],
    ["STUN_URLS", "turn:turn.example.org"],
    ["STUN_URLS", "stun:stun.example.org:70000"],
    ["CONTACT_EMAIL", "nobody"],
    ["DROPSILK_PATH", "files"],
    ["DROPSILK_PATH", "/files/"],
    ["DROPSILK_PATH", "/fi les"],
    ["DROPSILK_PATH", "no"]
  ])("name %s=%s", (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}=${value}: expected `)])
  })

  it.each([["turn:turn.example.org?transport=sctp"], ["https://turn.example.org"], ["turn:[fe80]:1"], ["turn:"]])(
    "name TURN_URLS=%s",
    (value) => {
      expect(faultsOf({ TURN_URLS: value, TURN_SECRET: "x" })).toEqual([
        expect.stringContaining(`TURN_URLS=${value}: expected `)
      ])
    }
  )

  it.each([
    [{ TURN_URLS: "turn:example.org" }, "TURN_SECRET is not set: expected it together with TURN_URLS"],
    [{ TLS_CERT_FILE: "cert.pem" }, "TLS_KEY_FILE is not set: expected it together with TLS_CERT_FILE"],
    [{ TLS_KEY_FILE: "key.pem" }, "TLS_CERT_FILE is not set: expected it together with TLS_KEY_FILE"]
  ])("name the missing half of a pair: %o", (environment, fault) => {
    expect(faultsOf(environment)).toEqual([fault])
  })

  it("say why production needs a database of its own", () => {
    expect(faultsOf({ NODE_ENV: "production" })).toEqual([
      expect.stringMatching(/^DATABASE_URL is not set: .*one process and one disk; set DATABASE_URL$/)
    ])
    expect(load({ NODE_ENV: "production", DATABASE_URL: "postgres://db.example.org/x" }).environment).toBe("production")
  })

  it("stay on one line, of bearable length, and without the password of a URL", () => {
    expect(faultsOf({ HOST: `a\n  PORT=1: expected b` })[0]).toMatch(/^HOST=a {3}PORT=1: expected b: expected /)
    expect(faultsOf({ HOST: " x!".repeat(5000) })[0]?.length).toBeLessThan(400)
    expect(faultsOf({ PUBLIC_SERVER_URL: "ftp://user:p4ss@example.org" })[0]).not.toContain("p4ss")
  })
})

describe("the command line", () => {
  const all =
    "--port=PORT, --host=HOST, --data-dir=DATA_DIR, --env-file=FILE, --allow-local-port=PORT, --help, --version"
  const everything = `start, check, migrate, ${all}`

  it.each([
    [["--allow-local-port"], "--allow-local-port=: expected a port from 1 to 65535"],
    [["--allow-local-port=80a"], "--allow-local-port=80a: expected a port from 1 to 65535"],
    [["--allow-local-port=65536"], "--allow-local-port=65536: expected a port from 1 to 65535"],
    [["--port=http"], "--port=http: expected a port (0: the system chooses), a whole number from 0 to 65535"],
    [["--port", "65536"], "--port=65536: expected a port (0: the system chooses), a whole number from 0 to 65535"],
    [["--port="], "--port=: expected a port (0: the system chooses), a whole number from 0 to 65535"],
    [["--port=80", "--port=81"], "--port=81: expected it only once"],
    [["--host=300.1.1.1"], "--host=300.1.1.1: expected an address or host name of this machine to listen on"],
    [["--prot=3000"], "--prot: there is no such flag, did you mean --port?"],
    [["--hots", "::"], "--hots: there is no such flag, did you mean --host?"],
    [["--hlep"], "--hlep: there is no such flag, did you mean --help?"],
    [["--verison"], "--verison: there is no such flag, did you mean --version?"],
    [["--log-access-key=hidden"], `--log-access-key: there is no such flag, expected ${all}`],
    [["-p"], `-p: there is no such flag, expected ${all}`],
    [["--help=maybe"], "--help=maybe: expected it without a value"],
    [["--data-dir="], "--data-dir=: expected the path of a directory"],
    [["--data-dri=x"], "--data-dri: there is no such flag, did you mean --data-dir?"],
    [["--env-file="], "--env-file=: expected --env-file=FILE"],
    [["--", "--help"], `--help: expected nothing but ${everything}`],
    [["9000"], `9000: expected nothing but ${everything}`],
    [["chekc"], "chekc: there is no such command, did you mean check?"],
    [["migrat", "--port=80"], "migrat: there is no such command, did you mean migrate?"],
    [["check", "migrate"], `migrate: expected nothing but ${everything}`]
  ])("%o is a fault that names it", async (commandLine, fault) => {
    expect((await faultsWith(commandLine))[0]).toBe(fault)
  })

  it("goes over the environment, and is judged in its place", async () => {
    const config = await loadWith(["--port=9000", "--host=::1"], { PORT: "7000", HOST: "0.0.0.0" })
    expect(config).toMatchObject({ port: 9000, host: "::1" })
    expect((await loadWith(["--port", "0"], { PORT: "eighty" })).port).toBe(0)
    expect(await faultsWith(["--port=eighty"], { PORT: "7000" })).toEqual([expect.stringMatching(/^--port=eighty: /)])
  })

  it("does not show what a flag that is none was given", async () => {
    const faults = await faultsWith(["--log-access-key=hidden", "--turn-secret", "sesame", "TURN_SECRET=sesame"])
    expect(faults).toHaveLength(3)
    expect(faults.join()).not.toMatch(/hidden|sesame/)
  })
})

describe(".env.example", () => {
  const example = readFileSync(new URL("../../.env.example", import.meta.url), "utf8")
  const uncommented = example.replace(/^#(?=[A-Z][A-Z0-9_]*=)/gm, "")

  it("names every variable the server reads, and no other", () => {
    expect(Object.keys(parseEnv(uncommented)).toSorted()).toEqual([...variableNames].toSorted())
  })

  it("changes nothing when copied to .env as it is", () => {
    expect(load(parseEnv(example))).toEqual(load())
  })

  it("shows the true defaults", () => {
    expect(load(parseEnv(uncommented))).toEqual(load())
  })
})

describe("an environment file", () => {
  const directory = useFolder()

  it("is read, also when an editor left a byte order mark", () => {
    const file = join(directory, "marked.env")
    writeFileSync(file, '\uFEFFPORT=9000\nLOG_ACCESS_KEY="a # b"\n# PORT=1\n')
    expect(Effect.runSync(readEnvironmentFile(file))).toEqual({ PORT: "9000", LOG_ACCESS_KEY: "a # b" })
  })

  it("that is not there sets nothing", () => {
    expect(Effect.runSync(readEnvironmentFile(join(directory, "absent.env")))).toEqual({})
  })

  it("that cannot be read is a fault that names it", () => {
    const outcome = Effect.runSync(Effect.result(readEnvironmentFile(directory)))
    expect(Result.isFailure(outcome) && outcome.failure.message).toContain(`${directory} cannot be read (EISDIR)`)
  })
})
