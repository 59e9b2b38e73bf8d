/**
 * A peer as DropSilk's web client is one: it speaks to the server over HTTP and WebSocket, and to the other peer over
 * WebRTC. For the demo and for the tests that need real peers.
 */
import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { WebSocket } from "ws"

/** The few things of WebRTC that are used here; @roamhq/wrtc has no types of its own. */
interface DataChannel {
  binaryType: string
  bufferedAmount: number
  readyState: string
  send(data: Uint8Array | string): void
  close(): void
  onopen: (() => void) | null
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null
}
interface Connection {
  createDataChannel(label: string): DataChannel
  createOffer(): Promise<unknown>
  createAnswer(): Promise<unknown>
  setLocalDescription(description: unknown): Promise<void>
  setRemoteDescription(description: unknown): Promise<void>
  addIceCandidate(candidate: unknown): Promise<void>
  close(): void
  localDescription: { type: string; sdp: string }
  remoteDescription: unknown
  onicecandidate: ((event: { candidate: unknown }) => void) | null
  ondatachannel: ((event: { channel: DataChannel }) => void) | null
}

/** Throws with a clear message when the native module cannot be loaded. */
const loadWebRtc = (): { RTCPeerConnection: new (configuration: object) => Connection } => {
  try {
    return createRequire(import.meta.url)("@roamhq/wrtc")
  } catch (cause) {
    throw new Error("WebRTC for Node (@roamhq/wrtc, a development package) cannot be loaded on this machine.", {
      cause
    })
  }
}

type Frame = { readonly type: string } & Readonly<Record<string, any>>

/** Bytes in one message of the data channel, and unsent bytes at which the sender waits. */
const chunkBytes = 16 * 1024
const highWaterBytes = 1024 * 1024

export class Peer {
  readonly name: string
  /** Signal frames this peer has sent through the server. */
  signalsSent = 0
  readonly #socket: WebSocket
  readonly #connection: Connection
  #frames: Frame[] = []
  #listener: (() => void) | undefined
  /** Candidates may arrive before the description they belong to. */
  #candidates: unknown[] = []
  readonly #channel: Promise<DataChannel>
  #gotChannel: (channel: DataChannel) => void = () => {}

  private constructor(name: string, socket: WebSocket) {
    this.name = name
    this.#socket = socket
    this.#channel = new Promise((resolve) => (this.#gotChannel = resolve))
    this.#connection = new (loadWebRtc().RTCPeerConnection)({ iceServers: [] })
    this.#connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) this.#signal({ candidate })
    }
    this.#connection.ondatachannel = ({ channel }) => this.#adopt(channel)
    socket.on("message", (data: Buffer) => {
      const frame: Frame = JSON.parse(data.toString())
      if (frame.type === "signal") void this.#hear(frame["data"])
      else {
        this.#frames.push(frame)
        this.#listener?.()
      }
    })
  }

  /** Opens the socket and says its name. `server` is an http(s) URL. */
  static async connect(server: string, name: string): Promise<Peer> {
    const socket = new WebSocket(server.replace(/^http/, "ws"))
    const peer = new Peer(name, socket)
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve)
      socket.once("error", reject)
    })
    peer.send({ type: "register-details", name })
    return peer
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame))
  }

  /** The next frame of this type; an error frame rejects. */
  async until(type: string): Promise<Frame> {
    for (;;) {
      const index = this.#frames.findIndex((frame) => frame.type === type || frame.type === "error")
      if (index !== -1) {
        const frame = this.#frames[index] as Frame
        this.#frames = this.#frames.slice(index + 1)
        if (frame.type === "error") throw new Error(`${this.name} was told: ${frame["message"]}`)
        return frame
      }
      await new Promise<void>((resolve) => (this.#listener = resolve))
    }
  }

  /** Opens the data channel and sends the offer; the other peer answers by itself. */
  async offer(): Promise<void> {
    this.#adopt(this.#connection.createDataChannel("file"))
    await this.#connection.setLocalDescription(await this.#connection.createOffer())
    this.#signal({ sdp: this.#connection.localDescription })
  }

  /** Resolves when the data channel to the other peer is open. */
  async opened(): Promise<void> {
    const channel = await this.#channel
    if (channel.readyState === "open") return
    await new Promise<void>((resolve) => (channel.onopen = () => resolve()))
  }

  /** Sends the bytes to the other peer and then says that this was all. */
  async sendFile(bytes: Uint8Array, progress: (sent: number) => void = () => {}): Promise<void> {
    const channel = await this.#channel
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      // Looked at again and again: the native module does not always say when the amount has become low.
      while (channel.bufferedAmount > highWaterBytes) await new Promise((resolve) => setTimeout(resolve, 5))
      channel.send(bytes.slice(start, start + chunkBytes))
      progress(Math.min(start + chunkBytes, bytes.length))
    }
    channel.send("end")
  }

  /** Receives a file; resolves with its size and SHA-256 in hexadecimal. */
  async receiveFile(): Promise<{ bytes: number; sha256: string }> {
    const channel = await this.#channel
    const hash = createHash("sha256")
    let bytes = 0
    return new Promise((resolve) => {
      channel.onmessage = ({ data }) => {
        if (typeof data === "string") return resolve({ bytes, sha256: hash.digest("hex") })
        bytes += data.byteLength
        hash.update(new Uint8Array(data))
      }
    })
  }

  async close(): Promise<void> {
    this.#connection.close()
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = new Promise((resolve) => this.#socket.once("close", resolve))
    this.#socket.close()
    await closed
  }

  #adopt(channel: DataChannel): void {
    channel.binaryType = "arraybuffer"
    this.#gotChannel(channel)
  }

  #signal(data: object): void {
    this.signalsSent++
    this.send({ type: "signal", data })
  }

  async #hear(data: { sdp?: { type: string }; candidate?: unknown }): Promise<void> {
    const connection = this.#connection
    if (data.candidate !== undefined) {
      if (connection.remoteDescription == null) this.#candidates.push(data.candidate)
      else await connection.addIceCandidate(data.candidate)
      return
    }
    await connection.setRemoteDescription(data.sdp)
    for (const candidate of this.#candidates.splice(0)) await connection.addIceCandidate(candidate)
    if (data.sdp?.type !== "offer") return
    await connection.setLocalDescription(await connection.createAnswer())
    this.#signal({ sdp: connection.localDescription })
  }
}

/** A question to the server's rooms; rejects with the server's own words. */
export const ask = async (url: string, body?: object): Promise<any> => {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const answer = (await response.json()) as { error?: string }
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer.error}`)
  return answer
}
