/** What a peer knows, what it is told, and why it may be sent away. */
import type { Belonging } from "../../cluster/homes.ts"
import type { SupervisorReply } from "../../supervisor.ts"
import { nameSpaceAt } from "../addresses.ts"
import type { Refusal } from "../events.ts"
import type { SpaceNotice } from "../nameSpace/nameSpaceContext.ts"

export interface PeerInput {
  /** 10 characters of `[0-9a-z]`; nobody outside sees it. */
  readonly id: string
  readonly space: string
  readonly address: string
}

export type PeerSettings = {
  /** How long a client may take to say who it is, milliseconds. */
  readonly loginWithinMs: number
  /** How long a space may take to answer, milliseconds: longer than it asks a holder. */
  readonly answerWithinMs: number
  /** How long a client that has been sent away may take to close its socket, milliseconds. */
  readonly cutAfterMs: number
  /** Whether there are other nodes, on which its space goes on when this server goes. */
  readonly outlived: boolean
}

/** What it has logged in with, or tries to. */
export interface Login {
  readonly name: string
  readonly key: string | null
  /** The how manieth in its space it was; 0: it has not heard. */
  readonly arrival: number
}

export interface PeerContext extends PeerInput, PeerSettings {
  readonly login: Login | null
}

/** To whom it belongs as soon as it has asked for a name. */
export const belongingsOf = ({ login, space }: Pick<PeerContext, "login" | "space">): readonly Belonging[] =>
  login === null ? [] : [{ to: nameSpaceAt(space), moved: { type: "space.moved" } }]

/** What its client has been sent away for. */
export type Dismissal =
  | Refusal
  /** A newer connection has the name. */
  | "replaced"
  /** The server goes. */
  | "shutdown"
  /** A fault of the server. */
  | "fault"
  /** Whoever runs the server has ended it. */
  | "operator"

/** What its client has done wrong, and stays connected for all that. */
export type PeerFault = "not_logged_in" | "already_logged_in"

export type NamedPeerEvent =
  // What the client says
  /** `key`: a digest of the secret that came with it, if one did. */
  | { readonly type: "login.asked"; readonly name: string; readonly key: string | null }
  /** That can be nobody's name. */
  | { readonly type: "login.invalid" }
  /** Its address has as many names as it may have. */
  | { readonly type: "login.overdrawn" }
  | { readonly type: "peer.pinged" }
  /** Something for others, while nobody knows the sender. */
  | { readonly type: "message.sent" }
  // What becomes of the socket
  | { readonly type: "socket.answered" | "socket.silent"; readonly probe: number }
  | { readonly type: "socket.closed" }
  // What others say
  | SpaceNotice
  /** Its space goes on elsewhere, and is put together again there by those who are in it. */
  | { readonly type: "space.moved" }
  | SupervisorReply
  | { readonly type: "server.draining" }
  | { readonly type: "deadline"; readonly at: number }
