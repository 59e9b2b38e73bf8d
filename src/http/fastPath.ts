/**
 * Fast paths: requests that are answered beside the router, because the router, the schemas and the fibers would cost more
 * than all the rest, or because the answer is a stream that needs Node's own response.
 *
 * They are looked at behind everything that is the same for all requests (budgets, CORS, preflights, pages of other
 * origins, bodies that are too large). A fast path may leave any request to the routes: it answers what is written just as
 * clients write it, and says the same as the routes would.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { type Answer, sendAnswer } from "./answer.ts"

export interface FastPath {
  readonly method: "GET" | "HEAD" | "POST"
  /** Parameters begin with a colon, such as `/api/rooms/:roomCode`. Compared with the path as the client wrote it. */
  readonly pattern: `/${string}`
  readonly handler: FastHandler
}

/**
 * Answers the request, now or later, or leaves it to the routes and says so with false. `found`: the whole
 * target, then what stands in the place of each parameter, and last the query, undefined without one; all as the client
 * wrote it, still percent-encoded.
 * What it throws is a fault of the server.
 */
export type FastHandler = (exchange: FastExchange, found: readonly (string | undefined)[]) => boolean

export interface FastPathOptions {
  /** What a client is told when its request runs into a fault of the server. */
  readonly faultOf: (request: IncomingMessage) => Answer
  /** Told of every such fault, for the log. */
  readonly onFault: (error: unknown) => void
}

/** A request and the way to answer it. */
export class FastExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What every answer carries, names and values in turn, for whoever writes to the response directly. */
  readonly headers: readonly string[]
  readonly #options: FastPathOptions

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    headers: readonly string[],
    options: FastPathOptions
  ) {
    this.request = request
    this.response = response
    this.headers = headers
    this.#options = options
  }

  /** Whether the client may have sent a body: who reads none had better leave it to the routes. */
  get hasBody(): boolean {
    const { headers } = this.request
    return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined
  }

  /**
   * Reads a body that says its length, as text, and tells it once it is there. A client that breaks off is not told of. False:
   * it is longer than `mostBytes`, or does not say how long it is, and the routes had better read it.
   */
  readBody(mostBytes: number, told: (text: string) => void): boolean {
    const { request } = this
    const length = Number(request.headers["content-length"])
    if (!(length <= mostBytes)) return false
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => told((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()))
    // Whoever breaks off wants no answer.
    request.on("error", () => {})
    return true
  }

  /** Sends what `make` makes. Never throws: whoever calls may be an actor that has no part in what goes wrong here. */
  answer(make: () => Answer): void {
    try {
      sendAnswer(this.response, this.headers, make())
    } catch (error) {
      this.fail(error)
    }
  }

  /** Tells the log of a fault, and the client; one that has been told something already is cut off. */
  fail(error: unknown, answer = this.#options.faultOf(this.request)): void {
    this.#options.onFault(error)
    if (this.response.headersSent) this.response.destroy()
    else sendAnswer(this.response, this.headers, answer)
  }
}

/** Answers a request by the first path that takes it, and gives back its pattern; undefined: it is the routes'. */
export type AnswersFast = (
  request: IncomingMessage,
  response: ServerResponse,
  headers: readonly string[]
) => string | undefined

/** The paths are tried in this order: those that are asked most come first. */
export const createFastPaths = (paths: readonly FastPath[], options: FastPathOptions): AnswersFast => {
  const compiled = paths.map(({ method, pattern, handler }) => ({
    method,
    pattern,
    target: new RegExp(`^${pattern.replace(/:[^/]+/g, "([^/?]*)")}(?:\\?(.*))?$`, "s"),
    handler
  }))

  return (request, response, headers) => {
    for (const { method, pattern, target, handler } of compiled) {
      if (method !== request.method) continue
      const found = target.exec(request.url as string)
      if (found === null) continue
      const exchange = new FastExchange(request, response, headers, options)
      try {
        if (handler(exchange, found)) return pattern
      } catch (error) {
        exchange.fail(error)
        return pattern
      }
    }
    return undefined
  }
}
