/** The server as a part of another program, on a port of its own. */
import { once } from "node:events"
import { createServer as createHttp2Server } from "node:http2"
import { createServer } from "node:net"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { type ServerOptions, startServer } from "../../../src/startServer.ts"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { seedEmbeddedDatabase } from "../../support/embeddedTemplate.ts"
import { useLiveHandles } from "../../support/liveHandles.ts"
import { connect, meetInFlight } from "../../support/server.ts"
import { folderForThisTest } from "../../support/useThroughout.ts"

const live = useLiveHandles()

const place = async (): Promise<{ readonly dataDir: string }> => {
  const dataDir = await folderForThisTest()
  seedEmbeddedDatabase({ DATA_DIR: dataDir })
  return { dataDir }
}

const start = async (options: ServerOptions) => {
  const server = await startServer({ host: "127.0.0.1", port: 0, ...options })
  onTestFinished(() => server.close())
  return server
}

const answer = async (url: string | null): Promise<string> => (await fetch(`${url}`)).text()

/** What a program has said that it does when something happens to the process. */
const processListeners = () =>
  ["SIGTERM", "SIGINT", "SIGHUP", "uncaughtException", "unhandledRejection", "exit", "warning"].map((event) => [
    event,
    process.listenerCount(event)
  ])

describe("a server that a program starts", () => {
  it("runs beside another one, and leaves nothing behind", async () => {
    const before = processListeners()
    const lines: string[] = []
    const logger = (line: string) => void lines.push(line)
    const one = await startServer({ host: "127.0.0.1", port: 0, ...(await place()), logger })
    const other = await startServer({ host: "127.0.0.1", port: 0, ...(await place()) })
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(one.address).toMatchObject({ address: "127.0.0.1", port: Number(new URL(`${one.url}`).port) })
    expect(other.url).not.toBe(one.url)

    const otherUrl = `${other.url}`
    const ws = `${one.url}`.replace("http", "ws")
    const [ada, bob] = [await connect(ws), await connect(ws)]
    await meetInFlight(ada, bob)
    expect(await answer(`${other.url}/healthz`)).toBe("ok")
    const told = ada.until("server-shutdown")
    const closing = one.close()
    await told
    await closing
    expect(one.close()).toBeInstanceOf(Promise)
    expect(await answer(`${other.url}/healthz`)).toBe("ok")
    await other.close()
    expect([other.url, other.address]).toEqual([null, null])
    await expect(fetch(otherUrl)).rejects.toThrow("fetch failed")

    expect(lines.map((line) => JSON.parse(line).message)).toEqual(
      expect.arrayContaining(["system:startup", "system:shutdown"])
    )
    await Promise.all([ada, bob].map((client) => (client.socket.readyState < 3 ? client.closed() : undefined)))
    await expect.poll(live).toEqual([])
    expect(processListeners().map(([event, count]) => [event, count])).toEqual(before)
  })

  it("reads the environment only if it is given it, and options go over it", async () => {
    const atHand = { DROPSILK_PATH: "/from-the-environment", SFU_PATH: "nonsense", PORT: "1" }
    for (const [name, value] of Object.entries(atHand)) vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    const deaf = await start(await place())
    expect((await fetch(`${deaf.url}/api/rooms/ABC234`)).status).toBe(400)
    await deaf.close()

    await expect(start({ env: process.env })).rejects.toThrow("SFU_PATH=nonsense: expected a path")
    const told = await start({ ...(await place()), env: { ...atHand, SFU_PATH: "off" } })
    expect((await fetch(`${told.url}/from-the-environment/api/rooms/ABC234`)).status).toBe(400)
    expect((await fetch(`${told.url}/api/rooms/ABC234`)).status).toBe(404)
  })

  it("serves protocols where they are wanted, and tells what has no effect", async () => {
    const server = await start({
      ...(await place()),
      allowedOrigins: ["https://app.example.org"],
      trustProxy: ["loopback", "10.0.0.0/8"],
      protocols: {
        dropsilk: "/files",
        noisytransfer: false,
        "named-peers": "/peers",
        rondevu: false,
        "rondevu-sessions": "/sessions",
        sfu: false
      },
      settings: { TURN_TTL_SECONDS: 120, LOG_LEVEL: "warn" }
    })
    expect((await fetch(`${server.url}/files/asyncapi.json`)).status).toBe(200)
    expect((await fetch(`${server.url}/peers/asyncapi.json`)).status).toBe(200)
    expect((await fetch(`${server.url}/noisytransfer/asyncapi.json`)).status).toBe(404)
    expect(await (await fetch(`${server.url}/sessions`)).json()).toHaveProperty("version")
    const allowed = async (origin: string) => {
      const { headers } = await fetch(`${server.url}/files/api/rooms/ABC234`, { headers: { origin } })
      return headers.get("access-control-allow-origin")
    }
    expect(await allowed("https://app.example.org")).toBe("https://app.example.org")
    expect(await allowed("https://dropsilk.xyz")).toBeNull()
    expect(server.warnings).toContain("TURN_TTL_SECONDS has no effect without TURN_URLS")
  })
})

describe("a server that cannot be started", () => {
  it.each<[string, unknown, string | RegExp]>([
    ["what is no object", null, "expected an object of options"],
    ["an unknown option", { prot: 9000 }, "prot: there is no such option, did you mean port?"],
    ["one that is like no other", { colour: "red" }, "colour: there is no such option, expected one of port, host, "],
    ["a port that is a text", { port: "9000" }, "port: expected a number"],
    ["a port that is none", { port: 99_999 }, "port=99999: expected a port (0: the system chooses)"],
    ["a host that is none", { host: "no host" }, "host=no host: expected an address or host name"],
    [
      "a wrong database",
      { databaseUrl: "mysql://u:sesame@h/x" },
      /databaseUrl=<redacted>: expected a URL like postgres/
    ],
    ["an origin that is none", { allowedOrigins: ["*.example.org"] }, "allowedOrigins=*.example.org: expected origins"],
    [
      "an unknown protocol",
      { protocols: { dropsilc: "/" } },
      "dropsilc: there is no such protocol, did you mean dropsilk?"
    ],
    ["a protocol at a number", { protocols: { dropsilk: 7 } }, "protocols.dropsilk: expected a path, or false"],
    [
      "a protocol where the server answers",
      { protocols: { rondevu: "/docs" } },
      "protocols.rondevu=/docs: expected a path"
    ],
    [
      "an unknown variable",
      { settings: { TURN_SECERT: "x" } },
      "TURN_SECERT: there is no such variable, did you mean TURN_SECRET?"
    ],
    ["a wrong variable", { settings: { TURN_SECRET: {} } }, "settings.TURN_SECRET: expected a string or a number"],
    [
      "the same said twice",
      { port: 0, settings: { PORT: 0 } },
      "settings.PORT: expected it once, and port says the same"
    ],
    ["a base without a server", { basePath: "/x" }, "basePath: expected it together with server"],
    ["something else than a server", { server: {} }, "server: expected a server of node:http or node:https"],
    ["a server of HTTP/2", { server: createHttp2Server() }, "server: expected a server of node:http or node:https"],
    ["a server without HTTP", { server: createServer() }, "server: expected a server of node:http or node:https"],
    ["a logger that is none", { logger: "yes" }, "logger: expected true, false or a function"]
  ])("says what is wrong with %s", async (_, options, fault) => {
    const refused = await startServer(options as ServerOptions).catch((error) => error)
    expect(refused).toMatchObject({ name: "OptionsInvalid" })
    expect(refused.faults).toEqual([
      typeof fault === "string" ? expect.stringContaining(fault) : expect.stringMatching(fault)
    ])
    expect(refused.message).toContain(refused.faults[0])
    expect(refused.message).not.toContain("sesame")
  })

  it("tells all that is wrong at once", async () => {
    const refused = await startServer({ port: -1, host: "", trustProxy: "everyone" }).catch((error) => error)
    expect(refused.faults).toHaveLength(3)
  })

  it("says by name what it cannot have, and lets go of the rest", async () => {
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as { port: number }
    const here = await place()
    await expect(start({ ...here, port })).rejects.toMatchObject({ name: "CannotListen" })
    const server = await start(here)
    await expect(start(here)).rejects.toMatchObject({ name: "DataDirectoryInUse" })
    await server.close()
    await expect.poll(live).toEqual([])
  })
})

describeOnPostgres("a server that a program starts on PostgreSQL", () => {
  const url = useDatabase()

  it("does not look into the process's environment for what the URL does not say", async () => {
    const { username, pathname, host } = new URL(url)
    for (const [name, value] of Object.entries({
      PGOPTIONS: "-c search_path=nowhere",
      PGAPPNAME: "somebody",
      PGUSER: "nobody",
      PGPASSWORD: "sesame",
      PGDATABASE: "nothing",
      PGSSLMODE: "verify-full"
    }))
      vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    const server = await start({ databaseUrl: `postgres://${host}${pathname}`, env: { PGUSER: username } })
    expect(await answer(`${server.url}/readyz`)).toContain("ready")
    await expect(start({ databaseUrl: url, env: process.env })).rejects.toThrow()
  })
})
