import { once } from "node:events"
import { connect as connectTcp } from "node:net"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { serverForThisTest, useServer } from "../../support/useServer.ts"

/** What the server answers to an upgrade that it refuses. */
const refusal = (url: string, options: object): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.on("unexpected-response", (_, response) => {
      let body = ""
      response.on("data", (chunk) => (body += chunk))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
    socket.on("open", () => reject(new Error("was accepted")))
    socket.on("error", () => {})
  })

describe("upgrades", () => {
  const server = useServer({ WS_HEALTH_CHECK_INTERVAL_MS: "200" })

  it.each(["/", "/foo", "/?x=1", "/api/rooms", "/stats"])("are accepted on %s", async (path) => {
    const client = await server.connect({ path })
    expect(client.id).toMatch(/^[0-9a-z]{10}$/)
    await client.close()
  })

  it("take the first of the subprotocols offered and no compression", async () => {
    const client = await server.connect({ protocols: ["one", "two"], perMessageDeflate: true })
    expect(client.socket.protocol).toBe("one")
    expect(client.socket.extensions).toBe("")
    await client.close()
  })

  it("are refused from an origin that is not allowed, and accepted from one that is, or from none", async () => {
    expect(await refusal(server.ws, { origin: "https://evil.example" })).toEqual({
      status: 403,
      body: "Forbidden: Invalid Origin"
    })
    for (const origin of ["https://dropsilk.xyz", "HTTPS://DropSilk.xyz:443", "app://.", undefined]) {
      const client = await server.connect(origin === undefined ? {} : { origin })
      await client.close()
    }
  })

  it("close invalid UTF-8 with 1007 and framing faults with 1002", async () => {
    const raw = async (frame: Buffer) => {
      const socket = connectTcp(server.port, "127.0.0.1")
      socket.write(
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
      )
      await once(socket, "data")
      const chunks: Buffer[] = []
      socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)))
      socket.write(frame)
      await once(socket, "end")
      socket.destroy()
      const all = Buffer.concat(chunks)
      const close = all.lastIndexOf(0x88)
      return all.readUInt16BE(close + 2)
    }
    const mask = Buffer.from([0, 0, 0, 0])
    expect(await raw(Buffer.concat([Buffer.from([0x81, 0x82]), mask, Buffer.from([0xff, 0xff])]))).toBe(1007)
    expect(await raw(Buffer.concat([Buffer.from([0xf1, 0x80]), mask]))).toBe(1002)
    expect(await raw(Buffer.from([0x81, 0x01, 0x61]))).toBe(1002)
  })

  it("read exactly a mebibyte, also in fragments, and close one byte more with 1009", async () => {
    const client = await server.connect()
    const frame = `{"type":"x","padding":"${"p".repeat(1024 * 1024 - 25)}"}`
    expect(frame.length).toBe(1024 * 1024)
    client.send(frame)
    expect(await client.next()).toEqual({ type: "error", message: "Unknown message type" })
    client.socket.send(frame.slice(0, 1000), { fin: false })
    client.socket.send(frame.slice(1000), { fin: true })
    expect(await client.next()).toEqual({ type: "error", message: "Unknown message type" })
    const closed = client.closed()
    client.socket.send(frame.slice(0, 1000), { fin: false })
    client.socket.send(`${frame.slice(1000)} `, { fin: true })
    expect(await closed).toBe(1009)
  })

  /** Sends a text in fragments of so many bytes. */
  const sendInFragments = (socket: WebSocket, text: string, bytes: number) => {
    for (let at = 0; at < text.length; at += bytes)
      socket.send(text.slice(at, at + bytes), { fin: at + bytes >= text.length })
  }

  it("read a message in fragments of 256 bytes, however large it may be, and close more with 1008", async () => {
    const roomy = await serverForThisTest({ MAX_PAYLOAD_BYTES: String(4 * 1024 * 1024) })
    for (const [one, bytes, fragment] of [
      [await server.connect(), 600_000, 512],
      [await server.connect(), 1024 * 1024, 256],
      [await roomy.connect(), 4 * 1024 * 1024, 256]
    ] as const) {
      sendInFragments(one.socket, `{"type":"x","padding":"${"p".repeat(bytes - 25)}"}`, fragment)
      expect(await one.next()).toEqual({ type: "error", message: "Unknown message type" })
      await one.close()
    }
    const other = await server.connect()
    const closed = once(other.socket, "close")
    sendInFragments(other.socket, "p".repeat(4097), 1)
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([1008, "Message in too many pieces"])
  })

  it("tell why they close, and leave the client's own words alone", async () => {
    const closing = async (spoil: (socket: WebSocket) => void) => {
      const { socket } = await server.connect()
      const closed = once(socket, "close")
      spoil(socket)
      const [code, reason] = await closed
      return [code, String(reason)]
    }
    expect(await closing((socket) => socket.send("p".repeat(1024 * 1024 + 1)))).toEqual([1009, "Message too big"])
    expect(await closing((socket) => socket.send(Buffer.from([0xff]), { binary: false }))).toEqual([
      1007,
      "Invalid UTF-8"
    ])
    expect(await closing((socket) => (socket as any)._socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0])))).toEqual([
      1002,
      "Protocol error"
    ])
    expect(await closing((socket) => socket.close(4001, "mine"))).toEqual([4001, "mine"])
    expect(await closing((socket) => socket.close(1008))).toEqual([1008, ""])
  })

  it("end a client that does not answer pings, and keep one that does", async () => {
    const silent = await server.connect({ autoPong: false } as object)
    const lively = await server.connect()
    expect(await silent.closed()).toBe(1006)
    await once(lively.socket, "ping")
    await lively.settled()
    await lively.close()
  })

  it("leave nothing behind when they fail half-way", async () => {
    const socket = connectTcp(server.port, "127.0.0.1")
    socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n\r\n"
    )
    const [answer] = await once(socket, "data")
    expect(String(answer)).toMatch(/^HTTP\/1.1 (400|426)/)
    socket.destroy()
    await expect.poll(() => server.actors().connections).toBe(0)
  })

  it("follow ALLOWED_ORIGINS", async () => {
    const other = await serverForThisTest({ ALLOWED_ORIGINS: "https://a.example" })
    expect(await refusal(other.ws, { origin: "https://dropsilk.xyz" })).toMatchObject({ status: 403 })
    await (await other.connect({ origin: "https://a.example/path" })).close()
  })
})
