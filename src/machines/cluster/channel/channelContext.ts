/** What a channel's actor knows, and what it is told. */

export interface ChannelSettings {
  /** So many refused dials in a row mean that its process is gone. */
  readonly deadAfter: number
  /** So many unanswered ticks in a row mean that it does not answer. */
  readonly silentAfter: number
  /** Milliseconds that a dial may take, and a greeting. */
  readonly dialMs: number
  readonly greetingMs: number
  /** Milliseconds before it is dialled again: one that was there a moment ago, one that was not met, one that does not fit. */
  readonly againMs: { readonly soon: number; readonly later: number; readonly unfit: number }
}

export interface ChannelInput {
  /** The other node's address. */
  readonly node: string
  readonly settings: ChannelSettings
}

export interface ChannelContext extends ChannelInput {
  /** Dials that its machine has refused, in a row. */
  readonly refusals: number
  /** Ticks since it has answered. */
  readonly unanswered: number
}

export type ChannelEvent =
  /** Its port has taken the dial. */
  | { readonly type: "way.opened" }
  /** Nobody listens at its port: its machine says so itself. */
  | { readonly type: "way.refused" }
  /** The WebSocket has ended, or could not be had, whatever the reason. */
  | { readonly type: "way.ended" }
  /** Both have proved that they belong together, and agree on all else. */
  | { readonly type: "node.greeted" }
  /** One of the two does not take the other for a node of its cluster. */
  | { readonly type: "node.unfit" }
  | { readonly type: "node.answered" }
  /** Its own way to this node has ended: no way outlives the other. */
  | { readonly type: "node.parted" }
  /** As much time has passed as lies between two pings. It stands still when the process does. */
  | { readonly type: "tick" }
  /** Nobody wants to know of it any more. */
  | { readonly type: "channel.forget" }
