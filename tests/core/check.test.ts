/** `silktower check`: what it tries, what it says of it, and that it leaves no trace and no secret. */
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { check, report } from "../../src/check/check.ts"
import { loadConfig } from "../../src/config/config.ts"
import { probeIceServer } from "../../src/io/services/iceProbe.ts"
import { protocols } from "../../src/protocols.ts"
import { createPostgresDatabase, describeOnPostgres, useDatabase } from "../support/databases.ts"
import { refusedStart } from "../support/process.ts"
import { useServer } from "../support/useServer.ts"
import { folderForThisTest, folderWith, useFolder } from "../support/useThroughout.ts"
import { skipsCoturn, startCoturn } from "./io/services/coturn.ts"

type Environment = Readonly<Record<string, string>>

const nowhere = useFolder()

/** What is said of one thing, each with how it is meant. */
const found = async (about: string, environment: Environment, warnings: readonly string[] = []) => {
  const given = { HOST: "127.0.0.1", PORT: "0", DATA_DIR: join(nowhere, "data"), ...environment }
  const config = await Effect.runPromise(loadConfig(given, [], protocols))
  const findings = await check({ config, protocols, warnings })
  expect(JSON.stringify(findings) + report(findings)).not.toMatch(/sesame|hush/)
  return findings.filter((each) => each.about === about).map(({ state, says }) => `${state}: ${says}`)
}

const stranger = async (): Promise<number> => {
  const server = createServer((_, response) => response.writeHead(404).end()).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe("check", () => {
  const directory = useFolder()
  const server = useServer(() => ({ DATA_DIR: directory }))

  it("finds nothing wrong where nothing is set, and makes nothing", async () => {
    const folder = await folderForThisTest()
    const { code, output } = await refusedStart({ DATA_DIR: join(folder, "data") }, ["check"])
    expect({ code, end: output.trim().split("\n").at(-1) }).toEqual({ code: 0, end: "The server can be started." })
    expect(output).toContain("is not there yet. The first start makes it")
    expect(existsSync(join(folder, "data"))).toBe(false)
  })

  it("ends with 1 when something must be changed, of the configuration or of what it names", async () => {
    const wrong = await refusedStart({ PORT: "eighty", DATABASE_URL: "mysql://u:hush@h/x" }, ["check"])
    expect(wrong.code).toBe(1)
    expect(wrong.output).toContain("PORT=eighty: expected a port")
    const unreachable = await refusedStart({ DATABASE_URL: "postgres://u:hush@127.0.0.1:9/x", TURN_SECERT: "sesame" }, [
      "check"
    ])
    expect(unreachable.code).toBe(1)
    expect(unreachable.output).toMatch(/^FAULT {2}database .*Cannot use PostgreSQL at 127\.0\.0\.1:9\/x/m)
    expect(unreachable.output).toContain("TURN_SECERT is not read: did you mean TURN_SECRET?\n")
    expect(unreachable.output).toContain("One thing must be changed first.")
    expect(unreachable.output).not.toMatch(/hush|sesame/)
  })

  it("tells a server of ours that runs from a stranger at its port", async () => {
    expect(await found("port", { PORT: `${server.port}` })).toEqual([
      `note: Port ${server.port} of 127.0.0.1 is taken by a server like this one, which runs: a second one needs another (PORT, or --port).`
    ])
    const port = await stranger()
    expect(await found("port", { PORT: `${port}` })).toEqual([
      `fault: Port ${port} of 127.0.0.1 is taken by another program: end that one, or set PORT (or --port) to another port.`
    ])
    expect(await found("port", { HOST: "192.0.2.99", PORT: "1" })).toEqual([expect.stringMatching(/^fault: .*HOST/)])
    expect(await found("database", { DATA_DIR: directory })).toEqual([expect.stringContaining("note: The embedded ")])
  })

  it("follows the public URL, and knows whether anything can be there", async () => {
    const PUBLIC_SERVER_URL = `http://127.0.0.1:${await stranger()}`
    const about = "public URL"
    expect(await found(about, {})).toEqual([])
    expect(await found(about, { PUBLIC_SERVER_URL: server.http })).toEqual([
      `good: ${server.http} leads to a server like this one.`
    ])
    expect(await found(about, { PUBLIC_SERVER_URL })).toEqual([
      `note: ${PUBLIC_SERVER_URL}/healthz answers with status 404, and no server runs here yet: check again when one does.`
    ])
    expect(await found(about, { PUBLIC_SERVER_URL, PORT: `${server.port}` })).toEqual([
      expect.stringMatching(/^fault: /)
    ])
  })

  it("says whose word is taken for addresses, and which pages may come", async () => {
    expect(await found("proxy", {})).toEqual([expect.stringContaining("believed from loopback, private networks.")])
    expect(await found("proxy", { TRUST_PROXY: "2" })).toEqual([expect.stringMatching(/^note: The nearest 2 /)])
    expect(await found("proxy", { TRUST_PROXY: "none" })).toEqual([expect.stringContaining("believed from nobody")])
    expect(await found("origins", { ALLOWED_ORIGINS: "https://app.example.org" })).toEqual([
      expect.stringContaining("good: Pages of https://app.example.org may come;")
    ])
  })

  it("looks at certificates", async () => {
    const folder = await folderWith({ "cert.pem": "none", "key.pem": "none" })
    const files = { TLS_CERT_FILE: join(folder, "cert.pem"), TLS_KEY_FILE: join(folder, "key.pem") }
    expect(await found("TLS", files)).toEqual([expect.stringContaining("cannot be used together")])
    expect(await found("TLS", {})).toEqual([])
  })

  it("says why calls for many are off, or cannot be had", async () => {
    const MEDIASOUP_WORKER_BIN = join(nowhere, "no-worker")
    const why = `Calls cannot be carried: MEDIASOUP_WORKER_BIN names ${MEDIASOUP_WORKER_BIN}, which is no program`
    expect(await found("sfu", { MEDIASOUP_WORKER_BIN })).toEqual([
      expect.stringContaining(`note: Off. SFU_PATH=/sfu would serve it there. ${why}`)
    ])
    expect(await found("sfu", { MEDIASOUP_WORKER_BIN, SFU_PATH: "/calls" })).toEqual([
      "good: Served at /calls.",
      expect.stringContaining(`fault: ${why}`)
    ])
  })

  it("says what is wrong with previews", async () => {
    expect(await found("dropsilk", { UPLOADTHING_TOKEN: "hush" })).toEqual([
      "good: Served at /.",
      "fault: UPLOADTHING_TOKEN is no token as UploadThing shows it. Previews are off."
    ])
  })

  it("tells of STUN and TURN servers that do not answer, and of none", async () => {
    expect(await found("TURN", {})).toEqual([expect.stringMatching(/^note: No STUN or TURN server is set/)])
    const silent = { TURN_URLS: "turn:127.0.0.1:9,turns:127.0.0.1:9?transport=tcp", TURN_SECRET: "sesame" }
    expect(await found("TURN", silent)).toEqual([
      expect.stringMatching(/^fault: turn:127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\), \d+ ms\./),
      expect.stringMatching(/^fault: turns:127\.0\.0\.1:9\?transport=tcp cannot be reached \(ECONNREFUSED\)/)
    ])
  })

  it("does not wait for ever for a server that takes what it is sent and says nothing", async () => {
    const port = await stranger()
    const probed = await probeIceServer({ url: `turn:127.0.0.1:${port}?transport=tcp` }, 300)
    expect(probed).toMatchObject({ outcome: "silent" })
    expect(probed.milliseconds).toBeLessThan(5_000)
  })
})

describe.skipIf(skipsCoturn())("check, of a TURN server", () => {
  it("tells good credentials from others, and where one comes from", async () => {
    const turn = await startCoturn("sesame")
    onTestFinished(() => turn.stop())
    const at = `127.0.0.1:${turn.port}`
    const TURN_URLS = `turn:${at}?transport=udp`
    expect(await found("TURN", { STUN_URLS: `stun:${at}`, TURN_URLS, TURN_SECRET: "sesame" })).toEqual([
      expect.stringMatching(/^good: stun:127\S+ answers, \d+ ms\.$/),
      expect.stringMatching(/^good: turn:127\S+ takes the credentials and relays, \d+ ms\.$/)
    ])
    expect(await found("TURN", { TURN_URLS, TURN_SECRET: "hush" })).toEqual([
      expect.stringMatching(/^fault: turn:127\S+ does not take the credentials, \d+ ms\. Its own secret/)
    ])
    expect(await found("TURN", { STUN_URLS: `stun:${at}` })).toEqual([
      expect.stringMatching(/^good: /),
      expect.stringMatching(/^note: There is no TURN server/)
    ])
  })
})

describeOnPostgres("check, of PostgreSQL", () => {
  const url = useDatabase()

  it("says that all is there, or what is not and what makes it; migrate makes it", async () => {
    expect(await found("database", { DATABASE_URL: url })).toEqual([
      expect.stringMatching(/^good: PostgreSQL at \S+ answers, and all tables are there\.$/)
    ])
    const empty = await createPostgresDatabase()
    onTestFinished(() => empty.remove())
    const DATABASE_URL = empty.url
    expect(await found("database", { DATABASE_URL })).toEqual([
      expect.stringMatching(/^fault: .* has no .*Create what is missing with: npm run migrate\.$/)
    ])
    const migrated = await refusedStart({ DATABASE_URL }, ["migrate"])
    expect(migrated.code).toBe(0)
    expect(migrated.output).toMatch(/is up to date now\. Applied: 0001_/)
    expect((await refusedStart({ DATABASE_URL }, ["migrate"])).output).toMatch(/is up to date: nothing to do\.\n$/)
    expect(await found("database", { DATABASE_URL })).toEqual([expect.stringMatching(/^good: /)])
  })
})

describe("flags", () => {
  it("name another file of variables, which must be there, and a folder for the data", async () => {
    const folder = await folderWith({ "here.env": "LOG_LEVEL=shouting\n" })
    const [named, missing] = await Promise.all([
      refusedStart({}, ["check", `--env-file=${join(folder, "here.env")}`]),
      refusedStart({}, ["check", `--env-file=${join(folder, "not-there.env")}`])
    ])
    expect(named.output).toContain("LOG_LEVEL=shouting: expected one of")
    // Node looks at this flag as well, and is the first to say so.
    expect(missing.code).toBeGreaterThan(0)
    expect(missing.output).toMatch(/not-there\.env(?:: not found| cannot be read \(ENOENT\))/)
    const { output } = await refusedStart({ DATA_DIR: "elsewhere" }, ["check", `--data-dir=${join(folder, "data")}`])
    expect(output).toContain(`The embedded PostgreSQL in ${join(folder, "data")} is not there yet`)
  })
})
