/**
 * What three people can do with the server, and what each of them should see: the contract of docs/protocol.md as a
 * model, without a look at the server's own code.
 */
import type { Rule } from "./rules.ts"

export const people = ["ann", "bob", "cid"] as const
export type Person = (typeof people)[number]
export type Channel = "transfer" | "chat" | "screen-share"

export type Step =
  | { readonly does: "connect" | "leave" | "kill" | "fall silent" | "reload" | "replace"; readonly who: Person }
  | { readonly does: "register"; readonly who: Person; readonly name: string }
  | { readonly does: "create flight" | "create room" | "ready" | "signal"; readonly who: Person }
  | { readonly does: "join flight" | "join room" | "invite"; readonly who: Person; readonly of: Person }
  | { readonly does: "attach"; readonly who: Person; readonly channel: Channel }
  | { readonly does: "chat" | "share"; readonly who: Person; readonly active: boolean }
  | { readonly does: "restart" }

export interface Participant {
  readonly who: Person
  readonly name: string
  readonly ready: boolean
  readonly chat: boolean
  readonly share: boolean
}

export interface Seat {
  /** `flight ann`: the one that Ann has opened; `room ann`: the one that Ann has made. */
  readonly place: string
  readonly channel: Channel
}

export interface World {
  /** Who is connected, in order of connection. */
  readonly connected: readonly Person[]
  readonly names: Readonly<Record<Person, string>>
  readonly seats: Readonly<Record<Person, Seat | null>>
  /** Participants of rooms by who has made them: host first. */
  readonly rooms: Readonly<Record<string, readonly Participant[]>>
  /** Which room somebody has a participant's id for, in it still or not. */
  readonly tickets: Readonly<Record<Person, string | null>>
}

/** What somebody should get; `peer`, `from` and `code` name whose it is. */
export type Expected =
  | { readonly type: "registered" | "peer-left" | "server-shutdown" }
  | { readonly type: "flight-created"; readonly code: string }
  | {
      readonly type: "peer-joined"
      readonly code: string
      readonly peer: Person
      readonly name: string
      readonly connectionType: "lan" | "wan"
    }
  | { readonly type: "flight-invitation"; readonly code: string; readonly fromName: string }
  | {
      readonly type: "room-attached"
      readonly code: string
      readonly role: "host" | "guest"
      readonly peer: Participant | null
    }
  | { readonly type: "signal" }
  | { readonly type: "error"; readonly message: string }

export interface Outcome {
  readonly world: World
  readonly frames: Readonly<Record<Person, readonly Expected[]>>
  /** What of the contract this step is about. */
  readonly rules: readonly Rule[]
  /** The status that an HTTP request is answered with. */
  readonly status?: number
}

export const startingWorld: World = {
  connected: [],
  names: { ann: "Anonymous", bob: "Anonymous", cid: "Anonymous" },
  seats: { ann: null, bob: null, cid: null },
  rooms: {},
  tickets: { ann: null, bob: null, cid: null }
}

/** Ann and Bob are on one network, Cid is elsewhere. */
const networkOf = (who: Person): string => (who === "cid" ? "elsewhere" : "here")

export const isUp = (world: World, who: Person): boolean => world.connected.includes(who)
const seatKey = ({ place, channel }: Seat): string => `${place}/${channel}`
const sitting = (world: World, seat: Seat): readonly Person[] =>
  people.filter((who) => world.seats[who] !== null && seatKey(world.seats[who] as Seat) === seatKey(seat))

/** The other one of two in one flight. */
export const partnerOf = (world: World, who: Person): Person | null => {
  const seat = world.seats[who]
  if (seat === null) return null
  return sitting(world, seat).find((other) => other !== who) ?? null
}

export const ownParticipant = (world: World, who: Person): Participant | null => {
  const room = world.tickets[who]
  return (room === null ? undefined : world.rooms[room]?.find((participant) => participant.who === who)) ?? null
}

export const places = ["away", "lobby", "alone", "paired"] as const
export type Place = (typeof places)[number]

export const placeOf = (world: World, who: Person): Place => {
  if (!isUp(world, who)) return "away"
  if (world.seats[who] === null) return "lobby"
  return partnerOf(world, who) === null ? "alone" : "paired"
}

/** Sees and is seen: in the lobby, or alone where files are transferred. */
const isVisible = (world: World, who: Person): boolean => {
  const seat = world.seats[who]
  return isUp(world, who) && (seat === null || (seat.channel === "transfer" && partnerOf(world, who) === null))
}

/** The list that somebody should have; null: gets none while on a side channel. */
export const listOf = (world: World, who: Person): readonly Person[] | null => {
  const seat = world.seats[who]
  if (seat !== null && seat.channel !== "transfer") return null
  if (!isVisible(world, who)) return []
  const isNear = (other: Person): boolean => other !== who && networkOf(other) === networkOf(who)
  return world.connected.filter((other) => isNear(other) && isVisible(world, other))
}

const put = <A>(record: Readonly<Record<Person, A>>, who: Person, value: A): Readonly<Record<Person, A>> => ({
  ...record,
  [who]: value
})

interface Vacated {
  readonly world: World
  /** Who is left behind, and hears of it. */
  readonly behind: Person | null
  readonly rules: readonly Rule[]
}

/** The world after somebody's seat is given back. */
const vacate = (world: World, who: Person): Vacated => {
  const seat = world.seats[who]
  if (seat === null) return { world, behind: null, rules: ["nobody minds"] }
  const behind = partnerOf(world, who)
  const seats = put(world.seats, who, null)
  if (!seat.place.startsWith("room ")) {
    const rule = behind === null ? "ends its flight" : "leaves its partner in the flight"
    return { world: { ...world, seats }, behind, rules: [rule] }
  }
  const told: readonly Rule[] = behind === null ? [] : ["tells its partner of a room"]
  if (seat.channel !== "transfer") {
    return { world: { ...world, seats }, behind, rules: ["leaves a side channel, and the room as it is", ...told] }
  }
  const room = seat.place.slice("room ".length)
  const [host, guest] = world.rooms[room] as readonly [Participant, Participant?]
  const [remaining, rule]: readonly [readonly Participant[], Rule] =
    host.who !== who
      ? [[host], "empties the guest's seat"]
      : guest === undefined
        ? [[], "ends its room"]
        : [[{ ...guest, chat: false, share: false }], "hands the host's seat to the guest"]
  return { world: { ...world, seats, rooms: { ...world.rooms, [room]: remaining } }, behind, rules: [rule, ...told] }
}

const nothing: Outcome["frames"] = { ann: [], bob: [], cid: [] }
const to = (frames: Outcome["frames"], who: Person | null, ...more: readonly Expected[]): Outcome["frames"] =>
  who === null ? frames : { ...frames, [who]: [...frames[who], ...more] }

/** Both members of a flight are told of each other. */
const introduce = (world: World, who: Person, frames: Outcome["frames"]): Outcome["frames"] => {
  const other = partnerOf(world, who)
  const seat = world.seats[who]
  if (other === null || seat === null) return frames
  const connectionType = networkOf(who) === networkOf(other) ? "lan" : "wan"
  const joined = (peer: Person): Expected => ({
    type: "peer-joined",
    code: seat.place,
    peer,
    name: world.names[peer],
    connectionType
  })
  return to(to(frames, who, joined(other)), other, joined(who))
}

/** Somebody takes a seat of a room: `world` has the seat already. */
const seated = (world: World, who: Person, frames: Outcome["frames"], rules: readonly Rule[]): Outcome => {
  const { place, channel } = world.seats[who] as Seat
  const inside = world.rooms[place.slice("room ".length)] as readonly Participant[]
  const role = inside[0]?.who === who ? "host" : "guest"
  const peer = inside.find((other) => other.who !== who) ?? null
  const meets = partnerOf(world, who) !== null ? "meets the other one" : "waits for the other one"
  return {
    world,
    frames: introduce(world, who, to(frames, who, { type: "room-attached", code: place, role, peer })),
    rules: [...rules, `attaches for ${channel}`, `attaches as ${role}`, meets]
  }
}

const departures = {
  leave: "closes",
  kill: "is killed",
  "fall silent": "falls silent and is ended",
  reload: "reloads"
} as const satisfies Record<string, Rule>

/** What a step does; null: it cannot be taken now. */
export const take = (world: World, step: Step): Outcome | null => {
  if (step.does === "restart") {
    const frames = world.connected.reduce((all, who) => to(all, who, { type: "server-shutdown" }), nothing)
    const { rooms, tickets } = world
    const rules: readonly Rule[] = people.some((who) => world.seats[who]?.place.startsWith("room "))
      ? ["the server restarts, and everybody is told", "the server restarts, and who sits in a room stays in it"]
      : ["the server restarts, and everybody is told"]
    return { world: { ...startingWorld, rooms, tickets }, frames, rules }
  }
  const { who } = step
  const seat = world.seats[who]
  const isHere = isUp(world, who)
  const participant = ownParticipant(world, who)
  const fault = (message: string, rule: Rule): Outcome => ({
    world,
    frames: to(nothing, who, { type: "error", message }),
    rules: [rule]
  })
  const change = (changed: Partial<Participant>, rule: Rule): Outcome => {
    const room = world.tickets[who] as string
    const participants = (world.rooms[room] ?? []).map((each) => (each.who === who ? { ...each, ...changed } : each))
    const changedWorld = { ...world, rooms: { ...world.rooms, [room]: participants } }
    return { world: changedWorld, frames: nothing, rules: [rule], status: 200 }
  }
  const absent: Outcome = { world, frames: nothing, rules: ["is no participant any more"], status: 404 }
  // Whoever sits where files are transferred may get ready for another room; otherwise one participant's id is enough.
  const mayMoveOn = seat?.place === `room ${world.tickets[who]}` && seat.channel === "transfer"
  const mayHaveRoom = participant === null || mayMoveOn

  switch (step.does) {
    case "connect":
      if (isHere) return null
      return {
        world: { ...world, connected: [...world.connected, who], names: put(world.names, who, "Anonymous") },
        frames: to(nothing, who, { type: "registered" }),
        rules: ["arrives and is told an id"]
      }
    case "register":
      if (!isHere) return null
      return { world: { ...world, names: put(world.names, who, step.name) }, frames: nothing, rules: ["takes a name"] }
    case "leave":
    case "kill":
    case "fall silent":
    case "reload": {
      if (!isHere) return null
      const { world: left, behind, rules } = vacate(world, who)
      const gone = { ...left, connected: left.connected.filter((other) => other !== who) }
      const frames = to(nothing, behind, { type: "peer-left" })
      if (step.does !== "reload") return { world: gone, frames, rules: [departures[step.does], ...rules] }
      const again = take(gone, { does: "connect", who }) as Outcome
      return { world: again.world, frames: to(frames, who, ...again.frames[who]), rules: ["reloads", ...rules] }
    }
    case "create flight":
      if (!isHere) return null
      if (seat !== null) return fault("Already in a flight", "may have no second flight")
      // One that somebody still sits in keeps its name in this model.
      if (people.some((other) => world.seats[other]?.place === `flight ${who}`)) return null
      return {
        world: { ...world, seats: put(world.seats, who, { place: `flight ${who}`, channel: "transfer" }) },
        frames: to(nothing, who, { type: "flight-created", code: `flight ${who}` }),
        rules: ["opens a flight"]
      }
    case "join flight": {
      if (!isHere) return null
      if (seat !== null) return fault("Already in a flight", "may have no second flight")
      const theirs = world.seats[step.of]
      if (theirs === null || !theirs.place.startsWith("flight ") || sitting(world, theirs).length > 1) {
        return fault("Flight not found or full", "finds a flight full, gone or not a flight")
      }
      const joined = { ...world, seats: put(world.seats, who, theirs) }
      const isNear = networkOf(who) === networkOf(step.of)
      return {
        world: joined,
        frames: introduce(joined, who, nothing),
        rules: [isNear ? "joins a flight of its network" : "joins a flight from elsewhere"]
      }
    }
    case "invite": {
      if (!isHere || step.of === who) return null
      const inVain = (rule: Rule): Outcome => ({ world, frames: nothing, rules: [rule] })
      if (seat === null) return inVain("invites into a flight it is not in, and nobody hears")
      if (listOf(world, who)?.includes(step.of) !== true) return inVain("invites who does not see it, and nobody hears")
      const invitation: Expected = { type: "flight-invitation", code: seat.place, fromName: world.names[who] }
      return { world, frames: to(nothing, step.of, invitation), rules: ["invites a neighbour"] }
    }
    case "signal": {
      if (!isHere) return null
      const partner = partnerOf(world, who)
      const rule = partner === null ? "signals nobody" : "signals its partner"
      return { world, frames: to(nothing, partner, { type: "signal" }), rules: [rule] }
    }
    case "create room": {
      // One that somebody is still in keeps its name in this model.
      if (!mayHaveRoom || isInUse(world, who)) return null
      const host: Participant = { who, name: `${who} at home`, ready: false, chat: false, share: false }
      return {
        world: { ...world, rooms: { ...world.rooms, [who]: [host] }, tickets: put(world.tickets, who, who) },
        frames: nothing,
        rules: ["makes a room"],
        status: 201
      }
    }
    case "join room": {
      const room = world.tickets[step.of]
      if (!mayHaveRoom || room === null) return null
      const inside = world.rooms[room] ?? []
      if (inside.some((other) => other.who === who)) return null
      if (inside.length !== 1) return { world, frames: nothing, rules: ["finds a room full or gone"], status: 400 }
      const guest: Participant = { who, name: `${who} on a visit`, ready: false, chat: false, share: false }
      return {
        world: {
          ...world,
          rooms: { ...world.rooms, [room]: [...inside, guest] },
          tickets: put(world.tickets, who, room)
        },
        frames: nothing,
        rules: ["joins a room"],
        status: 200
      }
    }
    case "ready":
      if (world.tickets[who] === null) return null
      return participant === null ? absent : change({ ready: true }, "is ready")
    case "chat":
      if (world.tickets[who] === null) return null
      if (participant === null) return absent
      return change({ chat: step.active }, step.active ? "asks for chat" : "withdraws from chat")
    case "share": {
      if (world.tickets[who] === null) return null
      if (participant === null) return absent
      const peer = world.rooms[world.tickets[who] as string]?.find((other) => other.who !== who)
      return step.active && peer?.share === true
        ? { world, frames: nothing, rules: ["may not share while the other does"], status: 400 }
        : change({ share: step.active }, step.active ? "shares its screen" : "stops sharing")
    }
    case "attach": {
      const room = world.tickets[who]
      if (!isHere || room === null) return null
      const here: Seat = { place: `room ${room}`, channel: step.channel }
      if (seat?.place === here.place && seat.channel === "transfer" && step.channel !== "transfer") {
        const { world: left, behind, rules } = vacate(world, who)
        const frames = to(nothing, behind, { type: "peer-left" })
        return {
          world: left,
          frames: to(frames, who, { type: "error", message: "Room not found or expired" }),
          rules: ["leaves its room by turning to a side channel", ...rules]
        }
      }
      if (participant === null) return fault("Room not found or expired", "is refused a seat")
      const isSame = seat !== null && seatKey(seat) === seatKey(here)
      const { world: left, behind, rules }: Vacated = isSame
        ? { world, behind: null, rules: ["attaches where it sits"] }
        : vacate(world, who)
      const moved: readonly Rule[] = seat === null || isSame ? [] : ["comes from another seat"]
      const attached: World = {
        ...left,
        seats: put(left.seats, who, here),
        names: put(left.names, who, participant.name)
      }
      return seated(attached, who, to(nothing, behind, { type: "peer-left" }), [...moved, ...rules])
    }
    case "replace": {
      // A second socket takes the participant's seat; then the first one signals in vain, and closes.
      if (!isHere || participant === null || seat?.place !== `room ${world.tickets[who]}`) return null
      const replaced: World = {
        ...world,
        connected: [...world.connected.filter((other) => other !== who), who],
        names: put(world.names, who, participant.name)
      }
      return seated(replaced, who, to(nothing, who, { type: "registered" }), ["is replaced by its own newer socket"])
    }
  }
}

/** Whether somebody is still in the room that this one has made, or holds a seat of it. */
const isInUse = (world: World, who: Person): boolean =>
  people.some((other) => world.seats[other]?.place === `room ${who}`) || (world.rooms[who] ?? []).length > 0

const plainSteps = [
  "connect",
  "leave",
  "kill",
  "reload",
  "replace",
  "create flight",
  "create room",
  "ready",
  "signal"
] as const

/** Everything that these people might try. */
export const stepsOf = (cast: readonly Person[]): readonly Step[] => [
  ...cast.flatMap((who): readonly Step[] => [
    ...plainSteps.map((does): Step => ({ does, who })),
    ...["Ada", "Grace"].map((name): Step => ({ does: "register", who, name })),
    ...(["transfer", "chat", "screen-share"] as const).map((channel): Step => ({ does: "attach", who, channel })),
    ...[true, false].flatMap((active): readonly Step[] => [
      { does: "chat", who, active },
      { does: "share", who, active }
    ]),
    ...cast.flatMap((of): readonly Step[] =>
      of === who
        ? [{ does: "join flight", who, of }]
        : [
            { does: "join flight", who, of },
            { does: "join room", who, of },
            { does: "invite", who, of }
          ]
    )
  ])
]

/** A step as a line for people. */
export const inWords = (step: Step): string => {
  if (step.does === "restart") return "the server restarts"
  const details = [
    "of" in step ? `of ${step.of}` : "",
    "channel" in step ? step.channel : "",
    "active" in step ? String(step.active) : "",
    "name" in step ? step.name : ""
  ]
  return [step.who, step.does, ...details].filter((word) => word !== "").join(" ")
}
