/**
 * What the client uses of the web's own interfaces. A page has them all; where one is missing, as WebRTC is in Node, it is
 * passed in. In a page's project the types are the DOM's own.
 */

export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}

export interface Description {
  readonly type: "offer" | "answer" | "pranswer" | "rollback"
  readonly sdp?: string
}

/** The part of a data channel that the client uses. */
interface DataChannelPart {
  readonly label: string
  readonly readyState: string
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  binaryType: string
  send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: string, listener: (event: never) => void): void
  removeEventListener(type: string, listener: (event: never) => void): void
}

/** The part of a peer connection that the client uses. */
interface PeerConnectionPart {
  readonly connectionState: string
  readonly signalingState: string
  readonly localDescription: Description | null
  readonly remoteDescription: Description | null
  createOffer(options?: { iceRestart?: boolean }): Promise<Description>
  createAnswer(): Promise<Description>
  setLocalDescription(description: Description): Promise<void>
  setRemoteDescription(description: Description): Promise<void>
  addIceCandidate(candidate: object): Promise<void>
  setConfiguration(configuration: { iceServers?: IceServer[] }): void
  createDataChannel(label: string, options?: { negotiated?: boolean; id?: number }): DataChannel
  getStats(): Promise<{ forEach(each: (report: object) => void): void }>
  close(): void
  addEventListener(type: string, listener: (event: never) => void): void
}

/** The page's own type where there is one. */
type Own<Name extends string, Part> = typeof globalThis extends Record<Name, { prototype: infer Type }> ? Type : Part
export type PeerConnection = Own<"RTCPeerConnection", PeerConnectionPart>
export type DataChannel = Own<"RTCDataChannel", DataChannelPart>

export type PeerConnectionConstructor = new (configuration: { iceServers: IceServer[] }) => PeerConnection

/** The part of a WebSocket that the client uses. */
export interface WebSocketPart {
  readonly readyState: number
  send(data: string): void
  close(): void
  addEventListener(type: string, listener: (event: never) => void): void
}
export type WebSocketConstructor = new (url: string) => WebSocketPart

/** Where the client finds what it stands on, each by default the runtime's own. */
export interface Web {
  readonly WebSocket?: WebSocketConstructor
  readonly RTCPeerConnection?: PeerConnectionConstructor
  readonly fetch?: typeof fetch
}
