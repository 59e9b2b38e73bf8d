/**
 * A WebSocket client that costs little, so that the servers are kept busy and not the bench: frames are made
 * beforehand, and where only their number matters they are not even looked at.
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { connect, type Socket } from "node:net"

const textOpcode = 1
const closeOpcode = 8
const pingOpcode = 9
const pongOpcode = 10

const encode = (opcode: number, payload: Buffer): Buffer => {
  const { length } = payload
  const head =
    length < 126 ? Buffer.of(0x80 | opcode, 0x80 | length) : Buffer.of(0x80 | opcode, 0xfe, length >> 8, length & 255)
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index & 3] as number))])
}

/** A masked text frame of up to 65,535 bytes. */
export const encodeText = (text: string): Buffer => encode(textOpcode, Buffer.from(text))

/** Bytes of a text frame as a server sends it, of 126 to 65,535 bytes of payload. */
export const serverFrameBytes = (payloadBytes: number): number => payloadBytes + 4

interface Waiting {
  readonly start: string
  readonly resolve: (text: string) => void
  readonly reject: (error: Error) => void
}

export class BenchSocket {
  /** What has been read so far, without what was only counted. */
  frames = 0
  bytes = 0

  readonly #socket: Socket
  #rest: Buffer = Buffer.alloc(0)
  readonly #upgraded = Promise.withResolvers<void>()
  #isUpgraded = false
  #unread: string[] = []
  #waiting: Waiting[] = []
  #count: ((bytes: number) => void) | null = null
  #follow: ((text: string) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => this.#received(chunk))
    socket.on("error", () => {})
    socket.on("close", () => {
      this.#upgraded.reject(new Error("The server closed a socket before it was upgraded"))
      for (const { start, reject } of this.#waiting)
        reject(new Error(`The server closed a socket that waits for ${start}`))
    })
  }

  /** Opens one from this client's address, as a proxy in front would tell it. The server has upgraded it then. */
  static async open(port: number, address: string, target = "/"): Promise<BenchSocket> {
    const socket = connect(port, "127.0.0.1")
    await once(socket, "connect")
    socket.write(
      [
        `GET ${target} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Origin: https://dropsilk.xyz",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        `X-Forwarded-For: ${address}`,
        "",
        ""
      ].join("\r\n")
    )
    const opened = new BenchSocket(socket)
    await opened.#upgraded.promise
    return opened
  }

  /** The next text frame of this type, also one that has come already. */
  next(type: string): Promise<string> {
    const start = `{"type":"${type}"`
    const index = this.#unread.findIndex((text) => text.startsWith(start))
    if (index !== -1) return Promise.resolve(this.#unread.splice(index, 1)[0] as string)
    return new Promise((resolve, reject) => this.#waiting.push({ start, resolve, reject }))
  }

  /** From now on bytes are counted and frames no longer read; null: read again, when no frame is on its way. */
  count(listener: ((bytes: number) => void) | null): void {
    this.#count = listener
  }

  /** From now on this hears every text frame, and `next` none. */
  follow(listener: (text: string) => void): void {
    this.#follow = listener
  }

  send(text: string): void {
    this.#socket.write(encodeText(text))
  }

  /** Writes what `encodeText` has made. */
  write(frame: Buffer): void {
    this.#socket.write(frame)
  }

  /** Closes as a browser does, and resolves when the server has closed as well. */
  async close(): Promise<void> {
    const closed = once(this.#socket, "close")
    this.#socket.write(encode(closeOpcode, Buffer.of(3, 232)))
    await closed
  }

  /** Cuts the connection, which leaves no port waiting. */
  cut(): void {
    this.#socket.resetAndDestroy()
  }

  #received(chunk: Buffer): void {
    if (this.#count !== null) return this.#count(chunk.length)
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#isUpgraded) {
      const end = bytes.indexOf("\r\n\r\n")
      if (end === -1) {
        this.#rest = bytes
        return
      }
      this.#isUpgraded = true
      this.#upgraded.resolve()
      bytes = bytes.subarray(end + 4)
    }
    for (;;) {
      if (bytes.length < 2) break
      const short = (bytes[1] as number) & 127
      const headBytes = short < 126 ? 2 : 4
      if (bytes.length < headBytes) break
      const length = short < 126 ? short : bytes.readUInt16BE(2)
      if (bytes.length < headBytes + length) break
      this.frames++
      this.bytes += headBytes + length
      this.#frame((bytes[0] as number) & 15, bytes.subarray(headBytes, headBytes + length))
      bytes = bytes.subarray(headBytes + length)
    }
    this.#rest = bytes.length === 0 ? empty : Buffer.from(bytes)
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === pingOpcode) this.#socket.write(encode(pongOpcode, payload))
    if (opcode !== textOpcode) return
    const text = payload.toString()
    if (this.#follow !== null) return this.#follow(text)
    const index = this.#waiting.findIndex(({ start }) => text.startsWith(start))
    if (index === -1) this.#unread.push(text)
    else this.#waiting.splice(index, 1)[0]?.resolve(text)
  }
}

const empty = Buffer.alloc(0)

/** A public address of its own for every index up to 16 million: each client on its own network. */
export const addressOf = (index: number): string =>
  `${20 + ((index >> 16) & 63)}.${(index >> 8) & 255}.${index & 255}.1`

/** Opens one of DropSilk's and waits until the server has told it everything that it tells newcomers. */
const openGreeted = async (port: number, address: string): Promise<BenchSocket> => {
  const socket = await BenchSocket.open(port, address)
  await Promise.all([socket.next("registered"), socket.next("users-on-network-update")])
  return socket
}

/** Opens so many of DropSilk's, fifty at a time. */
export const openMany = (port: number, count: number, address: (index: number) => string): Promise<BenchSocket[]> =>
  openAll(count, (index) => openGreeted(port, address(index)))

/** Opens so many, fifty at a time. */
export const openAll = async (count: number, open: (index: number) => Promise<BenchSocket>): Promise<BenchSocket[]> => {
  const sockets: BenchSocket[] = []
  while (sockets.length < count) {
    const first = sockets.length
    const batch = Math.min(50, count - first)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, (_, index) => open(first + index)))))
  }
  return sockets
}

/** Two clients in one flight, the host first. `ports`: of the servers at which each of them is. */
export const openFlight = async (
  ports: readonly [number, number],
  addresses: readonly [string, string]
): Promise<[BenchSocket, BenchSocket]> => {
  const [host, guest] = await Promise.all([openGreeted(ports[0], addresses[0]), openGreeted(ports[1], addresses[1])])
  host.send(`{"type":"create-flight"}`)
  const { flightCode } = JSON.parse(await host.next("flight-created")) as { flightCode: string }
  guest.send(JSON.stringify({ type: "join-flight", flightCode }))
  await Promise.all([host.next("peer-joined"), guest.next("peer-joined")])
  return [host, guest]
}
