import { execFile } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { generate } from "selfsigned"
import { sql } from "slonik"
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { type DatabaseSsl, readDatabaseSsl } from "../../../../src/io/database/connecting/databaseEncryption.ts"
import { readDatabaseUrl } from "../../../../src/io/database/connecting/databaseUrl.ts"
import { openDatabase } from "../../../../src/io/database/database.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { withClient } from "../../../support/databases.ts"
import { refusedStart } from "../../../support/process.ts"
import { runScript } from "../../../support/scripts.ts"
import { startServer } from "../../../support/server.ts"
import { type Cluster, createCluster, postgresPrograms } from "../../../support/standIns/cluster.ts"
import { tables } from "../../../support/tables.ts"

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const unchecked = { rejectUnauthorized: false }
const full = { rejectUnauthorized: true }
const authority = { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) }

const read = (rest: string, ssl?: DatabaseSsl, environment: Record<string, string> = {}) =>
  readDatabaseUrl(`postgres://ada:sesame@${rest}`, ssl, environment)

describe("encryption to PostgreSQL", () => {
  it.each([
    ["is off on this machine", "localhost/x", undefined, [false]],
    ["is off on a loopback address", "127.0.0.1/x", undefined, [false]],
    ["is off on the IPv6 loopback address", "[::1]/x", undefined, [false]],
    ["is on anywhere else, unchecked", "db.example.com/x", undefined, [unchecked]],
    ["is off with sslmode=disable", "db.example.com/x?sslmode=disable", undefined, [false]],
    ["is off with ssl=false", "db.example.com/x?ssl=false", undefined, [false]],
    [
      "is on with sslmode=require, unchecked, on this machine too",
      "127.0.0.1/x?sslmode=require",
      undefined,
      [unchecked]
    ],
    ["is on with sslmode=no-verify, on this machine too", "127.0.0.1/x?sslmode=no-verify", undefined, [unchecked]],
    ["is on with ssl=true, on this machine too", "127.0.0.1/x?ssl=true", undefined, [unchecked]],
    ["is on with ssl=no-verify, on this machine too", "127.0.0.1/x?ssl=no-verify", undefined, [unchecked]],
    ["is tried first with sslmode=prefer", "127.0.0.1/x?sslmode=prefer", undefined, [unchecked, false]],
    ["is tried last with sslmode=allow", "db.example.com/x?sslmode=allow", undefined, [false, unchecked]],
    ["is off when DATABASE_SSL says so", "db.example.com/x", "off", [false]],
    [
      "is off when DATABASE_SSL says so and the URL would do without",
      "db.example.com/x?sslmode=prefer",
      "off",
      [false]
    ],
    ["is on when DATABASE_SSL says so", "localhost/x", "require", [unchecked]],
    [
      "is on when DATABASE_SSL says so and the URL would do with it",
      "localhost/x?sslmode=allow",
      "require",
      [unchecked]
    ],
    ["checks the certificate with sslmode=verify-full", "db.example.com/x?sslmode=verify-full", "require", [full]],
    [
      "checks the certificate with sslmode=verify-full on this machine",
      "localhost/x?sslmode=verify-full",
      undefined,
      [full]
    ],
    [
      "checks the certificate but not its name with sslmode=verify-ca",
      "localhost/x?sslmode=verify-ca",
      undefined,
      [authority]
    ],
    ["believes the system's authorities with sslrootcert=system", "localhost/x?sslrootcert=system", undefined, [full]]
  ] as const)("%s", (_, rest, ssl, expected) => {
    expect(read(rest, ssl).configs.map((config) => config.ssl)).toEqual(expected)
  })

  it("goes by PGSSLMODE where the URL says nothing", () => {
    expect(read("127.0.0.1/x", undefined, { PGSSLMODE: "require" }).configs.map(({ ssl }) => ssl)).toEqual([unchecked])
    expect(
      read("127.0.0.1/x?sslmode=disable", undefined, { PGSSLMODE: "require" }).configs.map(({ ssl }) => ssl)
    ).toEqual([false])
  })

  it.each([
    ["off", ["false", "0", "off", "disable", " OFF "]],
    ["require", ["true", "1", "on", "require", "True"]],
    [undefined, [undefined, "", " "]]
  ] as const)("is %s for every word that means it", (meaning, words) => {
    expect(words.map(readDatabaseSsl)).toEqual(words.map(() => meaning))
  })

  it("is not guessed from a word that means nothing", () => {
    expect(() => readDatabaseSsl("maybe")).toThrow("DATABASE_SSL must be one of")
  })
})

describe("what a URL says", () => {
  it("is taken from each of its parts, as written", () => {
    const { configs, label } = readDatabaseUrl(
      "postgresql://a%40b:p%2F%25@[2001:db8::1]:6432/my%20db?application_name=tower&options=-c%20search_path%3Dapp&connect_timeout=3" +
        "&keepalives=0&keepalives_idle=7&channel_binding=require&sslmode=require&target_session_attrs=read-write",
      undefined,
      {}
    )
    expect(configs).toEqual([
      expect.objectContaining({
        ...{ user: "a@b", password: "p/%", host: "2001:db8::1", port: 6432, database: "my db" },
        ...{ application_name: "tower", options: "-c search_path=app", connectionTimeoutMillis: 3000 },
        ...{ keepAlive: false, keepAliveInitialDelayMillis: 7000, enableChannelBinding: true, ssl: unchecked }
      })
    ])
    expect(label).toBe("[2001:db8::1]:6432/my db")
  })

  it("may stand behind the question mark", () => {
    const { configs, label } = readDatabaseUrl(
      "postgres://?host=db.example.com&port=6432&user=ada&password=a%2Bb+c&dbname=x",
      "off",
      {}
    )
    expect(configs).toEqual([
      expect.objectContaining({ host: "db.example.com", port: 6432, user: "ada", password: "a+b+c", database: "x" })
    ])
    expect(label).toBe("db.example.com:6432/x")
  })

  it("goes over the environment, which says the rest", () => {
    const environment = { PGCONNECT_TIMEOUT: "4", PGCHANNELBINDING: "prefer" }
    expect(read("localhost/x", undefined, environment).configs[0]).toMatchObject({
      connectionTimeoutMillis: 4000,
      enableChannelBinding: true
    })
    expect(read("localhost/x?connect_timeout=9", undefined, environment).configs[0]).toMatchObject({
      connectionTimeoutMillis: 9000
    })
  })

  it.each([
    ["localhost/x?sslmod=require", undefined, {}, /sslmod,.*sslmode/],
    ["localhost/x?schema=app", undefined, {}, /schema.*options/],
    ["localhost/x?statement_timeout=1", undefined, {}, /statement_timeout/],
    ["localhost/x?sslmode=always", undefined, {}, /sslmode=always.*verify-full/],
    ["localhost/x?ssl=maybe", undefined, {}, /ssl=maybe/],
    ["localhost/x?sslmode=require&sslmode=disable", undefined, {}, /sslmode twice/],
    ["localhost/x?ssl=true&sslmode=disable", undefined, {}, /ssl=true and sslmode=disable/],
    ["db.example.com/x?sslmode=require", "off", {}, /DATABASE_SSL is off.*require/],
    ["localhost/x?sslmode=verify-full", "off", {}, /DATABASE_SSL is off.*verify-full/],
    ["localhost/x", "off", { PGSSLMODE: "require" }, /PGSSLMODE/],
    ["localhost/x?sslmode=disable", "require", {}, /DATABASE_SSL demands/],
    ["localhost/x", undefined, { PGSSLMODE: "always" }, /PGSSLMODE says sslmode=always/],
    ["localhost/x?sslrootcert=/no/such/file", undefined, {}, /sslrootcert=\/no\/such\/file/],
    ["localhost/x?sslmode=prefer&sslrootcert=system", undefined, {}, /sslrootcert=system.*verify-full/],
    ["localhost/x?sslmode=disable&sslrootcert=system", undefined, {}, /sslrootcert would have no effect/],
    ["localhost/x?sslcert=/no/such/file", undefined, {}, /sslcert and sslkey/],
    ["localhost/x?channel_binding=require", undefined, {}, /channel_binding=require needs encryption/],
    ["localhost/x?sslnegotiation=direct", undefined, {}, /sslnegotiation=direct needs encryption/],
    ["localhost/x?channel_binding=always", undefined, {}, /channel_binding=always/],
    ["localhost/x?target_session_attrs=read-only", undefined, {}, /target_session_attrs=read-only/],
    ["localhost/x?client_encoding=LATIN1", undefined, {}, /client_encoding=LATIN1/],
    ["localhost/x?gssencmode=require", undefined, {}, /gssencmode=require/],
    ["localhost/x?connect_timeout=soon", undefined, {}, /connect_timeout=soon/],
    ["localhost/x?port=99999", undefined, {}, /port=99999/],
    ["a.example.com,b.example.com/x", undefined, {}, /several hosts/],
    ["a.example.com:5432,b.example.com:5433/x", undefined, {}, /several hosts/],
    ["/x?host=a.example.com,b.example.com", undefined, {}, /several hosts/],
    ["/x?host=/run&sslmode=require", undefined, {}, /Unix socket.*not encrypted/],
    ["/x?host=/run", "require", {}, /Unix socket.*not encrypted/],
    ["localhost/x", undefined, { PGSERVICE: "main" }, /PGSERVICE/],
    ["localhost/%zz", undefined, {}, /cannot be read/]
  ] as const)("is refused by name when it cannot be done: %s %s %j", (rest, ssl, environment, told) => {
    expect(() => read(rest, ssl, { ...environment })).toThrow(
      expect.objectContaining({ name: "DatabaseSettingInvalid", message: expect.stringMatching(told) })
    )
    expect(() => read(rest, ssl, { ...environment })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("sesame") })
    )
  })

  it("ends the start of the server and of the scripts in one line", async () => {
    const environment = { DATABASE_URL: "postgres://ada:sesame@127.0.0.1:1/x?sslmod=require" }
    const refused = await refusedStart(environment)
    expect(refused).toEqual({ code: 1, output: expect.stringMatching(/^DATABASE_URL says sslmod, .*\n$/) })
    const { exitCode, stderr } = await runScript("scripts/migrate.ts", [], environment)
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^DatabaseSettingInvalid: DATABASE_URL says sslmod, .*\n$/)
    ])
  })

  it.each(["src/main.js", "scripts/migrate.ts"])(
    "is completed by PostgreSQL's variables in .env: %s",
    async (script) => {
      const folder = await mkdtemp(join(tmpdir(), "silktower-env-"))
      cleanups.push(() => rm(folder, { recursive: true, force: true }))
      await writeFile(join(folder, ".env"), "DATABASE_URL=postgres://ada@127.0.0.1:1/x\nPGSSLMODE=always\n")
      const { stderr } = await promisify(execFile)(
        process.execPath,
        [fileURLToPath(new URL(`../../../../${script}`, import.meta.url))],
        {
          cwd: folder,
          env: { PATH: process.env["PATH"] }
        }
      ).catch((error: { stderr: string }) => error)
      expect(stderr).toContain("PGSSLMODE says sslmode=always")
    }
  )

  it("is waited for as long as connect_timeout says", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const sockets: Socket[] = []
    server.on("connection", (socket) => sockets.push(socket))
    cleanups.push(
      () => server.close(),
      () => sockets.forEach((socket) => socket.destroy())
    )
    const { port } = server.address() as { port: number }
    const opened = openDatabase({
      tables,
      url: `postgres://ada@127.0.0.1:${port}/x?connect_timeout=1`,
      dataDirectory: ""
    })
    await expect(opened).rejects.toMatchObject({
      name: "DatabaseUnreachable",
      reason: expect.stringContaining("timeout")
    })
  })
})

const makeCertificate = async (name: string) => {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }
    ]
  })
  return { cert, key }
}

const programs = postgresPrograms()

// Where tests must not be left out, this one fails without PostgreSQL's programs.
describe.skipIf(programs === undefined && process.env["CI"] === undefined)("a PostgreSQL that speaks TLS", () => {
  let cluster: Cluster
  let folder: string
  beforeAll(async () => {
    expect(programs).toBeDefined()
    folder = await mkdtemp(join(tmpdir(), "silktower-tls-"))
    const [own, client, other] = await Promise.all(["server", "certified", "other"].map(makeCertificate))
    const files = {
      "server.crt": own?.cert,
      "client.crt": client?.cert,
      "client.key": client?.key,
      "other.crt": other?.cert
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text ?? "")
    cluster = await createCluster(programs as string, {
      tls: { certificate: own?.cert ?? "", key: own?.key ?? "", authority: client?.cert ?? "" },
      access: [
        "local all all trust",
        "hostssl all encrypted 127.0.0.1/32 trust",
        "hostnossl all plain 127.0.0.1/32 trust",
        "hostssl all bound 127.0.0.1/32 scram-sha-256",
        "hostssl all digest 127.0.0.1/32 md5",
        "hostssl all certified 127.0.0.1/32 cert",
        "host all postgres 127.0.0.1/32 trust"
      ]
    })
    await cluster.start()
    await withClient(cluster.url, async (client) => {
      await migrate(client)
      await client.query(`create role encrypted superuser login; create role plain superuser login; create role certified superuser login;
        create role bound superuser login password 'sesame'; set password_encryption = 'md5'; create role digest superuser login password 'sesame'`)
    })
  }, 120_000)
  afterAll(async () => {
    await cluster?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  /** What the pool's connection is like. */
  const look = async (user: string, query: string, host = "127.0.0.1") => {
    const url = new URL(cluster.url)
    const database = await openDatabase({
      tables,
      url: `postgres://${user}:sesame@${host}:${url.port}/postgres?${query.replaceAll("FOLDER", folder)}`,
      dataDirectory: ""
    })
    try {
      const { rows } = await database.pool.query(sql.unsafe`
        select ssl, application_name as name from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()`)
      return rows[0] as { ssl: boolean; name: string }
    } finally {
      await database.close()
    }
  }

  it.each([
    ["postgres", "", false],
    ["postgres", "sslmode=require", true],
    ["postgres", "sslmode=no-verify", true],
    ["postgres", "ssl=true", true],
    ["postgres", "ssl=no-verify", true],
    ["postgres", "sslmode=prefer", true],
    ["postgres", "sslmode=allow", false],
    ["plain", "sslmode=prefer", false],
    ["encrypted", "sslmode=allow", true],
    ["certified", "sslcert=FOLDER/client.crt&sslkey=FOLDER/client.key", true],
    ["bound", "sslmode=require&channel_binding=require", true],
    ["postgres", "sslmode=require&ssl_min_protocol_version=TLSv1.3", true],
    ["postgres", "sslmode=verify-ca&sslrootcert=FOLDER/server.crt", true]
  ])("is spoken to by %s as the URL says: %s", async (user, query, ssl) => {
    expect(await look(user, query)).toEqual({ ssl, name: "silktower" })
  })

  it("is believed by its certificate and name, when that is asked for", async () => {
    expect(await look("postgres", "sslmode=verify-full&sslrootcert=FOLDER/server.crt", "localhost")).toMatchObject({
      ssl: true
    })
  })

  it.each([
    ["postgres", "sslmode=verify-full&sslrootcert=FOLDER/other.crt", "localhost", /certificate/],
    ["postgres", "sslmode=verify-full&sslrootcert=FOLDER/server.crt", "127.0.0.1", /127\.0\.0\.1/],
    ["postgres", "sslmode=require&sslrootcert=FOLDER/other.crt", "127.0.0.1", /certificate/],
    ["plain", "sslmode=require", "127.0.0.1", /28000/],
    ["encrypted", "", "127.0.0.1", /DATABASE_SSL=require encrypts/],
    ["postgres", "sslmode=require&channel_binding=require", "127.0.0.1", /channel binding/],
    ["digest", "sslmode=require&channel_binding=require", "127.0.0.1", /channel binding/]
  ])("does not get %s in against the URL: %s at %s", async (user, query, host, reason) => {
    await expect(look(user, query, host)).rejects.toMatchObject({
      name: "DatabaseUnreachable",
      reason: expect.stringMatching(reason)
    })
  })

  it("is told the name that the URL gives the server, or the environment", async () => {
    expect(await look("postgres", "application_name=tower")).toMatchObject({ name: "tower" })
    vi.stubEnv("PGAPPNAME", "from the environment")
    expect(await look("postgres", "")).toMatchObject({ name: "from the environment" })
  })

  it("is served over its Unix socket, which is named by its folder", async () => {
    const { port } = new URL(cluster.url)
    const url = `postgresql://postgres:sesame@/postgres?host=${cluster.socketDirectory}&port=${port}`
    const server = await startServer({ DATABASE_URL: url })
    expect(server.database).toBe(`PostgreSQL at ${cluster.socketDirectory}:${port}/postgres`)
    expect((await fetch(`${server.http}/readyz`)).status).toBe(200)
    await server.stop()
    const environment = {
      DATABASE_URL: `postgres://postgres@${encodeURIComponent(cluster.socketDirectory)}:${port}/postgres`
    }
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
  })
})
