/** A client over HTTP that sends exactly what it is told, and a started server to send it to. */
import { once } from "node:events"
import type { IncomingHttpHeaders } from "node:http"
import { Agent, request } from "node:http"
import { connect } from "node:net"
import { onTestFinished } from "vitest"
import type { TestServer } from "./server.ts"
import { serverForThisTest, useServer } from "./useServer.ts"
import { useThroughout } from "./useThroughout.ts"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body read as JSON; undefined when it is none. */
  readonly json: any
}

/** Of several servers that are one each request goes to the next one, as each comes over a connection of its own. */
const isOfSeveral = process.env["CLUSTER_NODES"] !== undefined

/** A client of the server at this port of this machine. */
export const createHttpClient = (port: number) => {
  const kept = new Agent({ keepAlive: true })

  const send = (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {}
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const agent = isOfSeveral ? new Agent({ keepAlive: true }) : kept
      // Node's client frames no body of a DELETE by itself.
      const framed = body === undefined || headers["transfer-encoding"] !== undefined
      const sent = framed ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) }
      const outgoing = request({ host: "127.0.0.1", port, method, path, headers: sent, agent }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", reject)
        incoming.on("end", () => {
          if (isOfSeveral) agent.destroy()
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
    leave: () => kept.destroy()
  }
}

type HttpClient = ReturnType<typeof createHttpClient>

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whose pages the started server serves. */
export const allowedOrigin = "https://dropsilk.xyz"

/** A started server and a client of it. */
export type StartedHttp = TestServer & HttpClient

type Environment = Readonly<Record<string, string>>
const ours = { ALLOWED_ORIGINS: allowedOrigin }

/** As `useServer`, with a client. */
export const useHttp = (environment: Environment | (() => Environment) = {}): StartedHttp => {
  const server = useServer(() => ({ ...ours, ...(typeof environment === "function" ? environment() : environment) }))
  return useThroughout(
    () => ({ ...server, ...createHttpClient(server.port) }),
    (client) => client.leave()
  )
}

/** As `serverForThisTest`, with a client. */
export const httpForThisTest = async (environment: Environment = {}): Promise<StartedHttp> => {
  const server = await serverForThisTest({ ...ours, ...environment })
  const client = createHttpClient(server.port)
  onTestFinished(() => client.leave())
  return { ...server, ...client }
}
