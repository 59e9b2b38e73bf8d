/** What charts know of media: names, kinds, and what a call of the media engine has come to. */

/** JSON as mediasoup shapes it; nobody here looks into it. */
export type EngineJson = unknown

export type MediaKind = "audio" | "video"

/** What a call of the engine has come to. It never rejects: what went wrong is said here. */
export type Outcome<Value> =
  | { readonly type: "done"; readonly value: Value }
  /** The engine refuses what the client has sent; the client may read the sentence. */
  | { readonly type: "refused"; readonly sentence: string }
  /** A fault. */
  | { readonly type: "failed"; readonly error: unknown }

/** Why it is not done. */
export const errorOf = (outcome: Outcome<unknown>): unknown =>
  outcome.type === "failed" ? outcome.error : outcome.type === "refused" ? outcome.sentence : undefined

/** A producer as others hear of it; the fields in the order in which they go on the wire. */
export interface Announcement {
  readonly producerId: string
  readonly kind: MediaKind
  readonly userName: string
  readonly userId: string
}
