/**
 * A TURN client over UDP that asks for one allocation: STUN messages (RFC 8489) with long-term credentials, and the
 * Allocate request of RFC 8656.
 */
import { createHash, createHmac, randomBytes } from "node:crypto"
import { createSocket } from "node:dgram"
import { once } from "node:events"

const magicCookie = 0x2112a442
const bindingRequest = 0x0001
const allocateRequest = 0x0003
const allocateSuccess = 0x0103
const attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  realm: 0x0014,
  nonce: 0x0015,
  requestedTransport: 0x0019
}
/** UDP as REQUESTED-TRANSPORT says it: the protocol's number and three reserved bytes. */
const udp = Buffer.from([17, 0, 0, 0])
/** Milliseconds after which a datagram counts as lost (RFC 8489 6.2.1). */
const retransmissionMs = 500

type Attribute = readonly [type: number, value: Buffer]

interface Message {
  readonly type: number
  readonly attributes: ReadonlyMap<number, Buffer>
}

export interface Login {
  readonly username: string
  readonly credential: string
}

/** Allocates a relay address on 127.0.0.1; resolves with "allocated", or the number of the server's refusal. */
export const allocate = async (port: number, { username, credential }: Login): Promise<"allocated" | number> => {
  const client = await openClient(port)
  try {
    const transport: Attribute = [attribute.requestedTransport, udp]
    // Without credentials first: the refusal tells realm and nonce.
    const challenge = await client.ask(allocateRequest, [transport])
    const realm = challenge.attributes.get(attribute.realm)
    const nonce = challenge.attributes.get(attribute.nonce)
    if (refusalOf(challenge) !== 401 || realm === undefined || nonce === undefined) {
      throw new Error(`The TURN server asked nobody for credentials: ${refusalOf(challenge)}`)
    }
    const key = createHash("md5").update(`${username}:${realm}:${credential}`).digest()
    const attributes: Attribute[] = [
      transport,
      [attribute.username, Buffer.from(username)],
      [attribute.realm, realm],
      [attribute.nonce, nonce]
    ]
    const answer = await client.ask(allocateRequest, attributes, key)
    return answer.type === allocateSuccess ? "allocated" : refusalOf(answer)
  } finally {
    client.close()
  }
}

/** Resolves when a STUN server answers on this port. */
export const answersStun = async (port: number): Promise<void> => {
  const client = await openClient(port)
  await client.ask(bindingRequest, []).finally(client.close)
}

const openClient = async (port: number) => {
  const socket = createSocket("udp4")
  // A port where nobody listens yet; the next retransmission finds out.
  socket.on("error", () => {})
  socket.connect(port, "127.0.0.1")
  await once(socket, "connect")
  return {
    ask: (type: number, attributes: readonly Attribute[], key?: Buffer): Promise<Message> => {
      const transaction = randomBytes(12)
      const request = encode(type, transaction, attributes, key)
      return new Promise((resolve) => {
        const send = () => socket.send(request, () => {})
        const retransmission = setInterval(send, retransmissionMs)
        socket.on("message", (datagram) => {
          if (!datagram.subarray(8, 20).equals(transaction)) return
          clearInterval(retransmission)
          resolve(decode(datagram))
        })
        send()
      })
    },
    close: () => socket.close()
  }
}

const encode = (type: number, transaction: Buffer, attributes: readonly Attribute[], key?: Buffer): Buffer => {
  const body = Buffer.concat(attributes.map(encodeAttribute))
  if (key === undefined) return Buffer.concat([header(type, body.length, transaction), body])
  // The length already counts MESSAGE-INTEGRITY (24 bytes), which covers all before itself (RFC 8489 14.5).
  const signed = Buffer.concat([header(type, body.length + 24, transaction), body])
  const integrity = createHmac("sha1", key).update(signed).digest()
  return Buffer.concat([signed, encodeAttribute([attribute.messageIntegrity, integrity])])
}

const header = (type: number, length: number, transaction: Buffer): Buffer => {
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(length, 2)
  fixed.writeUInt32BE(magicCookie, 4)
  return Buffer.concat([fixed, transaction])
}

const encodeAttribute = ([type, value]: Attribute): Buffer => {
  const encoded = Buffer.alloc(4 + padded(value.length))
  encoded.writeUInt16BE(type, 0)
  encoded.writeUInt16BE(value.length, 2)
  value.copy(encoded, 4)
  return encoded
}

const decode = (datagram: Buffer): Message => {
  const attributes = new Map<number, Buffer>()
  for (let at = 20; at + 4 <= datagram.length; ) {
    const length = datagram.readUInt16BE(at + 2)
    attributes.set(datagram.readUInt16BE(at), datagram.subarray(at + 4, at + 4 + length))
    at += 4 + padded(length)
  }
  return { type: datagram.readUInt16BE(0), attributes }
}

/** Attributes end at multiples of four bytes. */
const padded = (length: number): number => Math.ceil(length / 4) * 4

/** Class and number of ERROR-CODE; 0 without one. */
const refusalOf = ({ attributes }: Message): number => {
  const value = attributes.get(attribute.errorCode)
  return value === undefined ? 0 : (value[2] ?? 0) * 100 + (value[3] ?? 0)
}
