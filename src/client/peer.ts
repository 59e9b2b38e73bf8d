/**
 * The connection to whoever sits in the other seat, by perfect negotiation (W3C WebRTC 1.0, 10.7): both sides may offer at any
 * time, and where two offers cross, the polite side takes its own back. The guest is polite. Whatever is done or heard has its
 * turn, so that no step finds another half done, and no flag is needed that says that one is under way.
 */
import type { IceServers } from "./iceServers.ts"
import { agreedChannelId, type DescriptionSignal, readSignal, type Signal, sessionOf } from "./signals.ts"
import type { DataChannel, Description, IceServer, PeerConnection, PeerConnectionConstructor } from "./web.ts"

/** Candidates that are held for one description; a peer that sends more of them is not believed. */
const mostCandidates = 256

export type Role = "host" | "guest"

/** An open way to the other side. */
export interface Peering {
  readonly connection: PeerConnection
  /** Open, and so it is on the other side. */
  readonly channel: DataChannel
}

export interface PeerParts {
  readonly RTCPeerConnection: PeerConnectionConstructor
  readonly iceServers: IceServers
  /** What a channel is called that is made for a client that knows only announced ones. */
  readonly label: string
  /** Whether what is said now reaches somebody. */
  readonly isPaired: () => boolean
  readonly role: () => Role
  readonly say: (signal: Signal) => void
  /** A channel over a connection that was not there before is open. */
  readonly opened: (peering: Peering) => void
  /** A step has failed. */
  readonly failed: (error: unknown) => void
}

export class Peer {
  readonly #parts: PeerParts
  #connection: PeerConnection | undefined
  #channel: DataChannel | undefined
  #candidates: object[] = []
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false
  readonly #stopFollowing: () => void

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.#stopFollowing = parts.iceServers.follow((servers) => this.#useServers(servers))
  }

  /** What is open now. */
  get peering(): Peering | undefined {
    const [connection, channel] = [this.#connection, this.#channel]
    return connection !== undefined && channel?.readyState === "open" ? { connection, channel } : undefined
  }

  /**
   * Somebody has come, or come back, or this side has. The host offers. If the two have been connected all the while, nothing
   * changes by that but that both know; what was lost on the way meanwhile is said again; and where the network has changed, the
   * new candidates keep connection and channel alive.
   */
  meet(): void {
    this.#inTurn(() => (this.#parts.role() === "host" ? this.#offerAnew() : this.#offerIfBroken()))
  }

  /** What the other side has said. What is no signal of a known shape is nothing to this. */
  hear(data: unknown): void {
    const signal = readSignal(data)
    if (signal === undefined) return
    this.#inTurn(() => ("candidate" in signal ? this.#tryCandidate(signal.candidate) : this.#hearDescription(signal)))
  }

  close(): void {
    this.#isClosed = true
    this.#stopFollowing()
    this.#connection?.close()
  }

  /** Whether the other side is this client as well, as far as is known: until it has answered it may be. */
  get #isOurs(): boolean {
    return this.#channel?.label === agreedLabel
  }

  /** A step that fails leaves those after it as they are: the other side may have sent what no browser accepts. */
  #inTurn(step: () => Promise<void>): void {
    this.#turn = this.#turn
      .then(() => (this.#isClosed ? undefined : step()))
      .catch((error) => this.#isClosed || this.#parts.failed(error))
      .then(() => {})
  }

  async #offerAnew(): Promise<void> {
    const connection = this.#connection
    // Known clients begin anew whenever they are told of somebody, and wait for an offer that begins anew as well.
    const canGoOn = connection !== undefined && this.#isOurs && connection.connectionState !== "closed"
    if (canGoOn) return this.#offer(connection)
    const made = await this.#renew()
    this.#agreeOnChannel(made)
    await this.#offer(made)
  }

  /** The host may not know yet that the way is broken. A known client's host does: it always begins anew. */
  async #offerIfBroken(): Promise<void> {
    const connection = this.#connection
    if (connection && this.#isOurs && connection.connectionState !== "connected") await this.#renegotiate(connection)
  }

  /** Once there is something to go on with. */
  async #renegotiate(connection: PeerConnection): Promise<void> {
    if (connection.signalingState === "stable" && connection.remoteDescription !== null) await this.#offer(connection)
  }

  async #offer(connection: PeerConnection): Promise<void> {
    const iceRestart = connection.remoteDescription !== null && connection.connectionState !== "connected"
    if (iceRestart) this.#useServers(await this.#parts.iceServers.current())
    await connection.setLocalDescription(await connection.createOffer({ iceRestart }))
    this.#describe(connection)
  }

  async #hearDescription(signal: DescriptionSignal): Promise<void> {
    await (signal.sdp.type === "offer" ? this.#hearOffer(signal) : this.#hearAnswer(signal))
  }

  async #hearOffer({ sdp, channelId }: DescriptionSignal): Promise<void> {
    let connection = this.#connection
    const crossing = connection?.signalingState === "have-local-offer"
    if (crossing && this.#parts.role() === "host") return
    if (connection === undefined || connection.connectionState === "closed" || isOfAnother(connection, sdp)) {
      connection = await this.#renew()
      if (channelId === agreedChannelId) this.#agreeOnChannel(connection)
    } else if (crossing) await connection.setLocalDescription({ type: "rollback" })
    await this.#accept(connection, sdp)
    await connection.setLocalDescription(await connection.createAnswer())
    this.#describe(connection)
  }

  async #hearAnswer({ sdp, channelId }: DescriptionSignal): Promise<void> {
    const connection = this.#connection
    if (connection?.signalingState !== "have-local-offer") return
    // Whoever answers is not who was there before, such as a page that was loaded again: it cannot go on with this connection.
    if (isOfAnother(connection, sdp)) {
      connection.close()
      return this.#offerAnew()
    }
    await this.#accept(connection, sdp)
    if (channelId !== agreedChannelId && this.#isOurs) this.#announceChannel(connection)
  }

  async #accept(connection: PeerConnection, description: Description): Promise<void> {
    await connection.setRemoteDescription(description)
    for (const candidate of this.#candidates.splice(0)) await this.#tryCandidate(candidate)
  }

  /** One that comes before the description it belongs to is held. One of an offer that was ignored, or of an earlier one, fails. */
  async #tryCandidate(candidate: object): Promise<void> {
    const connection = this.#connection
    if (connection?.remoteDescription) await connection.addIceCandidate(candidate).catch(() => {})
    else if (this.#candidates.length < mostCandidates) this.#candidates.push(candidate)
  }

  #describe(connection: PeerConnection): void {
    const { type, sdp } = connection.localDescription as Description
    const agreed = this.#isOurs ? { channelId: agreedChannelId } : {}
    this.#parts.say({ sdp: { type, sdp: sdp ?? "" }, ...agreed })
  }

  async #renew(): Promise<PeerConnection> {
    this.#connection?.close()
    const { RTCPeerConnection, iceServers, isPaired, say } = this.#parts
    const connection = new RTCPeerConnection({ iceServers: await iceServers.current() })
    if (this.#isClosed) connection.close()
    // What was held for an earlier connection is nothing to this one.
    if (this.#connection !== undefined) this.#candidates = []
    this.#connection = connection
    this.#channel = undefined
    const ifCurrent = (act: () => void) => () => {
      if (this.#connection === connection && !this.#isClosed) act()
    }
    connection.addEventListener("icecandidate", ({ candidate }: { candidate: object | null }) =>
      ifCurrent(() => candidate && say({ candidate }))()
    )
    connection.addEventListener("datachannel", ({ channel }: { channel: DataChannel }) =>
      ifCurrent(() => this.#channel ?? this.#use(connection, channel))()
    )
    const renegotiate = ifCurrent(() => this.#inTurn(() => this.#renegotiate(connection)))
    // Tracks that the page has added to what is there.
    connection.addEventListener("negotiationneeded", renegotiate)
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed" && isPaired()) renegotiate()
    })
    return connection
  }

  #agreeOnChannel(connection: PeerConnection): void {
    this.#use(connection, connection.createDataChannel(agreedLabel, { negotiated: true, id: agreedChannelId }))
  }

  /** For a client that has answered without knowing of the channel that ours agree upon. */
  #announceChannel(connection: PeerConnection): void {
    this.#channel?.close()
    this.#use(connection, connection.createDataChannel(this.#parts.label))
  }

  #use(connection: PeerConnection, channel: DataChannel): void {
    this.#channel = channel
    channel.binaryType = "arraybuffer"
    const opened = () => {
      if (this.#channel === channel) this.#parts.opened({ connection, channel })
    }
    if (channel.readyState === "open") opened()
    else channel.addEventListener("open", opened)
  }

  #useServers(servers: IceServer[]): void {
    const connection = this.#connection
    if (connection !== undefined && connection.connectionState !== "closed") {
      connection.setConfiguration({ iceServers: servers })
    }
  }
}

const agreedLabel = "silktower"

/** Whether a description comes from another connection than the one that this one is connected to. */
const isOfAnother = ({ remoteDescription }: PeerConnection, description: Description): boolean =>
  remoteDescription !== null && sessionOf(remoteDescription) !== sessionOf(description)
