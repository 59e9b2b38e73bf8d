/** What clients of a server notice that goes over DRAIN_SECONDS, and what whoever stops it does. */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { get } from "node:http"
import { connect as connectTcp } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { startProcess } from "../../support/process.ts"
import { connect, meetInFlight, post } from "../../support/server.ts"
import { serverForThisTest } from "../../support/useServer.ts"
import { folderForThisTest } from "../../support/useThroughout.ts"

/** How a server answers that refuses a socket. */
const refusalOf = async (url: string) => {
  const request = get(url, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
    }
  })
  const [{ statusCode, headers }] = await once(request, "response")
  request.destroy()
  return { status: statusCode as number, retryAfter: headers["retry-after"] as string }
}

/** With which code it is closed, and when, on the clock of `performance.now`. */
const endOf = async (socket: WebSocket) => {
  const [code] = await once(socket, "close")
  return { code: code as number, at: performance.now() }
}

describe("a server that goes over some seconds", () => {
  it("lets its clients go evenly over them, and serves whoever is left and whoever asks until then", async () => {
    const server = await serverForThisTest({ DRAIN_SECONDS: "2" })
    const crowd = await Promise.all(Array.from({ length: 6 }, () => connect(server.ws)))
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    await meetInFlight(ann, bob)
    const ends = [...crowd, ann, bob].map(({ socket }) => endOf(socket))

    const begun = performance.now()
    const stopped = server.stop()
    await crowd[0]?.until("server-shutdown")
    const readyz = await fetch(`${server.http}/readyz`)
    expect([readyz.status, await readyz.json()]).toEqual([503, { status: "not_ready", reason: "shutting_down" }])
    const { status, retryAfter } = await refusalOf(server.http)
    expect(status).toBe(503)
    expect(["1", "2", "3", "4", "5"]).toContain(retryAfter)
    expect((await post(`${server.http}/api/rooms`, { name: "Host" })).status).toBe(201)
    ann.send({ type: "signal", data: "still here" })
    expect(await bob.until("signal")).toEqual({ type: "signal", data: "still here" })

    const gone = await Promise.all(ends)
    expect(new Set(gone.map(({ code }) => code))).toEqual(new Set([1001]))
    // One every quarter of a second, the first at once. A timer may be a millisecond early.
    for (const [turn, { at }] of gone.entries()) expect(at - begun).toBeGreaterThan(turn * 248)
    await stopped
    await expect(fetch(server.http)).rejects.toThrow()
  })

  it("asks clients to come back within a second, each at another moment", async () => {
    const server = await serverForThisTest({ DRAIN_SECONDS: "1" })
    const crowd = await Promise.all(Array.from({ length: 30 }, () => connect(server.ws)))
    await server.stop()
    const waits = await Promise.all(
      crowd.map(async (client) => {
        const { reconnectInMs, ...frame } = await client.until("server-shutdown")
        expect(frame).toEqual({ type: "server-shutdown", message: "Server is shutting down for maintenance." })
        expect(Number.isInteger(reconnectInMs)).toBe(true)
        return reconnectInMs as number
      })
    )
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...waits)).toBeLessThan(1000)
    expect(new Set(waits).size).toBeGreaterThan(10)
  })

  it("spreads the clients of every protocol, each by itself", async () => {
    const server = await serverForThisTest({ DRAIN_SECONDS: "1" })
    const ends = await Promise.all(
      ["/noisytransfer/ws?side=A&appID=", "/named-peers?"].flatMap((path) =>
        Array.from({ length: 4 }, async () => {
          const socket = new WebSocket(server.ws + path + randomUUID())
          await once(socket, "open")
          return { path, end: endOf(socket) }
        })
      )
    )
    const begun = performance.now()
    await server.stop()
    for (const ofPath of Object.values(Object.groupBy(ends, ({ path }) => path))) {
      const gone = await Promise.all((ofPath ?? []).map(({ end }) => end))
      expect(gone.map(({ code }) => code)).toEqual([1001, 1001, 1001, 1001])
      const times = gone.map(({ at }) => at - begun).toSorted((one, other) => one - other)
      for (const [turn, time] of times.entries()) expect(time).toBeGreaterThan(turn * 248)
    }
  })
})

describe("the process of a server that goes over some seconds", () => {
  const start = async (environment: Readonly<Record<string, string>>) => {
    const server = await startProcess({ DATA_DIR: await folderForThisTest(), ...environment })
    onTestFinished(() => (server.child.exitCode === null ? server.kill() : undefined))
    return server
  }

  it("has the time of SHUTDOWN_TIMEOUT_MS besides, and ends with 0", async () => {
    const server = await start({ DRAIN_SECONDS: "3", SHUTDOWN_TIMEOUT_MS: "2500" })
    const crowd = await Promise.all(Array.from({ length: 12 }, () => connect(server.ws)))
    const codes = Promise.all(crowd.map((client) => client.closed()))
    const begun = performance.now()
    expect(await server.end("SIGTERM")).toBe(0)
    expect(performance.now() - begun).toBeGreaterThan(2_700)
    expect(new Set(await codes)).toEqual(new Set([1001]))
  })

  it("gives up when a client does not let go in that time either", async () => {
    const server = await start({ DRAIN_SECONDS: "1", SHUTDOWN_TIMEOUT_MS: "300" })
    const socket = connectTcp(Number(new URL(server.http).port), "127.0.0.1")
    socket.on("error", () => {})
    socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await once(socket, "data")
    expect(await server.end("SIGTERM")).toBe(1)
    expect(server.printed()).toContain("Not closed after 1300 ms")
    socket.destroy()
  })

  it("waits no longer when it is told again, but takes what comes within a second for the same signal", async () => {
    const server = await start({ DRAIN_SECONDS: "3600" })
    const crowd = await Promise.all(Array.from({ length: 5 }, () => connect(server.ws)))
    const codes = Promise.all(crowd.map((client) => client.closed()))
    const exited = once(server.child, "exit")
    const begun = performance.now()
    server.child.kill("SIGTERM")
    await crowd[0]?.until("server-shutdown")
    const again = setInterval(() => server.child.kill("SIGTERM"), 50)
    onTestFinished(() => clearInterval(again))
    expect(new Set(await codes)).toEqual(new Set([1001]))
    expect(performance.now() - begun).toBeGreaterThan(1_000)
    expect((await exited)[0]).toBe(0)
  })
})
