/** Somebody with a socket, who hears every frame, and can wait for one. */
import { WebSocket } from "ws"

export type Frame = { readonly type: string } & Readonly<Record<string, any>>

/** Nothing came in the time in which anybody would have given up. */
export class Unanswered extends Error {
  override readonly name = "Unanswered"
}

/** The server said that it could not. */
export class Refused extends Error {
  override readonly name = "Refused"
}

/** What was answered before is not so any more. */
export class Forgotten extends Error {
  override readonly name = "Forgotten"
}

/** Whoever it had met is said to have left. */
export class Bereft extends Error {
  override readonly name = "Bereft"
}

/** ms until somebody gives up. */
export const patienceMs = 15_000

interface Waiting {
  readonly types: readonly string[]
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: Error) => void
}

export class Client {
  readonly #socket: WebSocket
  readonly #hear: (frame: Frame) => unknown
  #unread: Frame[] = []
  #waiting: Waiting | null = null

  private constructor(host: string, hear: (frame: Frame) => unknown, ended: () => unknown) {
    this.#hear = hear
    this.#socket = new WebSocket(`ws://${host}`, { perMessageDeflate: false, handshakeTimeout: patienceMs })
    this.#socket.on("message", (data: Buffer) => this.#heard(JSON.parse(data.toString())))
    this.#socket.on("error", () => {})
    this.#socket.on("close", () => {
      this.#waiting?.reject(new Error("The socket has ended"))
      this.#waiting = null
      ended()
    })
  }

  static async open(
    host: string,
    hear: (frame: Frame) => unknown = () => {},
    ended: () => unknown = () => {}
  ): Promise<Client> {
    const client = new Client(host, hear, ended)
    try {
      await client.next("registered")
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(frame: unknown): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame))
  }

  /** The next of these; an error frame refuses, what comes before is left out. */
  next(...types: readonly string[]): Promise<Frame> {
    const found = this.#unread.findIndex(({ type }) => type === "error" || types.includes(type))
    if (found !== -1) {
      const [frame] = this.#unread.splice(0, found + 1).slice(-1) as [Frame]
      return frame.type === "error" ? Promise.reject(refusal(frame)) : Promise.resolve(frame)
    }
    this.#unread = []
    if (this.#socket.readyState > WebSocket.OPEN) return Promise.reject(new Error("The socket has ended"))
    const { promise, resolve, reject } = Promise.withResolvers<Frame>()
    const timer = setTimeout(() => reject(new Unanswered(`Waited in vain for ${types.join(" or ")}`)), patienceMs)
    this.#waiting = { types, resolve, reject }
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiting = null
    })
  }

  /** Leaves as a page does that is closed. */
  close(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close()
    else this.#socket.terminate()
  }

  #heard(frame: Frame): void {
    this.#hear(frame)
    const waiting = this.#waiting
    if (waiting === null) {
      // Only what somebody may wait for.
      if (frame.type !== "signal" && frame.type !== "users-on-network-update") this.#unread.push(frame)
      return
    }
    if (frame.type === "error") waiting.reject(refusal(frame))
    else if (waiting.types.includes(frame.type)) waiting.resolve(frame)
    else return
    this.#waiting = null
  }
}

const refusal = ({ message }: Frame): Error =>
  /not found/i.test(message) ? new Forgotten(message) : new Refused(message)

/** A question over HTTP. */
export const ask = async (host: string, path: string, body?: unknown): Promise<any> => {
  const response = await fetch(`http://${host}${path}`, {
    ...(body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(patienceMs)
  })
  const answer = await response.json()
  if (response.ok) return answer
  const said = `${response.status} ${JSON.stringify(answer)}`
  throw response.status === 404 || response.status === 410 ? new Forgotten(said) : new Refused(said)
}
