import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Result } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { loadConfig, variableTable } from "../../src/config/config.ts"
import { configWarnings, environmentFileWarnings } from "../../src/config/configWarnings.ts"
import { protocols } from "../../src/protocols.ts"
import { startProcess } from "../support/process.ts"
import { runScript } from "../support/scripts.ts"
import { useFolder } from "../support/useThroughout.ts"

const variableNames = Object.keys(variableTable(protocols))

type Environment = Readonly<Record<string, string>>

/** What an operator hears of these settings: faults, which end the start, or warnings. */
const heard = (
  environment: Environment
): { readonly refused: readonly string[]; readonly warned: readonly string[] } => {
  const loaded = Effect.runSync(Effect.result(loadConfig(environment, [], protocols)))
  return Result.isFailure(loaded)
    ? { refused: loaded.failure.faults, warned: [] }
    : { refused: [], warned: configWarnings(environment, protocols) }
}

/** A value of a variable that does nothing, beside others, and whether it is refused or warned of. */
type Useless = readonly [value: string, outcome: "refused" | "warned", beside?: Environment]

const number = ["many", "1.5e", "10 minutes", "-1", "NaN"].map((value): Useless => [value, "refused"])
const postgres = { DATABASE_URL: "postgres://db.example/x" }
const ofNode = { CLUSTER_ADDRESS: "10.0.0.5:7946", CLUSTER_SECRET: "a secret of the nodes" }
const traces = {
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces",
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=1"
}
const headers: readonly Useless[] = [
  ["nothing", "refused", traces],
  ["key=a,,b", "refused", traces]
]
const cron: readonly Useless[] = [
  ["daily", "refused"],
  ["0 0 30 2 *", "refused"],
  ["* * * *", "refused"]
]

/**
 * For every variable at least one value that does nothing. A new variable needs its row here, and whoever writes it finds
 * out what happens to such a value.
 */
const useless: Readonly<Record<string, readonly Useless[] | "there is none">> = {
  NODE_ENV: [
    ["prod", "refused"],
    ["staging", "refused"]
  ],
  HOST: [
    ["http://0.0.0.0", "refused"],
    ["0.0.0.0:8080", "refused"],
    ["[::]", "refused"]
  ],
  PORT: [...number, ["70000", "refused"], ["8080,8081", "refused"]],
  TLS_CERT_FILE: [["cert.pem", "refused"]],
  TLS_KEY_FILE: [["key.pem", "refused"]],
  PUBLIC_SERVER_URL: [
    ["signal.example", "refused"],
    ["https://signal.example?x=1", "refused"],
    ["https://signal.example", "warned"]
  ],
  DRAIN_SECONDS: [...number, ["3601", "refused"]],
  SHUTDOWN_TIMEOUT_MS: [...number, ["0", "refused"]],
  CLUSTER_ADDRESS: [
    ...[
      ...["10.0.0.5", ":7946", "10.0.0.5:0", "10.0.0.5:65535", "http://10.0.0.5:7946", "fd00::5:7946", "a b:7946"],
      // By these nobody else reaches it.
      ...["0.0.0.0:7946", "[::]:7946", "[0::0]:7946"]
    ].map((value): Useless => [value, "refused", { ...postgres, CLUSTER_SECRET: "a secret of the nodes" }]),
    ["10.0.0.5:7946", "refused", { CLUSTER_SECRET: "a secret of the nodes" }],
    ["10.0.0.5:7946", "refused", postgres]
  ],
  CLUSTER_SECRET: [
    ["fifteen letters", "refused"],
    ["a secret of the nodes", "warned"]
  ],
  CLUSTER_LEASE_MS: [...number, ["2999", "refused"], ["20000", "warned"]],
  CLUSTER_LOOK_MS: [
    ...number,
    ["99", "refused"],
    ["2000", "warned"],
    // Nodes would be gone and back again before it looks.
    ["4000", "refused", { ...postgres, ...ofNode }],
    ["2000", "refused", { ...postgres, ...ofNode, CLUSTER_LEASE_MS: "3000" }]
  ],
  TRUST_PROXY: ["true", "*", "proxy.example", "10.0.0.0/33", ",", "1,2", "99"].map(
    (value): Useless => [value, "refused"]
  ),
  ALLOWED_ORIGINS: [
    ...[
      ...[
        "*",
        "null",
        "https://*.example.org",
        "https://a.*",
        "http://localhost:*",
        "https://%2a.example.org",
        "https://＊.example.org"
      ],
      ...[
        "https://.example.org",
        "https://a..example",
        "example.org",
        "localhost:5173",
        "//example.org",
        "https:example.org"
      ],
      ...[
        "ws://a.example",
        "wss://a.example",
        "ftp://a.example",
        "file:///tmp/page.html",
        "file://x",
        "javascript://x",
        "APP://."
      ],
      ...[
        "https://a.example;https://b.example",
        "https://a.example/ https://b.example",
        "https://a.example https://b.example"
      ],
      ...[
        "https://a.example/https://b.example",
        "'https://a.example'",
        '["https://a.example"]',
        "https://user@a.example"
      ],
      ...["https://a.example:0"],
      ...["https://a.example,https://*.example.org", "app://*"]
    ].map((value): Useless => [value, "refused"])
  ],
  VERCEL_PREVIEW_ORIGIN_REGEX: [
    "/^https://x$/",
    "/x/i",
    "^https://pr-1\\.example\\.org/$",
    "https://*.example.org",
    "*.example.org",
    "("
  ].map((value): Useless => [value, "refused"]),
  DATABASE_URL: [
    ["db.example", "refused"],
    ["mysql://db.example/x", "refused"]
  ],
  DATABASE_SSL: [
    ["maybe", "refused"],
    ["require", "warned"],
    ["off", "warned"]
  ],
  DATA_DIR: [["/var/lib/silktower", "warned", postgres]],
  MAX_PAYLOAD_BYTES: [...number, ["0", "refused"], ["1MB", "refused"]],
  WS_HEALTH_CHECK_INTERVAL_MS: [...number, ["0", "refused"]],
  MAX_CONNECTIONS_PER_ADDRESS: number,
  MAX_UPGRADES_PER_MINUTE: number,
  MAX_FRAMES_PER_SECOND: number,
  MAX_ROOMS_PER_MINUTE: number,
  MAX_FAILED_JOINS_PER_MINUTE: number,
  MAX_POLLS_PER_SECOND: number,
  MAX_REQUESTS_PER_SECOND: number,
  MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: number,
  ROOM_TTL_MINUTES: [...number, ["0", "refused"]],
  SEAT_RETURN_SECONDS: number,
  ABRUPT_GRACE_SECONDS: number,
  ROOM_CLEANUP_INTERVAL_MINUTES: [...number, ["0", "refused"], ["7", "warned", { ROOM_CLEANUP_CRON: "* * * * *" }]],
  ROOM_CLEANUP_CRON: cron,
  LOG_LEVEL: [
    ["loud", "refused"],
    ["none", "refused"]
  ],
  MAX_LOG_BUFFER_SIZE: [...number, ["0", "refused"], ["50", "warned"]],
  LOG_ACCESS_KEY: "there is none",
  HEARTBEAT_INTERVAL_MS: [...number, ["0", "refused"]],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    ["127.0.0.1:4318", "refused"],
    ["http://127.0.0.1:4318", "warned", traces]
  ],
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: [["127.0.0.1:4318", "refused"]],
  OTEL_EXPORTER_OTLP_HEADERS: [...headers, ["b=2", "refused"], ["b=2", "warned", traces]],
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: [
    ["nothing", "refused", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }],
    ["a=1", "refused"]
  ],
  STUN_URLS: [
    ["stun.example", "refused"],
    ["turn:turn.example", "refused"],
    ["stun:a;stun:b", "refused"],
    [",", "refused"]
  ],
  TURN_URLS: [
    ["turn:turn.example", "refused"],
    ["turn.example", "refused", { TURN_SECRET: "x" }]
  ],
  TURN_SECRET: [["sesame", "refused"]],
  TURN_TTL_SECONDS: [...number, ["10", "refused"], ["600", "warned"]],
  CLOUDFLARE_TURN_TOKEN_ID: [["id", "warned"]],
  CLOUDFLARE_API_TOKEN: [["sesame", "warned"]],
  // One that is no token is warned of where the SDK reads it: tests/protocols/dropsilk/http/uploads.test.ts.
  UPLOADTHING_TOKEN: [["sesame", "warned", { NODE_ENV: "production", ...postgres }]],
  PREVIEW_RETENTION_HOURS: [...number, ["0", "refused"], ["48", "warned"]],
  PREVIEW_CLEANUP_INTERVAL_MINUTES: [
    ...number,
    ["0", "refused"],
    ["30", "warned"],
    ["30", "warned", { UPLOADTHING_TOKEN: "x", PREVIEW_CLEANUP_CRON: "* * * * *" }]
  ],
  PREVIEW_CLEANUP_CRON: [...cron, ["0 3 * * *", "warned"]],
  RECAPTCHA_SECRET_KEY: [["sesame", "warned"]],
  DROPSILK_PATH: ["dropsilk", "/dropsilk/", "//", "none", "/a b", "/tower", "/metrics/files"].map(
    (value): Useless => [value, "refused"]
  ),
  NOISYTRANSFER_PATH: ["noisytransfer", "/a/", "/logs"].map((value): Useless => [value, "refused"]),
  NOISYTRANSFER_CODE_TTL_SECONDS: [...number, ["0", "refused"], ["3601", "refused"]],
  NOISYTRANSFER_ORIGINS: [
    ["a b", "refused"],
    [",", "refused"]
  ],
  NOISYTRANSFER_MAX_PAYLOAD_BYTES: [...number, ["0", "refused"], ["1MB", "refused"]],
  NOISYTRANSFER_CODES_PER_MINUTE: number,
  NOISYTRANSFER_WRONG_CODES_PER_MINUTE: number,
  NOISYTRANSFER_MAILBOX_ITEMS: [...number, ["0", "refused"]],
  NOISYTRANSFER_MAILBOX_BYTES: [...number, ["0", "refused"]],
  NOISYTRANSFER_MAILBOXES_BYTES: [...number, ["0", "refused"]],
  NAMED_PEERS_PATH: ["named-peers", "/metrics"].map((value): Useless => [value, "refused"]),
  NAMED_PEERS_ORIGINS: [
    ["https://", "refused"],
    ["a b", "refused"]
  ],
  NAMED_PEERS_MAX: [...number, ["0", "refused"]],
  RONDEVU_PATH: ["rondevu", "/metrics"].map((value): Useless => [value, "refused"]),
  RONDEVU_SESSIONS_PATH: ["sessions", "/metrics"].map((value): Useless => [value, "refused"]),
  RONDEVU_ORIGINS: [
    ["https://", "refused"],
    ["a b", "refused"]
  ],
  RONDEVU_CLEANUP_INTERVAL: [...number, ["999", "refused"]],
  RONDEVU_AUTH_SECRET: ["0f", `${"0f".repeat(32)},`].map((value): Useless => [value, "refused"]),
  RONDEVU_OFFER_DEFAULT_TTL: [...number, ["0", "refused"]],
  RONDEVU_OFFER_MIN_TTL: [...number, ["0", "refused"]],
  RONDEVU_OFFER_MAX_TTL: [...number, ["0", "refused"]],
  RONDEVU_MAX_OFFERS_PER_REQUEST: [...number, ["0", "refused"], ["201", "refused"]],
  RONDEVU_MAX_TOPICS_PER_OFFER: [...number, ["0", "refused"]],
  RONDEVU_STORE_BYTES: [...number, ["0", "refused"]],
  RONDEVU_SESSION_TTL: [...number, ["999", "refused"], ["86400001", "refused"]],
  SFU_PATH: ["sfu", "/metrics"].map((value): Useless => [value, "refused"]),
  SFU_JWT_SECRET: [
    ["x".repeat(40), "warned"],
    ["dev-secret", "refused", { ...postgres, SFU_PATH: "/sfu", NODE_ENV: "production", SFU_ANNOUNCED_IP: "192.0.2.1" }]
  ],
  SFU_LOGIN: [
    ["closed", "refused"],
    ["off", "warned"]
  ],
  SFU_TOKEN_TTL_SECONDS: [...number, ["0", "refused"], ["60", "warned"]],
  SFU_ORIGINS: [
    ["https://", "refused"],
    ["a b", "refused"]
  ],
  SFU_ANNOUNCED_IP: [
    ["example.org", "refused"],
    ["192.0.2.1", "warned"]
  ],
  SFU_LISTEN_IP: [
    ["localhost", "refused"],
    ["192.0.2.1", "warned"]
  ],
  SFU_MEDIA_PORT: [...number, ["65536", "refused"], ["65535", "refused", { SFU_PATH: "/sfu", SFU_WORKERS: "2" }]],
  SFU_WORKERS: [...number, ["0", "refused"]],
  MEDIASOUP_WORKER_BIN: [["/opt/mediasoup-worker", "warned"]],
  SFU_MAX_PARTICIPANTS: [...number, ["0", "refused"], ["10", "warned"]],
  TRY_PAGE: [["yes", "refused"]],
  CONTACT_EMAIL: [
    ["nobody", "refused"],
    ["who@example.org", "warned"]
  ]
}

describe("a value that does nothing", () => {
  it("is known of every variable", () => {
    expect(Object.keys(useless).toSorted()).toEqual(variableNames.toSorted())
  })

  const rows = Object.entries(useless).flatMap(([name, values]) =>
    values === "there is none"
      ? []
      : values.map(([value, outcome, beside = {}]) => [outcome, name, value, beside] as const)
  )
  it.each(rows)("is %s by name: %s=%s beside %o", (outcome, name, value, beside) => {
    const { refused, warned } = heard({ ...beside, [name]: value })
    const said = outcome === "refused" ? refused : warned
    expect(said.filter((line) => line.includes(name))).toHaveLength(1)
    expect(outcome === "refused" ? warned : refused).toEqual([])
    // Only what is refused, and no secret, is shown.
    if (outcome === "warned" || /SECRET|TOKEN(?!_TTL)|HEADERS/.test(name))
      expect(said.join()).not.toMatch(new RegExp(`=${RegExp.escape(value)}`))
  })

  it.each(variableNames)("is none of %s while it is empty or blank, or has its default", (name) => {
    for (const value of ["", " ", "\t\r\n"]) expect(heard({ [name]: value })).toEqual({ refused: [], warned: [] })
  })

  it("is none that nobody misses: defaults that somebody has written out", () => {
    const defaults = {
      ...{
        DATA_DIR: ".data",
        DATABASE_URL: "postgres://db.example/x",
        MAX_LOG_BUFFER_SIZE: "1000",
        TURN_TTL_SECONDS: "3600"
      },
      ...{ PREVIEW_RETENTION_HOURS: "24", PREVIEW_CLEANUP_INTERVAL_MINUTES: "60", ROOM_CLEANUP_INTERVAL_MINUTES: "5" },
      ROOM_CLEANUP_CRON: "* * * * *"
    }
    expect(heard(defaults)).toEqual({ refused: [], warned: [] })
  })

  it("says what it waits for, or what goes before it", () => {
    expect(heard({ TURN_TTL_SECONDS: "600" }).warned).toEqual(["TURN_TTL_SECONDS has no effect without TURN_URLS"])
    expect(heard({ DATA_DIR: "x", ...postgres }).warned).toEqual(["DATA_DIR has no effect beside DATABASE_URL"])
    expect(heard({ ...traces, OTEL_SERVICE_NAME: "tower", OTEL_TRACES_SAMPLER: "" }).warned).toEqual([
      "OTEL_SERVICE_NAME has no effect: of OpenTelemetry's variables only those in .env.example are read"
    ])
    expect(heard({ OTEL_SERVICE_NAME: "tower" }).warned).toEqual([])
    const previews = { NODE_ENV: "production", ...postgres, UPLOADTHING_TOKEN: "sesame" }
    expect(heard(previews).warned).toEqual([
      "UPLOADTHING_TOKEN has no effect without PUBLIC_SERVER_URL in production: UploadThing cannot call back"
    ])
    expect(heard({ ...previews, PUBLIC_SERVER_URL: "https://signal.example" }).warned).toEqual([])
    expect(heard({ UPLOADTHING_TOKEN: "sesame" }).warned).toEqual([])
  })

  it("is one of a protocol that is off, each by name", () => {
    expect(heard({ DROPSILK_PATH: "off", ROOM_TTL_MINUTES: "60", PREVIEW_RETENTION_HOURS: "24" }).warned).toEqual([
      "ROOM_TTL_MINUTES has no effect while DROPSILK_PATH is off"
    ])
  })
})

describe("a name that is not read", () => {
  const secret = "sesame-open"
  const heardOf = (name: string) => configWarnings({ [name]: secret }, protocols)

  it.each(variableNames)("that is nearly %s is told with that name, and without its value", (name) => {
    const middle = Math.floor(name.length / 2)
    const misspellings = [
      name.slice(0, -1),
      `${name}S`,
      name.slice(0, middle - 1) + name.slice(middle),
      `${name.slice(0, middle - 1)}${name[middle]}${name[middle - 1]}${name.slice(middle + 1)}`,
      name.toLowerCase(),
      name.replaceAll("_", "-"),
      `SILKTOWER_${name}`,
      `SILK_TOWER_${name}`,
      `silktower_${name.toLowerCase()}`,
      `SLIKTOWER_${name}`
    ]
    for (const misspelt of misspellings.filter((each) => !variableNames.includes(each))) {
      expect(heardOf(misspelt)).toEqual([`${misspelt} is not read: did you mean ${name}?`])
    }
  })

  it.each([
    ["ALLOWED_ORIGIN", "ALLOWED_ORIGINS"],
    ["TRUSTED_PROXY", "TRUST_PROXY"],
    ["DATABASE_ULR", "DATABASE_URL"],
    ["ROOM_TTL", "ROOM_TTL_MINUTES"],
    ["ROOM_TTL_SECONDS", "ROOM_TTL_MINUTES"],
    ["SHUTDOWN_TIMEOUT", "SHUTDOWN_TIMEOUT_MS"],
    ["STUN_URL", "STUN_URLS"],
    ["LOGLEVEL", "LOG_LEVEL"],
    ["SILKTOWER_SHUTDOWN_TIMEOUT", "SHUTDOWN_TIMEOUT_MS"]
  ])("%s is most likely %s", (name, meant) => {
    expect(heardOf(name)).toEqual([`${name} is not read: did you mean ${meant}?`])
  })

  it("is told when it claims to be ours and is none", () => {
    expect(heardOf("SILKTOWER_COLOUR")).toEqual([
      "SILKTOWER_COLOUR is not read: there is no such variable. .env.example names all"
    ])
    expect(heardOf(`SILKTOWER_\n${"X".repeat(5000)}`)[0]?.length).toBeLessThan(300)
  })

  it("is told by scripts too, which would take another database else", async () => {
    const directory = await mkdtemp(join(tmpdir(), "silktower-warnings-"))
    const ran = await runScript("scripts/migrate.ts", [], {
      DATA_DIR: join(directory, "data"),
      DATABASE_ULR: "postgres://sesame"
    })
    expect(ran).toMatchObject({ exitCode: 0, stderr: "DATABASE_ULR is not read: did you mean DATABASE_URL?\n" })
    await rm(directory, { recursive: true })
  }, 180_000)

  it("is nobody's business when it is another program's", () => {
    const others = [
      ...[
        "PATH",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "SHELL",
        "USER",
        "PWD",
        "OLDPWD",
        "LANG",
        "LC_ALL",
        "TERM",
        "TZ",
        "CI",
        "SHLVL",
        "_"
      ],
      ...[
        "NODE_OPTIONS",
        "NODE_PATH",
        "NODE_VERSION",
        "NODE_EXTRA_CA_CERTS",
        "npm_config_port",
        "npm_package_name",
        "npm_lifecycle_event"
      ],
      ...["POSTGRES_PASSWORD", "POSTGRES_USER", "PGHOST", "PGPORT", "PGDATA", "DATABASE_HOST", "DATABASE_USER"],
      ...["DATABASE_NAME", "DATABASE_DSN", "AWS_ACCESS_KEY_ID", "CRON_SECRET", "SSL_CERT_FILE", "SSL_KEY_FILE"],
      ...["TEST_DATABASE_URL"],
      ...["REDIS_URL", "REDIS_PORT", "KUBERNETES_SERVICE_HOST", "KUBERNETES_PORT", "SILKTOWER_SERVICE_HOST"],
      ...["SILKTOWER_PORT_8080_TCP_ADDR"],
      ...["AWS_REGION", "GITHUB_TOKEN", "RENDER_EXTERNAL_URL", "FLY_APP_NAME", "RAILWAY_STATIC_URL", "VERCEL_URL"],
      ...["SSH_CLIENT", "XDG_DATA_DIRS"],
      ...[
        "http_proxy",
        "NO_PROXY",
        "LS_COLORS",
        "DEBUG",
        "NO_COLOR",
        "FORCE_COLOR",
        "EMAIL",
        "MAIL",
        "EDITOR",
        "LOGNAME"
      ],
      ...["LINES", "COLUMNS"]
    ]
    for (const name of others) expect([name, heardOf(name)]).toEqual([name, []])
  })
})

describe("an environment file", () => {
  const heardIn = (text: string, environment: Environment = {}) =>
    environmentFileWarnings(".env", text, environment, variableNames)

  it("is told of lines that are not read", () => {
    expect(heardIn("PORT: 9000\nHOST 127.0.0.1\n\n # a comment\nLOG_LEVEL=debug\n\r\nexport NODE_ENV=test\n")).toEqual([
      ".env, line 1 is not read: it is no NAME=value",
      ".env, line 2 is not read: it is no NAME=value"
    ])
    expect(heardIn("\uFEFFTURN_SECRET=\"two\nlines\"\nA='three\n of\nthem'\nnothing")).toEqual([
      ".env, line 6 is not read: it is no NAME=value"
    ])
  })

  it("is told of a variable that comes twice, of which the last counts", () => {
    expect(heardIn("PORT=1\nOTHER=1\nOTHER=2\nPORT=2\n")).toEqual([
      ".env, line 1 has no effect: PORT comes again in line 4"
    ])
  })

  it("is told of a value that ends before it seems to, without it", () => {
    const fine = `LOG_LEVEL=info # a comment\nTURN_SECRET='a#b'\nTURN_URLS="a#b" # x\nDATA_DIR=#x\n`
    const [line, ...others] = heardIn(`LOG_ACCESS_KEY=sesame#open\n${fine}`)
    expect(line).toBe(".env, line 1: LOG_ACCESS_KEY ends before the #; put its value into quotes if that belongs to it")
    expect(others).toEqual([])
  })

  it("is told of a value that an empty one of the environment takes away", () => {
    expect(heardIn("PORT=9000\nHOST=::1\nLOG_LEVEL=", { PORT: "", HOST: "::", LOG_LEVEL: "" })).toEqual([
      ".env, line 1 has no effect: PORT is empty in the environment, which goes over .env"
    ])
  })
})

describe("a server that is started", () => {
  const directory = useFolder()
  beforeAll(() =>
    writeFile(join(directory, ".env"), "ALOWED_ORIGINS=https://sesame.example\nLOG_LEVEL info\nTURN_TTL_SECONDS=600\n")
  )

  it("writes what has no effect into its log, from the environment and from .env", async () => {
    const main = fileURLToPath(new URL("../../src/main.js", import.meta.url))
    // The launcher's folder is not where .env is looked for: the working directory is.
    const start = `process.chdir(${JSON.stringify(directory)}); await import(${JSON.stringify(main)})`
    const server = await startProcess(
      { DATA_DIR: join(directory, "data"), SILKTOWER_PORT: "sesame", CONTACT_EMAIL: "sesame@example.org" },
      [process.execPath, "--input-type=module", "--eval", start]
    )
    const warnings = server
      .printed()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .filter(({ level, message }) => level === "warn" && message === "system:startup")
      .map(({ warning }) => warning)
    expect(warnings.toSorted()).toEqual([
      ".env, line 2 is not read: it is no NAME=value",
      "ALOWED_ORIGINS is not read: did you mean ALLOWED_ORIGINS?",
      "CONTACT_EMAIL has no effect without RECAPTCHA_SECRET_KEY",
      "SILKTOWER_PORT is not read: did you mean PORT?",
      "TURN_TTL_SECONDS has no effect without TURN_URLS"
    ])
    expect(server.printed()).not.toContain("sesame")
    expect(await server.end("SIGTERM")).toBe(0)
  })
})
