/**
 * The clients of a network, each with the last list that it got.
 *
 * They stand on shelves by the last character of their ids, which are random: a change copies one shelf and no more, and
 * nothing is changed in place, so that a context is what it was and can be written down. Measured at 5,000 clients: 5 µs
 * a change, where copying a Map of them takes 1,200 and copying a record 4,000; and the walk through all of them, once a
 * turn, takes as long as the copy did.
 */

/**
 * - `visible`: sees and is seen;
 * - `paired`: in a flight with two members, sees an empty list and is seen by nobody;
 * - `withdrawn`: on a room's side channel, neither sees nor is seen nor gets lists.
 */
export type Presence = "visible" | "paired" | "withdrawn"

export interface NetworkClient {
  readonly id: string
  readonly name: string
  readonly presence: Presence
}

/** A list's identity: equal lists have equal digests, different ones differ but for one chance in 2^52. */
export interface Digest {
  readonly high: number
  readonly low: number
}

export interface Entry extends NetworkClient {
  /** Lists are in order of arrival. */
  readonly arrival: number
  /** When others last saw something new of it, by the same count: of a list that is cut the newest are left. */
  readonly changed: number
  /** What it adds to a list. */
  readonly bytes: number
  readonly digest: Digest
  /** Of the last list sent; null before the first. */
  readonly listed: Digest | null
  /** In which turn that was; 0 before the first, so that newcomers come first. */
  readonly turn: number
}

export interface Clients {
  readonly count: number
  readonly shelves: Readonly<Record<string, readonly Entry[]>>
}

export const nobody: Clients = { count: 0, shelves: {} }

const shelfOf = (id: string): string => id.slice(-1)

export const entryOf = ({ shelves }: Clients, id: string): Entry | undefined =>
  shelves[shelfOf(id)]?.find((entry) => entry.id === id)

/** In no order that means anything. */
export const everyEntry = ({ shelves }: Clients): readonly Entry[] => Object.values(shelves).flat()

/** With a new one, or with another in the place of the one with its id. */
export const withEntry = ({ count, shelves }: Clients, entry: Entry): Clients => {
  const name = shelfOf(entry.id)
  const shelf = shelves[name] ?? []
  const at = shelf.findIndex(({ id }) => id === entry.id)
  return at < 0
    ? { count: count + 1, shelves: { ...shelves, [name]: [...shelf, entry] } }
    : { count, shelves: { ...shelves, [name]: shelf.with(at, entry) } }
}

/** With others in the places of those with their ids: all at once, for shelves are copied but once then. */
export const withEntries = ({ count, shelves }: Clients, entries: readonly Entry[]): Clients => {
  const newer = new Map(entries.map((entry) => [entry.id, entry]))
  const renewed = Object.entries(shelves).map(([name, shelf]) => [
    name,
    shelf.map((entry) => newer.get(entry.id) ?? entry)
  ])
  return { count, shelves: Object.fromEntries(renewed) }
}

export const withoutEntry = (clients: Clients, leaverId: string): Clients => {
  if (entryOf(clients, leaverId) === undefined) return clients
  const { count, shelves } = clients
  const name = shelfOf(leaverId)
  return {
    count: count - 1,
    shelves: { ...shelves, [name]: (shelves[name] ?? []).filter(({ id }) => id !== leaverId) }
  }
}

// --- Digests

export const emptyDigest: Digest = { high: 0, low: 0 }

/** FNV-1a over the text, with a start value of its own for each half. */
const hash = (text: string, start: number): number => {
  let value = start
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/** Of a list of one. */
export const digestOf = ({ arrival, id, name }: Pick<Entry, "arrival" | "id" | "name">): Digest => {
  const text = `${arrival} ${id} ${name}`
  return { high: hash(text, 0x811c9dc5), low: hash(text, 0x9747b28c) }
}

/** Of both lists together; of what is left of one without the other. */
export const combined = (a: Digest, b: Digest): Digest => ({
  high: (a.high ^ b.high) >>> 0,
  low: (a.low ^ b.low) >>> 0
})

export const isSameDigest = (a: Digest | null, b: Digest): boolean => a !== null && a.high === b.high && a.low === b.low
