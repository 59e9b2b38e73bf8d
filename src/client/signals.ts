/**
 * What two peers say to each other in `signal` frames: the shapes of the known DropSilk clients, so that one of ours and one of
 * theirs meet. `channelId` is a word of ours beside theirs, which theirs do not read.
 */
import type { Description } from "./web.ts"

export interface DescriptionSignal {
  readonly sdp: Description
  /**
   * The one who says it has a channel of this id that was agreed upon beforehand (`negotiated`). It is open on both sides at
   * once, where a channel that is announced can lose what the one who was told of it says first.
   */
  readonly channelId?: number
}

interface CandidateSignal {
  readonly candidate: object
}

export type Signal = DescriptionSignal | CandidateSignal

/** The id of the channel that two of ours agree upon. */
export const agreedChannelId = 0

/** What came, if it is one of them: the other side may say anything. */
export const readSignal = (data: unknown): Signal | undefined => {
  const { sdp, candidate, channelId } = (data ?? {}) as Readonly<Record<string, unknown>>
  if (typeof candidate === "object" && candidate !== null) return { candidate }
  const { type, sdp: text } = (sdp ?? {}) as Partial<Description>
  if ((type !== "offer" && type !== "answer") || typeof text !== "string") return undefined
  return { sdp: { type, sdp: text }, ...(typeof channelId === "number" ? { channelId } : {}) }
}

/** Which peer connection has made a description: it keeps its session id for life (RFC 8829, 5.2.1 and 5.2.2). */
export const sessionOf = ({ sdp = "" }: Description): string | undefined => /^o=\S+ (\S+)/m.exec(sdp)?.[1]
