/**
 * Which lists a network sends, and when: whom they show, who is due, and what of that fits into one turn.
 *
 * A list goes to a client only when it differs from the last one that client got. To know that without comparing
 * lists, each client's last list is remembered as a digest that is put together entry by entry.
 */
import { combined, type Digest, type Entry, emptyDigest, isSameDigest, withEntries } from "./networkClients.ts"

/** What a network's lists may cost, and what they do; see limits.ts for the numbers and frames.ts for the wire form. */
export interface ListSettings {
  /** Bytes of lists that a network is sent a second, in the long run. */
  readonly listBytesPerSecond: number
  /** In which everybody can be sent one list, milliseconds: what is too long for that is cut. */
  readonly listRoundMs: number
  /** Bytes of lists that are sent in one turn. */
  readonly listTurnBytes: number
  /** Bytes of a list without entries, with the head of its frame. */
  readonly emptyListBytes: number
  /** Bytes of an entry of a list, besides its id and its name as JSON. */
  readonly entryBytes: number
}

/** Who gets the list of these visible clients, itself left out, and who gets an empty one. */
export interface ListUpdate {
  readonly visible: readonly { readonly id: string; readonly name: string }[]
  readonly toVisible: readonly string[]
  readonly toPaired: readonly string[]
}

/** What turns are worked out from. */
export interface ListState extends ListSettings {
  readonly clients: readonly Entry[]
  readonly turns: number
  /** Bytes of lists that were sent and that no pause has followed yet. */
  readonly owedBytes: number
}

/** Lists that go out together, and what is known of their receivers and to be paid for then. */
export interface Turn {
  readonly update: ListUpdate
  /** There is somebody to send a list to. */
  readonly isNeeded: boolean
  /** Nobody is left who is due. */
  readonly isLast: boolean
  readonly change: Pick<ListState, "clients" | "turns" | "owedBytes">
}

/** A debt of so many milliseconds or more is paid by a pause; smaller ones add up. */
const shortestPauseMs = 50
/** The size of a network is taken as a multiple of this, or every arrival and departure would change where lists end. */
const sizeStep = 64

/** UTF-8 bytes of a text as JSON writes it, with its quotation marks. */
const jsonBytes = (text: string): number => encodeURIComponent(JSON.stringify(text)).replace(/%../g, "-").length

/** What a client adds to a list. */
export const bytesOf = ({ entryBytes }: ListSettings, id: string, name: string): number =>
  entryBytes + jsonBytes(id) + jsonBytes(name)

/** How long what was sent keeps the network's share busy, milliseconds. */
export const pauseMs = ({ owedBytes, listBytesPerSecond }: ListState): number =>
  Math.round((owedBytes * 1000) / listBytesPerSecond)

export const isWorthPause = (state: ListState): boolean => pauseMs(state) >= shortestPauseMs

/** Bytes that one list may have for everybody to get one within a round. */
const longestList = ({ clients, listBytesPerSecond, listRoundMs }: ListState): number =>
  (listBytesPerSecond * listRoundMs) / 1000 / (Math.ceil(clients.length / sizeStep) * sizeStep)

/** Whom lists show, in order of arrival: everybody who is visible, or as many of those who have changed last as fit. */
const shownOf = (state: ListState): readonly Entry[] => {
  const visible = state.clients.filter(({ presence }) => presence === "visible")
  let room = longestList(state) - state.emptyListBytes
  if (visible.reduce((sum, { bytes }) => sum + bytes, 0) <= room) return visible
  const newestFirst = visible.toSorted((one, other) => other.changed - one.changed)
  const end = newestFirst.findIndex(({ bytes }) => (room -= bytes) < 0)
  return newestFirst.slice(0, Math.max(1, end)).sort((one, other) => one.arrival - other.arrival)
}

/** Who should get a list, with its digest: whose last one was another. */
const outdatedOf = (
  candidates: readonly Entry[],
  shown: readonly Entry[]
): { readonly entry: Entry; readonly listed: Digest }[] => {
  const whole = shown.reduce((sum, { digest }) => combined(sum, digest), emptyDigest)
  const own = new Set(shown)
  const outdated = []
  for (const entry of candidates) {
    if (entry.presence === "withdrawn") continue
    const visible = own.has(entry) ? combined(whole, entry.digest) : whole
    const listed = entry.presence === "visible" ? visible : emptyDigest
    if (!isSameDigest(entry.listed, listed)) outdated.push({ entry, listed })
  }
  return outdated
}

/**
 * The lists of one turn: of those that are due as many as it has bytes for, whose last is oldest first. `receiver`: the
 * only one who is to get one.
 */
export const turnOf = (state: ListState, receiver?: Entry): Turn => {
  const shown = shownOf(state)
  const outdated = outdatedOf(receiver === undefined ? state.clients : [receiver], shown)
  const listBytes = shown.reduce((sum, { bytes }) => sum + bytes, state.emptyListBytes)
  const turn = state.turns + 1
  const served: Entry[] = []
  const toVisible: string[] = []
  const toPaired: string[] = []
  let bytes = 0
  for (const { entry, listed } of outdated.sort((one, other) => one.entry.turn - other.entry.turn)) {
    if (bytes >= state.listTurnBytes) break
    const isVisible = entry.presence === "visible"
    ;(isVisible ? toVisible : toPaired).push(entry.id)
    bytes += isVisible ? listBytes : state.emptyListBytes
    served.push({ ...entry, listed, turn })
  }
  return {
    update: { visible: shown.map(({ id, name }) => ({ id, name })), toVisible, toPaired },
    isNeeded: served.length > 0,
    isLast: served.length === outdated.length,
    change: { clients: withEntries(state.clients, served), turns: turn, owedBytes: state.owedBytes + bytes }
  }
}
