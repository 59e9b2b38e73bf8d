/** The server within a server of somebody else's, whose own listeners do not notice. */
import { once } from "node:events"
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { connect as connectTcp } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { type ServerOptions, startServer } from "../../../src/startServer.ts"
import { seedEmbeddedDatabase } from "../../support/embeddedTemplate.ts"
import { useLiveHandles } from "../../support/liveHandles.ts"
import { connect, meetInFlight } from "../../support/server.ts"
import { folderForThisTest } from "../../support/useThroughout.ts"

const live = useLiveHandles()

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** An application as Express makes one: handlers that are asked one after the other, and a last word. */
const application = (...handlers: readonly Handler[]) => {
  const seen: string[] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(`${request.method} ${request.url}`)
    const ask = (at: number): void => {
      const handler = handlers[at]
      if (handler !== undefined) return handler(request, response, () => ask(at + 1))
      response.writeHead(404).end("nobody's")
    }
    ask(0)
  }
  return { listener, seen }
}

const page: Handler = ({ url }, response, next) => (url === "/" ? response.end("a home page") : next())
const echo: Handler = (request, response, next) => {
  if (request.method !== "POST") return next()
  request.pipe(response)
}

const listening = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const attach = async (server: Server, options: ServerOptions = {}) => {
  const dataDir = await folderForThisTest()
  seedEmbeddedDatabase({ DATA_DIR: dataDir })
  const attached = await startServer({ server, dataDir, ...options })
  onTestFinished(() => attached.close())
  return attached
}

const text = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text()
const ws = (url: string): string => url.replace("http", "ws")

/** What a client gets that asks for an upgrade which is none of ours, and reads until the connection ends. */
const upgraded = async (url: string, head: string, body = ""): Promise<string> => {
  const { hostname, port } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  socket.write(`${head}\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${body}`)
  let answer = ""
  socket.on("data", (bytes) => {
    answer += bytes
  })
  await once(socket, "close")
  return answer
}

describe("a server attached below a path", () => {
  it("takes what is below it, whatever listens before and after, and gives the host back", async () => {
    const host = createServer()
    const { listener, seen } = application(page, echo)
    host.on("request", listener)
    const before = { request: host.listeners("request"), upgrade: host.listeners("upgrade") }
    const silktower = await attach(host, { basePath: "/signaling" })
    expect([silktower.url, silktower.address]).toEqual([null, null])
    const chat = new WebSocketServer({ server: host, path: "/chat" })
    chat.on("connection", (socket) => socket.send("hello from the host"))
    const url = await listening(host)
    expect(silktower.url).toBe(`${url}/signaling`)

    expect(await text(url)).toBe("a home page")
    expect(await text(`${url}/echo`, { method: "POST", body: "said" })).toBe("said")
    expect(await text(`${url}/healthz`)).toBe("nobody's")
    expect(await text(`${url}/signalingly`)).toBe("nobody's")
    expect(seen).toEqual(["GET /", "POST /echo", "GET /healthz", "GET /signalingly"])
    expect(await text(`${silktower.url}/healthz`)).toBe("ok")
    expect((await fetch(`${silktower.url}/no-such-path`)).status).toBe(404)
    expect(await text(`${silktower.url}/docs`)).toContain("DropSilk")
    expect(seen).toHaveLength(4)

    const [ada, bob] = [await connect(ws(`${silktower.url}`)), await connect(ws(`${silktower.url}`), { path: "" })]
    await meetInFlight(ada, bob)
    const guest = new WebSocket(`${ws(url)}/chat`)
    expect(`${(await once(guest, "message"))[0]}`).toBe("hello from the host")

    const told = ada.until("server-shutdown")
    await Promise.all([told, silktower.close()])
    expect(guest.readyState).toBe(WebSocket.OPEN)
    guest.terminate()
    chat.close()
    expect(await text(`${url}/signaling/healthz`)).toBe("nobody's")
    expect(await text(url)).toBe("a home page")
    expect({ request: host.listeners("request"), upgrade: host.listeners("upgrade") }).toEqual(before)
    expect(Object.hasOwn(host, "emit")).toBe(false)
    // The host's own come about behind us.
    await expect.poll(() => live().filter((made) => !made.includes("attachment.ts"))).toEqual([])
  })

  it("shares a host with another, and either may go first", async () => {
    const host = createServer(application(page).listener)
    const url = await listening(host)
    const [one, other] = [await attach(host, { basePath: "/one" }), await attach(host, { basePath: "/other" })]
    await connect(ws(`${one.url}`))
    await connect(ws(`${other.url}`))
    await one.close()
    expect(await text(`${url}/one/healthz`)).toBe("nobody's")
    expect(await text(`${url}/other/healthz`)).toBe("ok")
    await other.close()
    expect(Object.hasOwn(host, "emit")).toBe(false)
  })
})

describe("a server attached at the root", () => {
  it("takes its own paths and no others", async () => {
    const host = createServer()
    const silktower = await attach(host)
    // Added later, as whoever sets up an application may do.
    const { listener, seen } = application(page, echo)
    host.on("request", listener)
    const chat = new WebSocketServer({ server: host, path: "/chat" })
    chat.on("connection", (socket) => socket.send("hello from the host"))
    const url = await listening(host)
    expect(silktower.url).toBe(url)

    expect(await text(url)).toBe("a home page")
    expect(await text(`${url}/about`)).toBe("nobody's")
    expect(await text(`${url}/echo?to=/healthz`, { method: "POST", body: "said" })).toBe("said")
    expect(seen).toEqual(["GET /", "GET /about", "POST /echo?to=/healthz"])
    const room = await fetch(`${url}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Ada" })
    })
    expect(room.status).toBe(201)
    expect((await fetch(`${url}/noisytransfer/no-such-path`)).status).toBe(404)
    expect(seen).toHaveLength(3)
    await connect(ws(url))
    const guest = new WebSocket(`${ws(url)}/chat`)
    expect(`${(await once(guest, "message"))[0]}`).toBe("hello from the host")
    guest.terminate()
    chat.close()
  })

  it("reads the body of whoever waits until it may send it, whether or not the host listens for that", async () => {
    const host = createServer(application(page).listener)
    host.on("checkContinue", (_, response: ServerResponse) => response.writeHead(417).end())
    await attach(host)
    const url = await listening(host)
    const status = async (path: string): Promise<number | undefined> => {
      const headers = { expect: "100-continue", "content-type": "application/json" }
      const asked = request(`${url}${path}`, { method: "POST", headers })
      asked.flushHeaders()
      asked.on("continue", () => asked.end('{"name":"Ada"}'))
      const [response] = (await once(asked, "response")) as [IncomingMessage]
      response.resume()
      asked.destroy()
      return response.statusCode
    }
    expect(await status("/api/rooms")).toBe(201)
    expect(await status("/echo")).toBe(417)
  })

  it("leaves offers of other protocols to the host, which ignored them before", async () => {
    const host = createServer(application(page, echo).listener)
    await attach(host)
    const url = await listening(host)
    expect(await upgraded(url, "GET / HTTP/1.1")).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*a home page/)
    expect(await upgraded(url, "GET /healthz HTTP/1.1")).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*ok$/)
    expect(await upgraded(url, "POST /echo HTTP/1.1\r\nContent-Length: 4", "said")).toMatch(/^HTTP\/1.1 (?:200|501) /)
    const socket = new WebSocket(`${ws(url)}/nowhere`)
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage]
    expect(response.statusCode).toBe(404)
    response.destroy()
  })
})

describe("what cannot be attached", () => {
  it("says which options do not go together", async () => {
    const refused = await startServer({ server: createServer(), port: 1, host: "::" }).catch((error) => error)
    expect(refused.faults).toEqual([
      "port: expected none beside server, which has its own",
      "host: expected none beside server, which has its own"
    ])
  })

  it("leaves the host alone when it cannot start", async () => {
    const host = createServer()
    const databaseUrl = "postgres://127.0.0.1:9/nothing"
    await expect(startServer({ server: host, databaseUrl })).rejects.toMatchObject({ name: "DatabaseUnreachable" })
    expect(host.listenerCount("upgrade")).toBe(0)
    expect(Object.hasOwn(host, "emit")).toBe(false)
  })
})
