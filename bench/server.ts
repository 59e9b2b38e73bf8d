/**
 * A server as a child process that tells what it has used when asked: `silktower`, or `bare`, which does the least
 * possible: a `ws` server that pairs clients two by two and relays without looking, and a fixed answer over HTTP.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Writable } from "node:stream"
import { Effect } from "effect"
import { WebSocketServer, type WebSocket } from "ws"

export interface Usage {
  /** CPU time of the whole process, microseconds. */
  readonly cpu: number
  /** Resident memory, bytes. */
  readonly rss: number
}

const startSilktower = async (): Promise<number> => {
  const { startApplication } = await import("../src/application.ts")
  const { loadConfig } = await import("../src/config.ts")
  const config = await Effect.runPromise(loadConfig({ PORT: "0", HOST: "127.0.0.1", ...process.env }, []))
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  return (await startApplication(config, { output: nowhere, pretty: false })).port
}

const startBare = async (): Promise<number> => {
  const body = JSON.stringify({ padding: "x".repeat(386) })
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
    response.end(body)
  })
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
  let waiting: WebSocket | undefined
  server.on("upgrade", (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (client) => {
      const peer = waiting
      waiting = peer === undefined ? client : undefined
      client.on("error", () => {})
      client.on("close", () => {
        if (waiting === client) waiting = undefined
      })
      client.send(`{"type":"registered"}`)
      if (peer === undefined) return
      client.on("message", (data) => peer.send(data, { binary: false }))
      peer.on("message", (data) => client.send(data, { binary: false }))
      for (const one of [client, peer]) one.send(`{"type":"peer-joined"}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return (server.address() as AddressInfo).port
}

const port = await (process.argv[2] === "bare" ? startBare() : startSilktower())
process.on("message", (question) => {
  if (question === "usage") {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: user + system, rss: process.memoryUsage.rss() } satisfies Usage)
  }
})
process.on("disconnect", () => process.exit(0))
process.send?.({ port })
