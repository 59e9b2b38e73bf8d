/**
 * When a room last heard of its participants, and from where; and what follows: who has most likely gone without a word,
 * and so gives its place to somebody who comes.
 */
import { unknownAddress } from "../../clientAddress.ts"
import { type Participant, participantsOf, type RoomRecord } from "./roomRecord.ts"

/** The last word of a participant: a request over HTTP or an attach. */
export interface LastWord {
  readonly participantId: string
  /** Epoch milliseconds. */
  readonly at: number
  /** The client address that it came from. */
  readonly address: string
  /** The one that the participant came in with. */
  readonly firstAddress: string
}

/** A poll that the room did not hear of. */
export interface Polled {
  readonly participantId: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Sockets that are open, from an address of a participant and registered under its name. */
export interface Around {
  readonly participantId: string
  /** When the oldest of them was opened, epoch milliseconds. */
  readonly since: number
  readonly sockets: number
}

/** Somebody who comes, and what was heard of others that the room has not. */
export interface Newcomer {
  readonly polled: readonly Polled[]
  readonly name: string
  readonly address: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** After how much silence somebody without a seat counts as gone, milliseconds. */
export interface Patience {
  /** For a newcomer of the same address: a page that was loaded again. */
  readonly reloadMs: number
  /** For everybody. */
  readonly silenceMs: number
}

/** The words with a newer one. */
export const withWord = (
  words: readonly LastWord[],
  { participantId, at, address }: Omit<LastWord, "firstAddress">
): readonly LastWord[] => {
  const before = words.find((word) => word.participantId === participantId)
  const word = {
    participantId,
    at: Math.max(at, before?.at ?? at),
    address,
    firstAddress: before?.firstAddress ?? address
  }
  return [...words.filter((other) => other !== before), word]
}

/** The words of those who are in the room. */
export const wordsOf = (words: readonly LastWord[], room: RoomRecord): readonly LastWord[] => {
  const inside = participantsOf(room)
  const kept = words.filter(({ participantId }) => inside.some(({ id }) => id === participantId))
  return kept.length === words.length ? words : kept
}

/** Whether a word of somebody has come from this address. */
export const isHeardFrom = (words: readonly LastWord[], address: string): boolean =>
  address !== unknownAddress && words.some((word) => word.address === address || word.firstAddress === address)

interface Silence {
  readonly word: LastWord
  readonly name: string
  readonly newcomer: Newcomer
  readonly patience: Patience
  readonly around: Around | undefined
}

/** Why somebody may count as gone, the surest first. */
const reasons: readonly ((silence: Silence) => boolean)[] = [
  // A page that was loaded again. While the socket is open that was there at its last word, it is another page; unless that
  // is the only one and the word an old one: then it is the newcomer's own, and a last word came late.
  ({ word, name, newcomer, patience, around }) =>
    isHeardFrom([word], newcomer.address) &&
    name === newcomer.name &&
    (around === undefined ||
      around.since > word.at ||
      (around.sockets === 1 && newcomer.at - word.at >= patience.reloadMs)),
  ({ word, newcomer, patience, around }) =>
    isHeardFrom([word], newcomer.address) && newcomer.at - word.at >= patience.reloadMs && around === undefined,
  ({ word, newcomer, patience, around }) => newcomer.at - word.at >= patience.silenceMs && around === undefined
]

/**
 * Who of these participants, none of whom holds a seat, gives way to a newcomer: the one who has been silent for longest
 * among those for whom the surest reason holds. Null: nobody does.
 */
export const goneFor = (
  participants: readonly Participant[],
  words: readonly LastWord[],
  newcomer: Newcomer,
  patience: Patience,
  around: readonly Around[]
): Participant | null => {
  const silent = participants
    .flatMap((participant) => {
      const word = words.find(({ participantId }) => participantId === participant.id)
      if (word === undefined) return []
      const polled = newcomer.polled.filter(({ participantId }) => participantId === participant.id)
      return [{ participant, word: { ...word, at: Math.max(word.at, ...polled.map(({ at }) => at)) } }]
    })
    .sort((one, other) => one.word.at - other.word.at)
  for (const isGone of reasons) {
    const gone = silent.find(({ participant: { id, name }, word }) =>
      isGone({ word, name, newcomer, patience, around: around.find(({ participantId }) => participantId === id) })
    )
    if (gone !== undefined) return gone.participant
  }
  return null
}
