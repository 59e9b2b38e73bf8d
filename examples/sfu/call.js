/**
 * A call over silktower's SFU: the few lines of signaling that docs/protocols/sfu.md describes, and mediasoup-client for
 * the rest. It knows nothing of any page; page.js shows one.
 *
 * ```js
 * const call = await joinCall({ server: "https://example.org/sfu", roomId: "ROOM42", userName: "Ada" })
 * call.onTrack = ({ userId, userName, track }) => …
 * call.onLeft = ({ userId }) => …
 * call.onClosed = ({ code, reason, comeBack }) => …
 * await call.listen()
 * const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
 * for (const track of stream.getTracks()) await call.send(track)
 * ```
 */
import { Device } from "mediasoup-client"

/** How long a request waits for its answer, in ms. */
const patience = 10_000

/** Close codes after which it is worth to come back: the server goes, the line broke, a fault, a full room. */
const passing = new Set([1001, 1006, 1011, 1013])

/** The layers of a camera: bit/s, and by how much each side of its picture is divided. */
export const cameraLayers = [
  { maxBitrate: 100_000, scaleResolutionDownBy: 4 },
  { maxBitrate: 400_000, scaleResolutionDownBy: 2 },
  { maxBitrate: 1_200_000, scaleResolutionDownBy: 1 },
  { maxBitrate: 4_000_000, scaleResolutionDownBy: 1 }
]

/** Logs in; resolves with a token. Rejects with what the server says. */
export const logIn = async (server, person) => {
  const answer = await fetch(`${server}/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(person)
  })
  const said = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Error(`login was refused: ${said.error?.message ?? said.error ?? answer.status}`)
  return said.token
}

/** What a token says of its owner. The server may have given another `userId` than was asked for. */
export const claimsOf = (token) => {
  const bytes = atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))))
}

/** Requests, their answers and events over one WebSocket. */
class Signaling {
  #socket
  #waiting = new Map()
  #nextId = 0
  /** Hears each event: its type and its data. */
  onEvent = () => {}
  /** Hears the end, once: code and reason. */
  onClosed = () => {}

  static connect(server, token) {
    const signaling = new Signaling()
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${server.replace("http", "ws")}?token=${token}`)
      signaling.#socket = socket
      socket.onopen = () => resolve(signaling)
      socket.onmessage = ({ data }) => signaling.#hear(JSON.parse(data))
      socket.onclose = ({ code, reason }) => {
        const closed = new Error(`the connection has ended (${code} ${reason})`)
        reject(closed)
        for (const { refuse } of signaling.#waiting.values()) refuse(closed)
        signaling.#waiting.clear()
        signaling.onClosed(code, reason)
      }
    })
  }

  /** Resolves with the answer's data. Rejects with what the server refuses, or when it says nothing. */
  ask(type, data) {
    const requestId = (++this.#nextId).toString(36)
    return new Promise((resolve, refuse) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(requestId)
        refuse(new Error(`${type} was not answered`))
      }, patience)
      const settled = (settle) => (value) => {
        clearTimeout(timer)
        settle(value)
      }
      this.#waiting.set(requestId, { answer: settled(resolve), refuse: settled(refuse) })
      this.#socket.send(JSON.stringify({ type, data, requestId }))
    })
  }

  /** Says something that needs no answer. */
  tell(type, data) {
    this.#socket.send(JSON.stringify({ type, data }))
  }

  close() {
    this.#socket.close(1000)
  }

  #hear({ type, requestId, data }) {
    if (type !== "response") return void this.onEvent(type, data)
    const asked = this.#waiting.get(requestId)
    if (asked === undefined) return
    this.#waiting.delete(requestId)
    if (data.error === undefined) asked.answer(data)
    else asked.refuse(new Error(data.error))
  }
}

class Call {
  #signaling
  #device
  #sending
  #receiving
  /** Producers that were there before us. */
  #existing = []
  /** Ids of producers that have ended, some of them perhaps while we were about to receive them. */
  #ended = new Set()
  /** Events that came before `listen`, and how they are taken since. */
  #early = []
  #take = (...event) => void this.#early.push(event)
  /** What we receive of others, by its id: `{ userId, consumer }`. */
  consumers = new Map()
  /** What we send, by kind. */
  producers = new Map()
  /** Who we are to the others. */
  userId
  onTrack = () => {}
  onLeft = () => {}
  onClosed = () => {}

  constructor(signaling, userId, device) {
    this.#signaling = signaling
    this.#device = device
    this.userId = userId
    signaling.onEvent = (...event) => this.#take(...event)
    signaling.onClosed = (code, reason) => {
      this.#sending?.close()
      this.#receiving?.close()
      this.onClosed({ code, reason, comeBack: passing.has(code) })
    }
  }

  /**
   * First the transport to send with, then the one to receive with; `protocol` (udp or tcp)
   * does without the other one, to try it.
   */
  async open(roomId, existing, protocol) {
    this.#existing = existing
    const parameters = async () => {
      const { params } = await this.#signaling.ask("create-transport", { roomId })
      const isTaken = (candidate) => protocol === undefined || candidate.protocol === protocol
      return { ...params, iceCandidates: params.iceCandidates.filter(isTaken) }
    }
    this.#sending = this.#device.createSendTransport(await parameters())
    this.#receiving = this.#device.createRecvTransport(await parameters())
    for (const transport of [this.#sending, this.#receiving]) {
      transport.on("connect", ({ dtlsParameters }, done, failed) => {
        this.#signaling.ask("connect-transport", { transportId: transport.id, dtlsParameters }).then(done, failed)
      })
    }
    this.#sending.on("produce", ({ kind, rtpParameters }, done, failed) => {
      this.#signaling.ask("produce", { transportId: this.#sending.id, kind, rtpParameters }).then(done, failed)
    })
  }

  /** Receives what others send, and will send. Call it when `onTrack` and `onLeft` are set. */
  async listen() {
    this.#take = (type, data) => {
      if (type === "new-producer") this.#receive(data).catch((error) => console.warn("not received:", error.message))
      else if (type === "producer-closed") this.#drop(data)
    }
    await Promise.all(this.#existing.map((producer) => this.#receive(producer).catch(() => {})))
    for (const event of this.#early.splice(0)) this.#take(...event)
  }

  /** Sends a camera's or a microphone's track; a camera's in layers if `layers` names some. */
  async send(track, layers = cameraLayers) {
    const encodings = track.kind === "video" && layers.length > 0 ? layers : undefined
    // The track is the page's: it may be sent again in the next call.
    const producer = await this.#sending.produce({ track, encodings, stopTracks: false })
    this.producers.set(track.kind, producer)
    return producer
  }

  leave() {
    this.#signaling.close()
  }

  async #receive({ producerId, userId, userName }) {
    const { params } = await this.#signaling.ask("consume", {
      transportId: this.#receiving.id,
      producerId,
      rtpCapabilities: this.#device.recvRtpCapabilities
    })
    const consumer = await this.#receiving.consume(params)
    if (this.#ended.has(producerId)) return consumer.close()
    this.consumers.set(consumer.id, { userId, consumer })
    this.#signaling.tell("resume-consumer", { consumerId: consumer.id })
    this.onTrack({ userId, userName, track: consumer.track })
  }

  /** Whoever ends one producer has left: all of theirs is dropped. */
  #drop({ userId, producerId }) {
    this.#ended.add(producerId)
    for (const [id, { userId: owner, consumer }] of this.consumers) {
      if (owner !== userId) continue
      consumer.close()
      this.consumers.delete(id)
    }
    this.onLeft({ userId })
  }
}

/**
 * Comes into a room. `server` is where the SFU is mounted, without a slash at the end; a `token` that somebody else has
 * issued saves the login. Rejects with what the server refuses.
 */
export const joinCall = async ({ server, roomId, userName, userId, token, protocol }) => {
  const asked = { userId: userId ?? `user-${crypto.randomUUID().slice(0, 8)}`, userName, roomId }
  const mine = token ?? (await logIn(server, asked))
  const signaling = await Signaling.connect(server, mine)
  try {
    const device = await Device.factory()
    const call = new Call(signaling, claimsOf(mine).userId, device)
    const { rtpCapabilities, existingProducers } = await signaling.ask("join-room", { roomId })
    await device.load({ routerRtpCapabilities: rtpCapabilities })
    await call.open(roomId, existingProducers, protocol)
    return call
  } catch (error) {
    signaling.close()
    throw error
  }
}
