import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { corePlaces, pathVariableOf } from "../../../src/config/protocolSettings.ts"
import { protocols } from "../../../src/protocols.ts"
import { connect, post } from "../../support/server.ts"
import { serverForThisTest } from "../../support/useServer.ts"

/** The status with which an upgrade is refused. */
const refusedWith = async (url: string): Promise<number | undefined> => {
  const socket = new WebSocket(url)
  socket.on("error", () => {})
  const [, response] = await once(socket, "unexpected-response")
  socket.terminate()
  return response.statusCode
}

describe("DropSilk below a path", () => {
  it("has its sockets, its requests, its documents and its CORS there, and nothing at the root", async () => {
    const server = await serverForThisTest({ DROPSILK_PATH: "/files", ALLOWED_ORIGINS: "https://a.example" })
    const { status, body } = await post(`${server.http}/files/api/rooms`, { name: "Ann" })
    expect(status).toBe(201)
    const polled = `/api/rooms/${body.roomCode}?participantId=${body.self.participantId}`
    expect((await fetch(`${server.http}/files${polled}`)).status).toBe(200)
    expect((await fetch(server.http + polled)).status).toBe(404)
    const preflight = await fetch(`${server.http}/files${polled}`, {
      method: "OPTIONS",
      headers: { origin: "https://a.example" }
    })
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://a.example")
    const { channels } = (await (await fetch(`${server.http}/files/asyncapi.json`)).json()) as any
    expect(channels.socket.address).toBe("/files")
    const { paths } = (await (await fetch(`${server.http}/openapi.json`)).json()) as { paths: object }
    expect(paths).toHaveProperty(["/files/api/rooms"])
    expect(paths).not.toHaveProperty(["/api/rooms"])

    const host = await connect(server.ws, { path: "/files" })
    host.send({ type: "attach-room", roomCode: body.roomCode, participantId: body.self.participantId })
    expect((await host.next()).type).toBe("room-attached")
    expect((await connect(server.ws, { path: "/files/any/path" })).id).toMatch(/^[0-9a-z]{10}$/)
    expect(await refusedWith(`${server.ws}/`)).toBe(404)
    expect(await refusedWith(`${server.ws}/filesystem`)).toBe(404)
  })
})

describe("DropSilk and all others switched off", () => {
  it("are nowhere, while the core answers", async () => {
    const server = await serverForThisTest(
      Object.fromEntries(protocols.map(({ name }) => [pathVariableOf(name), "off"]))
    )
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200)
    expect((await fetch(`${server.http}/readyz`)).status).toBe(200)
    expect((await fetch(`${server.http}/api/status`)).status).toBe(404)
    expect((await post(`${server.http}/api/rooms`, {}).catch(() => ({ status: 404 }))).status).toBe(404)
    expect(await refusedWith(`${server.ws}/`)).toBe(404)
    expect(Object.keys(server.actors())).toEqual(["jobs"])
    // Nor may a protocol be put where the core is.
    const { paths } = (await (await fetch(`${server.http}/openapi.json`)).json()) as { paths: object }
    const places = [...Object.keys(paths), "/openapi.json", "/docs", "/tower"].map((path) => path.split("/")[1])
    expect([...new Set(places)].toSorted()).toEqual(corePlaces)
  })
})
