/** What named peers answer over HTTP, and which upgrades become a socket. */
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { serverForThisTest, useServer } from "../../support/useServer.ts"
import { clientCount, connectPeer, usePeers } from "./peerClient.ts"

/** The answer to an upgrade that is refused. */
const refusal = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
  const socket = new WebSocket(url, { headers })
  socket.on("error", () => {})
  const [, response] = await once(socket, "unexpected-response")
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode as number, body: Buffer.concat(chunks).toString() }
}

describe("named peers over HTTP", () => {
  const server = useServer()
  const peer = usePeers(server)
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${server.http}/named-peers${path}`, init)
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: await response.text(),
      headers: response.headers
    }
  }

  it("say that they are healthy, and how many are logged in, in all spaces", async () => {
    const { status, type, body } = await ask("/health")
    expect({ status, type }).toEqual({ status: 200, type: "application/json" })
    const health = JSON.parse(body)
    expect(Object.keys(health)).toEqual(["status", "clientCount", "uptime", "timestamp"])
    expect(health).toMatchObject({ status: "healthy", clientCount: 0 })
    expect(health.uptime).toBeGreaterThan(0)
    expect(health.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Math.abs(Date.parse(health.timestamp) - Date.now())).toBeLessThan(1000)

    await peer()
    expect(await clientCount(server)).toBe(0)
    const paris = await peer({ name: "paris" })
    expect(await clientCount(server)).toBe(1)
    const nantes = await peer({ name: "nantes", query: "?space=studio-7" })
    expect(await clientCount(server)).toBe(2)
    paris.cut()
    await expect.poll(() => clientCount(server), { timeout: 100, interval: 10 }).toBe(1)
    await nantes.close()
    await expect.poll(() => clientCount(server), { timeout: 100, interval: 10 }).toBe(0)
  })

  it.each(["", "/", "?space=studio-7", "/?space=bad!"])("ask for an upgrade on the base%s", async (path) => {
    const { status, body, type, headers } = await ask(path)
    expect({ status, body, type }).toEqual({ status: 426, body: "Upgrade Required", type: "text/plain; charset=utf-8" })
    expect(headers.get("upgrade")).toBe("websocket")
  })

  it.each([
    ["/clients", "GET"],
    ["/health/", "GET"],
    ["/health/x", "GET"],
    ["/nowhere", "GET"],
    ["/health", "POST"],
    ["", "POST"],
    ["/%", "GET"]
  ])("know nothing of %s by %s", async (path, method) => {
    const { status, body, type } = await ask(path, { method })
    expect({ status, body, type }).toEqual({ status: 404, body: "Not Found", type: "text/plain; charset=utf-8" })
  })

  it.each(["/named-peers", "/named-peers/", "/named-peers/?space=studio-7", "/named%2Dpeers"])(
    "upgrade at %s",
    async (path) => {
      expect(await (await peer({ path })).logIn("paris")).toEqual(["paris"])
    }
  )

  it.each(["/named-peers/health", "/named-peers/x", "/named-peers//"])("upgrade nothing at %s", async (path) => {
    expect(await refusal(server.ws + path)).toEqual({ status: 404, body: "Not Found" })
  })

  it.each(["", "a".repeat(65), "a b", "é", "a/b", "a&space=a", "(common)", "%00"])(
    "refuse the space %j",
    async (space) => {
      expect(await refusal(`${server.ws}/named-peers?space=${space}`)).toEqual({ status: 400, body: "invalid space" })
    }
  )

  it.each(["a", "A-Z_09", "x".repeat(64), "__proto__", "constructor", "st%75dio"])(
    "take the space %j",
    async (space) => {
      const client = await peer({ query: `?space=${space}` })
      expect(await client.logIn("paris")).toEqual(["paris"])
    }
  )

  it("describe every frame, error and close code, and what each frame costs", async () => {
    const { body, type } = await ask("/asyncapi.json")
    expect(type).toBe("application/json")
    const document = JSON.parse(body)
    expect(document.asyncapi).toBe("3.0.0")
    expect(document.channels.socket.address).toBe("/named-peers")
    const { messages } = document.channels.socket
    expect(Object.keys(messages).toSorted()).toEqual(
      [
        ...["login", "ping", "message", "stream_started", "stream_stopped", "stream_restored", "page_opened"].map(
          (type) => `client.${type}`
        ),
        ...["login_success", "peer_connected", "peer_disconnected", "pong", "error", "message"].map(
          (type) => `server.${type}`
        )
      ].toSorted()
    )
    for (const { payload, summary } of Object.values<any>(messages)) {
      expect(payload.type).toBe("object")
      expect(payload.required).toContain("type")
      expect(summary).not.toBe("")
    }
    expect(messages["client.stream_started"]["x-budgets"]).toEqual(["frames", "announcements"])
    for (const word of ["name_taken", "rate_limit_exceeded", "4000", "4002", "1013"]) {
      expect(document.info.description).toContain(word)
    }
    const { paths } = (await (await fetch(`${server.http}/openapi.json`)).json()) as { paths: object }
    expect(paths).toHaveProperty(["/named-peers/health"])
  })
})

describe("where they are mounted", () => {
  it("is what NAMED_PEERS_PATH says: the root of the port as well", async () => {
    const server = await serverForThisTest({ DROPSILK_PATH: "/dropsilk", NAMED_PEERS_PATH: "/" })
    const client = await connectPeer(server, { path: "/", name: "paris" })
    expect(await (await fetch(`${server.http}/health`)).json()).toMatchObject({ status: "healthy", clientCount: 1 })
    expect((await fetch(server.http)).status).toBe(426)
    expect(await refusal(`${server.ws}/named-peers`)).toEqual({ status: 404, body: "Not Found" })
    await client.close()
  })

  it("may be nowhere at all", async () => {
    const server = await serverForThisTest({ NAMED_PEERS_PATH: "off" })
    expect((await fetch(`${server.http}/named-peers/health`)).status).toBe(404)
  })
})

describeOnPostgres("pages of other origins", () => {
  const databaseUrl = useDatabase()
  const knock = async (ws: string, origin?: string) => {
    const socket = new WebSocket(`${ws}/named-peers`, origin === undefined ? {} : { origin })
    socket.on("error", () => {})
    const opened = once(socket, "open").then(() => "open" as const)
    const refused = once(socket, "unexpected-response").then(([, { statusCode }]) => statusCode as number)
    const answer = await Promise.race([opened, refused])
    socket.terminate()
    return answer
  }

  it.each([
    ["any in development", { NODE_ENV: "development" }, ["https://a.example", "https://b.example"], []],
    [
      "those of ALLOWED_ORIGINS in production",
      { NODE_ENV: "production", ALLOWED_ORIGINS: "https://a.example" },
      ["https://a.example"],
      ["https://b.example"]
    ],
    [
      "those of NAMED_PEERS_ORIGINS where it is set",
      {
        NODE_ENV: "production",
        ALLOWED_ORIGINS: "https://a.example",
        NAMED_PEERS_ORIGINS: "https://b.example,c.example,::1"
      },
      ["https://b.example", "https://c.example", "http://c.example:8080", "http://[::1]:8080"],
      ["https://a.example", "https://b.example:8443"]
    ]
  ] as const)("are let in: %s; machines always are", async (_, environment, admitted, refused) => {
    const server = await serverForThisTest({ DATABASE_URL: databaseUrl, ...environment })
    for (const origin of admitted) expect(await knock(server.ws, origin), origin).toBe("open")
    for (const origin of refused) expect(await knock(server.ws, origin), origin).toBe(403)
    expect(await knock(server.ws)).toBe("open")
  })
})
