/** Five clients that play operations against a server over real sockets and HTTP, and remember what it gave out. */
import { once } from "node:events"
import { Agent, request as httpRequest } from "node:http"
import { WebSocket } from "ws"
import { clientCount, type Operation, type Reference, type Spoil, type Value } from "./operations.ts"

interface Room {
  readonly code: string
  readonly participantId: string
}

const madeUp = { flight: "ZZZZZZ", room: "ZZZZZZ", participant: "zzzzzzzzzzzz", connection: "zzzzzzzzzz" }
const remembered = 8

export const createPlayers = (port: number) => {
  const sockets: (WebSocket | undefined)[] = Array.from({ length: clientCount })
  const pools: Record<Reference["pool"], string[]> = { flight: [], room: [], participant: [], connection: [] }
  const rooms: Room[] = []
  const agent = new Agent({ keepAlive: true })
  const running = new Set<Promise<void>>()
  /** Answers that no request should ever get. */
  const faults: string[] = []

  const remember = (pool: Reference["pool"], value: unknown) => {
    if (typeof value !== "string") return
    pools[pool].unshift(value)
    pools[pool].length = Math.min(pools[pool].length, remembered)
  }
  const isReference = (value: unknown): value is Reference =>
    typeof value === "object" && value !== null && "pool" in value && "index" in value
  const resolve = (value: Value): unknown =>
    isReference(value) ? (pools[value.pool][value.index] ?? madeUp[value.pool]) : value
  const resolveAll = (values: Readonly<Record<string, Value>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolve(value)]))

  const open = async (client: number, network: number): Promise<void> => {
    if (sockets[client] !== undefined) return
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      perMessageDeflate: false,
      headers: { "x-forwarded-for": `192.0.2.${network}` }
    })
    sockets[client] = socket
    socket.on("error", () => {})
    socket.on("close", () => {
      if (sockets[client] === socket) sockets[client] = undefined
    })
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString())
      if (frame.type === "registered") remember("connection", frame.id)
      if (frame.type === "flight-created") remember("flight", frame.flightCode)
    })
    await once(socket, "open")
  }

  const send = (client: number, data: string | Uint8Array) => {
    const socket = sockets[client]
    if (socket?.readyState === WebSocket.OPEN) socket.send(data)
  }

  const ask = ({ method, path, query, body, contentType }: Extract<Operation, { kind: "request" }>): Promise<void> => {
    const segments = path.map((part) => (typeof part === "string" ? part : encodeURIComponent(String(resolve(part)))))
    const search = Object.entries(resolveAll(query))
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join("&")
    const sent = typeof body === "string" || body === null ? (body ?? "") : JSON.stringify(resolveAll(body))
    const target = `/${segments.join("/")}${search === "" ? "" : `?${search}`}`.replace(/[^\x21-\x7e]/g, "%20")
    const answered = new Promise<void>((done) => {
      const outgoing = httpRequest(
        {
          host: "127.0.0.1",
          port,
          method,
          path: target,
          agent,
          headers: { "content-type": contentType, "content-length": Buffer.byteLength(sent) }
        },
        (incoming) => {
          let text = ""
          incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk))
          incoming.on("end", () => {
            const status = incoming.statusCode ?? 0
            if (status >= 500 && !(status === 500 && target.startsWith("/api/uploadthing"))) {
              faults.push(`${method} ${target} ${sent}: ${status} ${text}`)
            }
            if (status === 201 || status === 200) learn(text)
            done()
          })
        }
      )
      outgoing.on("error", () => done())
      outgoing.end(sent)
    })
    const kept = answered.finally(() => running.delete(kept))
    running.add(kept)
    return kept
  }

  const learn = (text: string) => {
    try {
      const { roomCode, self } = JSON.parse(text)
      if (typeof roomCode !== "string") return
      if (!rooms.some(({ participantId }) => participantId === self.participantId)) {
        remember("room", roomCode)
        remember("participant", self.participantId)
      }
      rooms.push({ code: roomCode, participantId: self.participantId })
    } catch {
      // Not a room's summary.
    }
  }

  return {
    /** Every room and participant that the server has told of. */
    rooms,
    faults,
    play: async (operation: Operation): Promise<void> => {
      switch (operation.kind) {
        case "open":
          return open(operation.client, operation.network)
        case "close":
          return sockets[operation.client]?.close()
        case "destroy":
          return sockets[operation.client]?.terminate()
        case "frame":
          return send(operation.client, spoiled(JSON.stringify(resolveAll(operation.fields)), operation.spoil))
        case "bytes":
          return send(operation.client, operation.bytes)
        case "request": {
          // At most a handful at once, and rarely one after the other: that is what makes them meet.
          const asked = ask(operation)
          if (running.size >= clientCount) await asked
          return
        }
      }
    },
    /** Resolves when every request is answered and every socket is closed. */
    leave: async (): Promise<void> => {
      await Promise.all(running)
      await Promise.all(
        sockets.map(async (socket) => {
          if (socket === undefined || socket.readyState === WebSocket.CLOSED) return
          const closed = once(socket, "close")
          socket.close()
          await closed
        })
      )
    },
    stop: () => agent.destroy()
  }
}

const encode = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  return encodeURIComponent(text.toWellFormed())
}

const spoiled = (text: string, spoil: Spoil): string => {
  switch (spoil.how) {
    case "not":
      return text
    case "cut":
      return text.slice(0, spoil.at)
    case "swap":
      return text.slice(0, spoil.at) + spoil.character + text.slice(spoil.at + 1)
    case "double":
      return text + text
  }
}
