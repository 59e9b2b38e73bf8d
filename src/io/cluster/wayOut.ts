/**
 * The way to one other node: the WebSocket that this one dials, what is said on it, and who waits while too much of that is
 * unsent. It decides nothing: the channel's chart says when it is dialled, and when nobody is there.
 */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { ChannelEvent } from "../../machines/cluster/channel/channelContext.ts"
import type { Flush } from "../sockets/flush.ts"
import { pausedFor, type Sender } from "../sockets/sender.ts"
import { writeRemoteFrame } from "./frameBytes.ts"
import { type Greetings, type Hello, type Refusal, refusalCodes, refusalOf } from "./greeting.ts"
import { clusterLimits } from "./limits.ts"
import { channelUrl } from "./nodeAddress.ts"

export interface WayOutOptions {
  /** The node's address, and the one to dial instead. */
  readonly node: string
  readonly via: (node: string) => string
  readonly greetings: Pick<Greetings, "dialler">
  readonly flush: Flush
  readonly highBytes: number
  readonly lowBytes: number
  readonly tell: (event: ChannelEvent) => void
  /** A WebSocket has ended on which so many bytes were sent. */
  readonly ended: (sent: number) => void
  /** Before the chart hears of it. */
  readonly greeted: (hello: Hello) => void
  /** This node does not take the other one for a node of its cluster; or the other way round. */
  readonly refused: (reason: Refusal) => void
  readonly refusedBy: (reason: Refusal) => void
}

export interface WayOut {
  readonly isOpen: boolean
  /** Why it could not be dialled the last time, as the system says. */
  readonly trouble: string | undefined
  /** Bytes that went over the WebSocket that there is. */
  readonly sent: number
  dial(): void
  hangUp(): void
  ping(): void
  /** From now on something can be said, and from now on nothing. */
  open(): void
  shut(): void
  /** False: it cannot be said now. */
  send(message: unknown): boolean
  frame(target: string, source: string, sender: Sender, frame: Buffer | string): boolean
  /** The sender is not read while too much is unsent. */
  heed(sender: Sender): void
}

/** What is masked with zeros stays as it is: masks are there for proxies that take a client's bytes for requests. */
const withoutMask = (mask: Buffer) => void mask.fill(0)

export const createWayOut = (options: WayOutOptions): WayOut => {
  const { node, greetings, flush, highBytes, lowBytes, tell } = options
  let socket: WebSocket | null = null
  let stream: Socket | null = null
  let isOpen = false
  let trouble: string | undefined
  let waiting = new Set<Sender>()

  /** Nothing is heard of it any more. */
  const leave = (): WebSocket | null => {
    const left = socket
    left?.removeAllListeners()
    left?.on("error", ignore)
    if (stream !== null) options.ended(stream.bytesWritten)
    socket = null
    stream = null
    return left
  }

  const letGo = () => {
    const senders = waiting
    waiting = new Set()
    for (const sender of senders) sender.readOn(pausedFor.way)
  }

  const flushed = () => {
    if (waiting.size > 0 && socket !== null && socket.bufferedAmount <= lowBytes) letGo()
  }

  const refuse = (reason: Refusal) => {
    const left = leave()
    left?.close(refusalCodes[reason], reason)
    // It need not answer.
    setTimeout(() => left?.terminate(), clusterLimits.greetingMs).unref()
    options.refused(reason)
    tell({ type: "node.unfit" })
  }

  const dial = () => {
    const dialled = new WebSocket(channelUrl(options.via(node)), {
      perMessageDeflate: false,
      maxPayload: clusterLimits.greetingBytes,
      generateMask: withoutMask
    })
    socket = dialled
    const greeting = greetings.dialler(node)
    let isGreeted = false
    let isRefused = false

    const step = (text: string) => {
      // The only thing that is ever said on the way back is the greeting.
      const next = isGreeted ? ({ type: "refuse", reason: "malformed" } as const) : greeting.read(text)
      switch (next.type) {
        case "say":
          return dialled.send(next.text)
        case "refuse":
          return refuse(next.reason)
        case "greeted":
          isGreeted = true
          options.greeted(next.hello)
          return tell({ type: "node.greeted" })
      }
    }

    const ended = (code: number) => {
      leave()
      const refusal = refusalOf(code)
      if (refusal !== undefined) options.refusedBy(refusal)
      tell({ type: refusal !== undefined ? "node.unfit" : isRefused ? "way.refused" : "way.ended" })
    }

    dialled.once("upgrade", (response) => {
      stream = response.socket
    })
    dialled.on("open", () => tell({ type: "way.opened" }))
    dialled.on("message", (data: Buffer, isBinary) => step(isBinary ? "" : data.toString()))
    dialled.on("pong", () => tell({ type: "node.answered" }))
    dialled.on("error", ({ code }: NodeJS.ErrnoException) => {
      trouble = code
      // A machine that says so has no such process: nothing needs to be waited for.
      if (code === "ECONNREFUSED") isRefused = true
    })
    dialled.on("close", ended)
  }

  /** Held back until this moment is over: what is said in one leaves in one write. */
  const write = (data: Buffer | string, length: number): WebSocket | null => {
    if (!isOpen || socket === null || socket.readyState !== socket.OPEN) return null
    if (stream !== null) flush(stream)
    if (socket.bufferedAmount + length < lowBytes) socket.send(data)
    else socket.send(data, flushed)
    return socket
  }

  const heed = (sender: Sender) => {
    if (socket === null || socket.bufferedAmount < highBytes) return
    waiting.add(sender)
    sender.stopReading(pausedFor.way)
  }

  return {
    heed,
    get isOpen() {
      return isOpen
    },
    get trouble() {
      return trouble
    },
    get sent() {
      return stream?.bytesWritten ?? 0
    },
    dial,
    hangUp: () => leave()?.terminate(),
    ping: () => socket?.ping(),
    open: () => {
      isOpen = true
    },
    shut: () => {
      isOpen = false
      letGo()
    },
    send: (message) => {
      const text = JSON.stringify(message)
      if (text.length > clusterLimits.messageBytes / 3 && Buffer.byteLength(text) > clusterLimits.messageBytes)
        throw new RangeError(`a message to a node has ${clusterLimits.messageBytes} bytes at most`)
      const written = write(text, text.length)
      // Nobody can hold messages back: what waits would only grow.
      if (written !== null && written.bufferedAmount > clusterLimits.unsentBytes) written.terminate()
      return written !== null
    },
    frame: (target, source, sender, frame) => {
      if (!isOpen) return false
      const bytes = writeRemoteFrame(target, source, frame)
      const written = write(bytes, bytes.length)
      if (written === null) return false
      heed(sender)
      return true
    }
  }
}

/** What follows from an error is told by the end of the WebSocket. */
function ignore() {}
