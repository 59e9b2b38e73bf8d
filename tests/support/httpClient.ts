/** A client over HTTP that sends exactly what it is told, and a started server to send it to. */
import { once } from "node:events"
import type { IncomingHttpHeaders } from "node:http"
import { Agent, request } from "node:http"
import { connect } from "node:net"
import type { ApplicationOptions } from "../../src/application.ts"
import { temporaryDirectory } from "./databases.ts"
import { startServer } from "./server.ts"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body read as JSON; undefined when it is none. */
  readonly json: any
}

/** A client of the server at this port of this machine. */
export const createHttpClient = (port: number) => {
  const agent = new Agent({ keepAlive: true })

  const send = (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {}
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // Node's client frames no body of a DELETE by itself.
      const framed = body === undefined || headers["transfer-encoding"] !== undefined
      const sent = framed ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) }
      const outgoing = request({ host: "127.0.0.1", port, method, path, headers: sent, agent }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", reject)
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: jsonOf(text) })
        })
      })
      outgoing.on("error", reject)
      outgoing.end(body)
    })

  return {
    port,
    send,
    get: (path: string, headers: Record<string, string> = {}) => send("GET", path, { headers }),
    /** A JSON body; a string is sent as it is. */
    post: (path: string, body?: unknown, contentType = "application/json") =>
      send("POST", path, {
        headers: { "content-type": contentType },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      }),
    /** Bytes on a bare socket; resolves with everything that came back once the server has closed it. */
    exchange: async (bytes: string): Promise<string> => {
      const socket = connect(port, "127.0.0.1")
      let received = ""
      socket.setEncoding("latin1").on("data", (chunk) => {
        received += chunk
      })
      socket.write(bytes, "latin1")
      await once(socket, "close")
      return received
    },
    /** Ends the connections that are kept alive. */
    leave: () => agent.destroy()
  }
}

export type HttpClient = ReturnType<typeof createHttpClient>

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whose pages the started server serves. */
export const allowedOrigin = "https://dropsilk.xyz"

/** A started server with a database of its own, unless `environment` names one, and a client of it. */
export const startHttp = async (
  environment: Readonly<Record<string, string>> = {},
  options: Partial<ApplicationOptions> = {}
) => {
  const place = await temporaryDirectory()
  const server = await startServer(
    { DATA_DIR: place.options.dataDirectory, ALLOWED_ORIGINS: allowedOrigin, ...environment },
    options
  )
  const client = createHttpClient(server.port)
  return {
    ...server,
    ...client,
    /** The log's lines of this message. */
    lines: (message: string): readonly any[] =>
      server
        .log()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter((line) => line.message === message),
    stop: async () => {
      client.leave()
      await server.stop()
      await place.remove()
    }
  }
}

export type StartedHttp = Awaited<ReturnType<typeof startHttp>>
