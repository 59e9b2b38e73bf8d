/**
 * Asks a STUN or TURN server what a client will ask it: where one comes from (RFC 8489), or a relay of one's own with these
 * credentials (RFC 8656), which is given back at once.
 */
import { createHash, createHmac, randomBytes } from "node:crypto"
import { createSocket } from "node:dgram"
import { connect as connectTcp, isIPv6 } from "node:net"
import { connect as connectTls } from "node:tls"

export interface ProbedServer {
  /** RFC 7064 or 7065, such as `turn:turn.example.org:3478?transport=udp`. */
  readonly url: string
  readonly username?: string | undefined
  readonly credential?: string | undefined
}

export interface Probed {
  /** `relays`: it has given a relay. `answers`: it tells one where one comes from. */
  readonly outcome: "answers" | "relays" | "refuses" | "silent"
  /** Completes "The server …"; of the server's own words none are repeated. */
  readonly detail: string
  readonly milliseconds: number
}

const magic = 0x2112_a442
const binding = 0x0001
const allocate = 0x0003
const refresh = 0x0004
const attributes = {
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  lifetime: 0x000d,
  realm: 0x0014,
  nonce: 0x0015,
  transport: 0x0019
}
/** IANA's number of UDP, in the first of four bytes. */
const overUdp = Buffer.from([17, 0, 0, 0])

/** Milliseconds between two sendings over UDP, where one of them may be lost. */
const againMs = 500

/** Never rejects. */
export const probeIceServer = async (server: ProbedServer, timeoutMs: number): Promise<Probed> => {
  const began = performance.now()
  const spent = () => Math.round(performance.now() - began)
  const place = placeOf(server.url)
  let wire: Wire | undefined
  try {
    wire = await open(place, timeoutMs)
    const found = place.isTurn ? await askForRelay(wire, server) : await askWhere(wire)
    return { ...found, milliseconds: spent() }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { outcome: "silent", detail: `cannot be reached (${code ?? message})`, milliseconds: spent() }
  } finally {
    wire?.close()
  }
}

interface Place {
  readonly isTurn: boolean
  readonly transport: "udp" | "tcp" | "tls"
  readonly host: string
  readonly port: number
}

const placeOf = (url: string): Place => {
  const [, kind = "", secure = "", host = "", port, transport = "udp"] =
    /^(stun|turn)(s?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i.exec(url) ?? []
  return {
    isTurn: kind.toLowerCase() === "turn",
    transport: secure === "" ? (transport.toLowerCase() as "udp" | "tcp") : "tls",
    host: host.replace(/^\[|\]$/g, ""),
    port: port === undefined ? (secure === "" ? 3478 : 5349) : Number(port)
  }
}

type Answered = Omit<Probed, "milliseconds">

const askWhere = async (wire: Wire): Promise<Answered> => {
  const { type } = await wire.ask(message(binding, []))
  return isSuccess(type)
    ? { outcome: "answers", detail: "answers" }
    : { outcome: "refuses", detail: "refuses to say where one comes from" }
}

const askForRelay = async (wire: Wire, { username = "", credential = "" }: ProbedServer): Promise<Answered> => {
  const wish = [attributes.transport, overUdp] as const
  const first = await wire.ask(message(allocate, [wish]))
  // It says what a password is to be mixed with.
  const realm = first.attributes.get(attributes.realm)
  let nonce = first.attributes.get(attributes.nonce)
  if (realm === undefined || nonce === undefined) {
    return isSuccess(first.type)
      ? { outcome: "relays", detail: "relays for anybody, without asking for credentials" }
      : { outcome: "refuses", detail: `refuses a relay (${errorOf(first)})` }
  }
  const key = createHash("md5").update(`${username}:${realm}:${credential}`).digest()
  const signed = (method: number, more: readonly Attribute[]) =>
    message(
      method,
      [
        ...more,
        [attributes.username, Buffer.from(username)],
        [attributes.realm, realm],
        [attributes.nonce, nonce as Buffer]
      ],
      key
    )
  const given = await wire.ask(signed(allocate, [wish]))
  if (!isSuccess(given.type)) {
    const code = errorOf(given)
    const detail = code === 401 ? "does not take the credentials" : `refuses a relay (${code})`
    return { outcome: "refuses", detail }
  }
  nonce = given.attributes.get(attributes.nonce) ?? nonce
  await wire.ask(signed(refresh, [[attributes.lifetime, Buffer.alloc(4)]])).catch(() => {})
  return { outcome: "relays", detail: "takes the credentials and relays" }
}

// --- Messages

type Attribute = readonly [type: number, value: Buffer]

interface Message {
  readonly type: number
  readonly attributes: ReadonlyMap<number, Buffer>
}

const isSuccess = (type: number): boolean => (type & 0x0110) === 0x0100

const errorOf = ({ attributes: found }: Message): number => {
  const error = found.get(attributes.error)
  return error === undefined || error.length < 4 ? 0 : ((error[2] ?? 0) & 7) * 100 + (error[3] ?? 0)
}

const message = (type: number, fields: readonly Attribute[], key?: Buffer): Buffer => {
  const body = Buffer.concat(fields.flatMap(encoded))
  const head = (length: number) => {
    const bytes = Buffer.alloc(20)
    bytes.writeUInt16BE(type, 0)
    bytes.writeUInt16BE(length, 2)
    bytes.writeUInt32BE(magic, 4)
    id.copy(bytes, 8)
    return bytes
  }
  const id = randomBytes(12)
  if (key === undefined) return Buffer.concat([head(body.length), body])
  // The signature counts into the length that it signs.
  const whole = Buffer.concat([head(body.length + 24), body])
  const signature = createHmac("sha1", key).update(whole).digest()
  return Buffer.concat([whole, ...encoded([attributes.integrity, signature])])
}

const encoded = ([type, value]: Attribute): readonly Buffer[] => {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return [head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]
}

const decoded = (bytes: Buffer): Message => {
  const found = new Map<number, Buffer>()
  for (let at = 20; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2)
    const type = bytes.readUInt16BE(at)
    if (!found.has(type)) found.set(type, bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return { type: bytes.readUInt16BE(0), attributes: found }
}

/** Whether it is the answer to this question, whole. */
const answers = (bytes: Buffer, question: Buffer): boolean =>
  bytes.length >= 20 &&
  bytes.length >= 20 + bytes.readUInt16BE(2) &&
  bytes.subarray(4, 20).equals(question.subarray(4, 20))

// --- The way there

interface Wire {
  ask(question: Buffer): Promise<Message>
  close(): void
}

const late = () => Object.assign(new Error("no answer"), { code: "no answer" })

const open = ({ transport, host, port }: Place, timeoutMs: number): Promise<Wire> =>
  transport === "udp" ? overDatagrams(host, port, timeoutMs) : overStream(transport, host, port, timeoutMs)

const overDatagrams = async (host: string, port: number, timeoutMs: number): Promise<Wire> => {
  const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" })
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject)
    socket.connect(port, host, () => resolve())
  }).catch((error) => {
    socket.close()
    throw error
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        const send = () => socket.send(question)
        const again = setInterval(send, againMs)
        const end = setTimeout(() => done(() => reject(late())), timeoutMs)
        const done = (settle: () => void) => {
          clearInterval(again)
          clearTimeout(end)
          socket.removeAllListeners()
          socket.on("error", () => {})
          settle()
        }
        socket.on("error", (error) => done(() => reject(error)))
        socket.on("message", (bytes) => {
          if (answers(bytes, question)) done(() => resolve(decoded(bytes)))
        })
        send()
      }),
    close: () => socket.close()
  }
}

const overStream = async (transport: "tcp" | "tls", host: string, port: number, timeoutMs: number): Promise<Wire> => {
  const isName = !isIPv6(host) && !/^[\d.]+$/.test(host)
  const socket =
    transport === "tls"
      ? connectTls({ host, port, ...(isName ? { servername: host } : {}) })
      : connectTcp({ host, port })
  socket.setTimeout(timeoutMs, () => socket.destroy(late()))
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject)
    socket.once(transport === "tls" ? "secureConnect" : "connect", () => resolve())
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        let read = Buffer.alloc(0)
        socket.once("error", reject)
        socket.once("close", () => reject(late()))
        const hear = (bytes: Buffer) => {
          read = Buffer.concat([read, bytes])
          if (!answers(read, question)) return
          socket.off("data", hear)
          resolve(decoded(read.subarray(0, 20 + read.readUInt16BE(2))))
        }
        socket.on("data", hear)
        socket.write(question)
      }),
    close: () => {
      socket.on("error", () => {})
      socket.destroy()
    }
  }
}
