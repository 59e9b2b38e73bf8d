/**
 * What up to five clients may do to a server, sensible or not. An operation names codes and ids by number; which they
 * are is known only when it is played, from what the server has given out so far.
 */
import fc from "fast-check"

export const clientCount = 5

/** Something the server gave out, or something made up in its place. A room and a participant of one number belong together. */
export interface Reference {
  readonly pool: "flight" | "room" | "participant" | "connection"
  /** Counted from the newest; -1: something that nobody has given out. */
  readonly index: number
}

export type Value =
  | Reference
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown }

export type Operation =
  | { readonly kind: "open"; readonly client: number; readonly network: number }
  | { readonly kind: "close" | "destroy"; readonly client: number }
  | {
      readonly kind: "frame"
      readonly client: number
      readonly fields: Readonly<Record<string, Value>>
      readonly spoil: Spoil
    }
  | { readonly kind: "bytes"; readonly client: number; readonly bytes: Uint8Array; readonly binary: boolean }
  | {
      readonly kind: "request"
      readonly method: string
      readonly path: readonly (string | Reference)[]
      readonly query: Readonly<Record<string, Value>>
      readonly body: Readonly<Record<string, Value>> | string | null
      readonly contentType: string
    }

/** What happens to a frame's text on its way. */
export type Spoil =
  | { readonly how: "not" }
  | { readonly how: "cut"; readonly at: number }
  | { readonly how: "swap"; readonly at: number; readonly character: string }
  | { readonly how: "double" }

const client = fc.nat(clientCount - 1)
const reference = (pool: Reference["pool"]): fc.Arbitrary<Reference> =>
  fc.record({ pool: fc.constant(pool), index: fc.oneof({ weight: 9, arbitrary: fc.nat(7) }, fc.constant(-1)) })

const strange: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom("", " ", "\u0000", "__proto__", "constructor", "transfer", "x".repeat(70), "\ud800"),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })
) as fc.Arbitrary<Value>

/** Mostly what belongs there. */
const mostly = (right: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: strange })

const fields = (record: Record<string, fc.Arbitrary<Value>>) =>
  fc.record(record, { requiredKeys: Object.keys(record).slice(0, 1) }) as fc.Arbitrary<Record<string, Value>>
const typed = (type: string, record: Record<string, fc.Arbitrary<Value>> = {}) =>
  fields({ type: fc.constant(type), ...record })

const flightCode = mostly(fc.oneof({ weight: 5, arbitrary: reference("flight") }, reference("room")))
const roomCode = mostly(reference("room"))
const participant = mostly(reference("participant"))
/** A room and one of its participants. */
const seat = fc.nat(5).map((index) => ({
  room: { pool: "room", index } as Reference,
  participant: { pool: "participant", index } as Reference
}))
const channel = mostly(fc.constantFrom("transfer", "transfer", "chat", "screen-share"))
const name = mostly(fc.constantFrom("Ann", "Böb", "<b>Eve</b>", "🦊"))
const signalData = fc.oneof(
  fc.record({ type: fc.constant("offer"), sdp: fc.string({ maxLength: 200 }) }),
  fc.record({ candidate: fc.string({ maxLength: 60 }) }),
  strange
) as fc.Arbitrary<Value>

const frame = fc.oneof(
  { weight: 2, arbitrary: typed("register-details", { name }) },
  { weight: 3, arbitrary: typed("create-flight") },
  { weight: 2, arbitrary: typed("ping") },
  { weight: 5, arbitrary: typed("join-flight", { flightCode }) },
  { weight: 2, arbitrary: typed("invite-to-flight", { inviteeId: mostly(reference("connection")), flightCode }) },
  { weight: 1, arbitrary: typed("attach-room", { roomCode, participantId: participant, channel }) },
  {
    weight: 6,
    arbitrary: fc.tuple(seat, channel).map(
      ([{ room, participant }, channel]): Record<string, Value> => ({
        type: "attach-room",
        roomCode: room,
        participantId: participant,
        channel
      })
    )
  },
  { weight: 10, arbitrary: typed("signal", { data: signalData }) },
  { weight: 1, arbitrary: fields({ type: strange, data: strange }) }
)

const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Spoil>({ how: "not" }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("cut" as const), at: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("swap" as const),
      at: fc.nat(60),
      character: fc.constantFrom('"', "\\", "{", "}", ",", ":", "\u0000", "9", "é")
    })
  },
  { weight: 1, arbitrary: fc.constant<Spoil>({ how: "double" }) }
)

const body = fc.oneof(
  { weight: 6, arbitrary: fields({ name }) },
  { weight: 3, arbitrary: fields({ active: mostly(fc.boolean()) }) },
  { weight: 3, arbitrary: fields({ fileCount: mostly(fc.nat()), totalBytes: mostly(fc.maxSafeNat()) }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.constant(null) }
)
const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("join", "participants", "ready", "chat", "screen-share") },
  fc.string({ maxLength: 8 })
)
type Request = Extract<Operation, { kind: "request" }>
const json = fc.constantFrom(
  "application/json",
  "application/json",
  "application/json; charset=utf-8",
  "text/plain",
  ""
)

/** What clients do with rooms. */
const roomRequest = fc
  .record({
    what: fc.constantFrom("create", "join", "join", "poll", "poll", "ready", "chat", "screen-share"),
    seat,
    body
  })
  .map(({ what, seat: { room, participant }, body }): Request => {
    const request = { kind: "request", method: "POST", query: {}, body, contentType: "application/json" } as const
    switch (what) {
      case "create":
        return { ...request, path: ["api", "rooms"], body: { name: "Ann" } }
      case "join":
        return { ...request, path: ["api", "rooms", room, "join"], body: { name: "Bob" } }
      case "poll":
        return {
          ...request,
          method: "GET",
          path: ["api", "rooms", room],
          query: { participantId: participant },
          body: null
        }
      default:
        return { ...request, path: ["api", "rooms", room, "participants", participant, what] }
    }
  })

const anyRequest = fc.record({
  kind: fc.constant("request" as const),
  method: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"),
  path: fc.array(fc.oneof(word, fc.constantFrom("api", "rooms", "%zz", "..", "stats", "logs"), reference("room")), {
    maxLength: 6
  }),
  query: fc.oneof(
    fc.record({ participantId: participant }),
    fc.dictionary(fc.string({ maxLength: 4 }), strange, { maxKeys: 2 })
  ),
  body,
  contentType: json
}) as fc.Arbitrary<Request>

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 70,
    arbitrary: fc.record({ kind: fc.constant("frame" as const), client, fields: frame, spoil })
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("open" as const), client, network: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("close" as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("destroy" as const), client }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("bytes" as const),
      client,
      bytes: fc.uint8Array({ maxLength: 64 }),
      binary: fc.constant(true)
    })
  },
  { weight: 8, arbitrary: roomRequest },
  { weight: 3, arbitrary: anyRequest }
)
