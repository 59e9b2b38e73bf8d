/**
 * What three people can do with the server, and what each of them should see: the contract of docs/protocols/dropsilk.md as a
 * model, without a look at the server's own code.
 */
import type { Rule } from "./rules.ts"

export const people = ["ann", "bob", "cid"] as const
export type Person = (typeof people)[number]
export type Channel = "transfer" | "chat" | "screen-share"

export type Step =
  | { readonly does: "connect" | "leave" | "kill" | "fall silent" | "reload"; readonly who: Person }
  /** A newer socket of the same participant takes the seat: from the older one, or when that has just broken off. */
  | { readonly does: "replace" | "blip"; readonly who: Person }
  | { readonly does: "register"; readonly who: Person; readonly name: string }
  | { readonly does: "create flight" | "create room" | "poll" | "ready" | "ping" | "signal"; readonly who: Person }
  | { readonly does: "join flight" | "join room"; readonly who: Person; readonly of: Person }
  | { readonly does: "invite"; readonly who: Person; readonly of: Person; readonly into: Invited }
  /** Breaks off, and its partner, who has not heard of that yet, attaches again (by a newer socket too) or closes. */
  | { readonly does: "break off"; readonly who: Person; readonly partner: "attaches" | "is replaced" | "closes" }
  | { readonly does: "attach"; readonly who: Person; readonly channel: Channel }
  | { readonly does: "chat" | "share"; readonly who: Person; readonly active: boolean }
  | { readonly does: "restart" }

/** What an invitation is to: where the inviter sits, the room that it has made or joined last, or the other has. */
type Invited = "its seat" | "its room" | "the room of the other"

export interface Participant {
  readonly who: Person
  readonly name: string
  readonly ready: boolean
  readonly chat: boolean
  readonly share: boolean
}

/** Somebody who has left a room. */
interface Left {
  /** Null: nobody knows this participant's id any more, as its owner has a newer one. */
  readonly who: Person | null
  readonly name: string
  readonly ready: boolean
  /** The server has been started again since. */
  readonly isOld: boolean
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
  /** Under which name each was shown to the partner that it has or had last. */
  readonly shownAs: Readonly<Record<Person, string>>
  readonly seats: Readonly<Record<Person, Seat | null>>
  /** Participants of rooms by who has made them: host first. */
  readonly rooms: Readonly<Record<string, readonly Participant[]>>
  /** Who has left these rooms and is remembered, the newest last. */
  readonly left: Readonly<Record<string, readonly Left[]>>
  /** Which room somebody has a participant's id for, in it still or not. */
  readonly tickets: Readonly<Record<Person, string | null>>
}

/** What somebody should get; `peer`, `from` and `code` name whose it is. */
export type Expected =
  | { readonly type: "registered" | "peer-left" | "pong" | "server-shutdown" }
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
  /** And the error in it. */
  readonly error?: string
  /** What comes only after the time in which a socket that broke off may be replaced. */
  readonly late?: "its peer-left" | "its leaving the room"
}

export const startingWorld: World = {
  connected: [],
  names: { ann: "Anonymous", bob: "Anonymous", cid: "Anonymous" },
  shownAs: { ann: "", bob: "", cid: "" },
  seats: { ann: null, bob: null, cid: null },
  rooms: {},
  left: {},
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

/** The name of who makes a room, and that of who joins one: they tell a page that is loaded again from another one. */
export const nameAtHome = (who: Person): string => `${who} at home`
export const nameOnVisit = (who: Person): string => `${who} on a visit`

const put = <A>(record: Readonly<Record<Person, A>>, who: Person, value: A): Readonly<Record<Person, A>> => ({
  ...record,
  [who]: value
})

/** The room of a place, or null. */
const roomAt = (place: string | undefined): string | null =>
  place?.startsWith("room ") === true ? place.slice("room ".length) : null

/** So many of those who have left a room are remembered. */
const remembered = 8

/** Somebody leaves a room: who stays is its host, with name and readiness. */
const without = (world: World, room: string, who: Person): World => {
  const inside = world.rooms[room] as readonly Participant[]
  const { name, ready } = inside.find((each) => each.who === who) as Participant
  const stay = inside.filter((each) => each.who !== who).map((each) => ({ ...each, chat: false, share: false }))
  const leaver: Left = { who: world.tickets[who] === room ? who : null, name, ready, isOld: false }
  const left = [...(world.left[room] ?? []), leaver].slice(-remembered)
  return { ...world, rooms: { ...world.rooms, [room]: stay }, left: { ...world.left, [room]: left } }
}

/** Somebody comes into a room, with a new participant's id. The ones it had before are of no use any more. */
const withNewcomer = (world: World, room: string, who: Person, name: string): World => {
  const newcomer: Participant = { who, name, ready: false, chat: false, share: false }
  const left = Object.entries(world.left).map(([of, each]): [string, readonly Left[]] => [
    of,
    each.map((one) => (one.who === who ? { ...one, who: null } : one))
  ])
  return {
    ...world,
    rooms: { ...world.rooms, [room]: [...(world.rooms[room] ?? []), newcomer] },
    left: Object.fromEntries(left),
    tickets: put(world.tickets, who, room)
  }
}

/** What a room remembers of somebody who has left it and may come back now; null: nothing, or there is no free seat. */
const returnerOf = (world: World, who: Person): Left | null => {
  const room = world.tickets[who]
  if (room === null || (world.rooms[room] ?? []).length > 1) return null
  return world.left[room]?.find((left) => left.who === who) ?? null
}

/** Has left a room, and could come back. */
export const mayReturn = (world: World, who: Person): boolean => returnerOf(world, who) !== null

interface Changed {
  readonly world: World
  readonly rules: readonly Rule[]
}

/** Somebody who has left comes back: as it left, but nothing asked for. */
const comeBack = (world: World, who: Person): Changed => {
  const room = world.tickets[who] as string
  const { name, ready, isOld } = returnerOf(world, who) as Left
  const inside = world.rooms[room] as readonly Participant[]
  const left = (world.left[room] as readonly Left[]).filter((each) => each.who !== who)
  const returned: Participant = { who, name, ready, chat: false, share: false }
  return {
    world: {
      ...world,
      rooms: { ...world.rooms, [room]: [...inside, returned] },
      left: { ...world.left, [room]: left }
    },
    rules: [
      inside.length === 0 ? "returns as host" : "returns as guest",
      ...(ready ? (["returns as ready as it left"] as const) : []),
      ...(isOld ? (["returns after the server has restarted"] as const) : [])
    ]
  }
}

interface Vacated extends Changed {
  /** Who is left behind, and hears of it. */
  readonly behind: Person | null
}

const toldOfRoom = "tells its partner of a room" satisfies Rule

/** The world after somebody's seat is given back. */
const vacate = (world: World, who: Person): Vacated => {
  const seat = world.seats[who]
  if (seat === null) return { world, behind: null, rules: ["nobody minds"] }
  const behind = partnerOf(world, who)
  const freed = { ...world, seats: put(world.seats, who, null) }
  const room = roomAt(seat.place)
  if (room === null) {
    const rule = behind === null ? "ends its flight" : "leaves its partner in the flight"
    return { world: freed, behind, rules: [rule] }
  }
  const told: readonly Rule[] = behind === null ? [] : [toldOfRoom]
  if (seat.channel !== "transfer") {
    return { world: freed, behind, rules: ["leaves a side channel, and the room as it is", ...told] }
  }
  const [host, guest] = world.rooms[room] as readonly [Participant, Participant?]
  const stays = host.who === who ? guest : host
  const rule: Rule =
    stays === undefined
      ? "leaves its room to those who may come back"
      : stays === host
        ? "empties the guest's seat"
        : "hands the host's seat to the guest"
  const cleared: readonly Rule[] =
    stays?.chat !== true && stays?.share !== true
      ? []
      : [stays === host ? "ends what a host has asked for" : "ends what a guest has asked for"]
  return { world: without(freed, room, who), behind, rules: [rule, ...cleared, ...told] }
}

const nothing: Outcome["frames"] = { ann: [], bob: [], cid: [] }
const to = (frames: Outcome["frames"], who: Person | null, ...more: readonly Expected[]): Outcome["frames"] =>
  who === null ? frames : { ...frames, [who]: [...frames[who], ...more] }

interface Told {
  readonly world: World
  readonly frames: Outcome["frames"]
}

/** What each member of a flight is told of the other. */
const introductionOf = (world: World, who: Person, peer: Person): Expected => ({
  type: "peer-joined",
  code: (world.seats[who] as Seat).place,
  peer,
  name: world.names[peer],
  connectionType: networkOf(who) === networkOf(peer) ? "lan" : "wan"
})

/** Both members of a flight are told of each other. */
const introduce = (world: World, who: Person, frames: Outcome["frames"]): Told => {
  const other = partnerOf(world, who)
  if (other === null) return { world, frames }
  const shownAs = put(put(world.shownAs, who, world.names[who]), other, world.names[other])
  const told = to(frames, who, introductionOf(world, who, other))
  return { world: { ...world, shownAs }, frames: to(told, other, introductionOf(world, other, who)) }
}

/** Both are called as when they were told of each other. */
export const isShownRight = (world: World, who: Person): boolean => {
  const other = partnerOf(world, who)
  return other !== null && [who, other].every((each) => world.shownAs[each] === world.names[each])
}

/** The answer to who has taken a seat of a room. */
const roomAttached = (world: World, who: Person): Extract<Expected, { type: "room-attached" }> => {
  const { place } = world.seats[who] as Seat
  const inside = world.rooms[roomAt(place) as string] as readonly Participant[]
  return {
    type: "room-attached",
    code: place,
    role: inside[0]?.who === who ? "host" : "guest",
    peer: inside.find((other) => other.who !== who) ?? null
  }
}

/** Somebody takes a seat of a room: `world` has the seat already. `isSame`: the seat has been this socket's before. */
const seated = (
  world: World,
  who: Person,
  frames: Outcome["frames"],
  rules: readonly Rule[],
  isSame = false
): Outcome => {
  const answer = roomAttached(world, who)
  const partner = partnerOf(world, who)
  const attached = to(frames, who, answer)
  const followed: readonly Rule[] = [
    ...rules,
    `attaches for ${(world.seats[who] as Seat).channel}`,
    `attaches as ${answer.role}`,
    partner !== null ? "meets the other one" : "waits for the other one"
  ]
  if (!isSame || partner === null) return { ...introduce(world, who, attached), rules: followed }
  if (!isShownRight(world, who)) {
    const again = introduce(world, who, attached)
    return { ...again, rules: [...followed, "attaches again when a name has changed, and both hear of it"] }
  }
  return {
    world,
    frames: to(attached, who, introductionOf(world, who, partner)),
    rules: [...followed, "attaches again when nothing has changed, and nobody else hears of it"]
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
    const left = Object.fromEntries(
      Object.entries(world.left).map(([room, each]) => [room, each.map((one) => ({ ...one, isOld: true }))])
    )
    const rules: readonly Rule[] = people.some((who) => world.seats[who]?.place.startsWith("room "))
      ? ["the server restarts, and everybody is told", "the server restarts, and who sits in a room stays in it"]
      : ["the server restarts, and everybody is told"]
    return { world: { ...startingWorld, rooms, left, tickets }, frames, rules }
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
  const change = (from: World, changed: Partial<Participant>, rule: Rule): Outcome => {
    const room = from.tickets[who] as string
    const participants = (from.rooms[room] ?? []).map((each) => (each.who === who ? { ...each, ...changed } : each))
    const changedWorld = { ...from, rooms: { ...from.rooms, [room]: participants } }
    return { world: changedWorld, frames: nothing, rules: [rule], status: 200 }
  }
  const room = world.tickets[who]
  const gone: Rule =
    room !== null && (world.rooms[room] ?? []).length < 2
      ? "is forgotten when eight have left since"
      : "is replaced when it has left"
  const absent: Outcome = {
    world,
    frames: nothing,
    rules: [mayReturn(world, who) ? "is not brought back by this" : gone],
    status: 404,
    error: "Room not found or participant is not part of it."
  }
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
    case "ping":
      if (!isHere) return null
      return { world, frames: to(nothing, who, { type: "pong" }), rules: ["asks whether its socket lives"] }
    case "register":
      if (!isHere) return null
      return { world: { ...world, names: put(world.names, who, step.name) }, frames: nothing, rules: ["takes a name"] }
    case "leave":
    case "kill":
    case "fall silent":
    case "reload": {
      if (!isHere) return null
      const { world: left, behind, rules } = vacate(world, who)
      const away = { ...left, connected: left.connected.filter((other) => other !== who) }
      const frames = to(nothing, behind, { type: "peer-left" })
      if (step.does === "reload") {
        const again = take(away, { does: "connect", who }) as Outcome
        return { world: again.world, frames: to(frames, who, ...again.frames[who]), rules: ["reloads", ...rules] }
      }
      const told = { world: away, frames }
      if (behind === null || step.does === "leave") return { ...told, rules: [departures[step.does], ...rules] }
      const isMissed = roomAt(seat?.place) !== null
      const rule = isMissed ? "breaks off, and is missed for a while first" : "breaks off, and nobody waits in a flight"
      const late = isMissed ? { late: "its peer-left" as const } : {}
      return { ...told, ...late, rules: [departures[step.does], rule, ...rules] }
    }
    case "break off": {
      const partner = partnerOf(world, who)
      if (partner === null || seat === null || roomAt(seat.place) === null) return null
      const without = (from: World) => {
        const { world: left, rules } = vacate(from, who)
        return { world: { ...left, connected: left.connected.filter((other) => other !== who) }, rules }
      }
      const isHome = seat.place === `room ${world.tickets[partner]}`
      // On a side channel nothing would show when the one who broke off is given up.
      if (step.partner === "is replaced" && seat.channel !== "transfer") return null
      if (step.partner !== "closes" && isHome) {
        // The room is as it was, and its flight too: it says that nobody is there when that is sure.
        const attached: World = {
          ...world,
          connected:
            step.partner === "attaches"
              ? world.connected
              : [...world.connected.filter((other) => other !== partner), partner],
          names: put(world.names, partner, (ownParticipant(world, partner) as Participant).name)
        }
        const left = without(attached)
        const isReplaced = step.partner === "is replaced"
        // A newer socket has not been told of a partner, and so is not told that it has lost one.
        const frames = isReplaced
          ? to(nothing, partner, { type: "registered" }, roomAttached(attached, partner))
          : to(nothing, partner, roomAttached(attached, partner), { type: "peer-left" })
        const rule = `breaks off, and who waits for it ${isReplaced ? "is replaced" : "attaches again"}` as const
        return {
          world: left.world,
          frames,
          late: isReplaced ? "its leaving the room" : "its peer-left",
          rules: [rule, ...left.rules.filter((each) => !isReplaced || each !== toldOfRoom)]
        }
      }
      // Who waits goes: then there is nobody to be told.
      const gone = without(world)
      const untold = gone.rules.filter((rule) => rule !== toldOfRoom)
      if (step.partner === "closes") {
        const { world: empty, rules } = vacate(gone.world, partner)
        return {
          world: { ...empty, connected: empty.connected.filter((other) => other !== partner) },
          frames: nothing,
          rules: ["breaks off, and who waits for it closes", ...untold, ...rules]
        }
      }
      if (step.partner !== "attaches") return null
      const moved = take(gone.world, { does: "attach", who: partner, channel: seat.channel })
      if (moved === null || moved.world.seats[partner]?.place === seat.place) return null
      return { ...moved, rules: ["breaks off, and who waits for it goes elsewhere", ...untold, ...moved.rules] }
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
        ...introduce(joined, who, nothing),
        rules: [isNear ? "joins a flight of its network" : "joins a flight from elsewhere"]
      }
    }
    case "invite": {
      if (!isHere || step.of === who) return null
      const inVain = (rule: Rule): Outcome => ({ world, frames: nothing, rules: [rule] })
      const ofNeighbour = (code: string, rule: Rule): Outcome => {
        if (listOf(world, who)?.includes(step.of) !== true) {
          return inVain("invites who does not see it, and nobody hears")
        }
        const invitation: Expected = { type: "flight-invitation", code, fromName: world.names[who] }
        return { world, frames: to(nothing, step.of, invitation), rules: [rule] }
      }
      if (step.into === "its seat") {
        // Who sits nowhere tries with the place of the invitee.
        if (seat === null) return inVain("invites into a flight it is not in, and nobody hears")
        return ofNeighbour(seat.place, "invites a neighbour")
      }
      const named = world.tickets[step.into === "its room" ? who : step.of]
      if (named === null || seat?.place === `room ${named}`) return null
      const inside = world.rooms[named] ?? []
      if (inside.length > 1) return inVain("invites into a full room, and nobody hears")
      // Nobody polls for a participant whose owner has moved on: its room may be asleep.
      if (inside[0]?.who === who && participant === null) return null
      if (inside[0]?.who !== who) {
        return inVain("invites into a room that it has left or never was in, and nobody hears")
      }
      return ofNeighbour(`room ${named}`, "invites into its room before it attaches")
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
      // Who has left the one that was called so can come back to that, but has nothing to do with the new one.
      const tickets = Object.fromEntries(
        people.map((other) => [other, world.tickets[other] === who ? null : world.tickets[other]])
      ) as World["tickets"]
      const empty = { ...world, tickets, rooms: { ...world.rooms, [who]: [] }, left: { ...world.left, [who]: [] } }
      return {
        world: withNewcomer(empty, who, who, nameAtHome(who)),
        frames: nothing,
        rules: ["makes a room"],
        status: 201
      }
    }
    case "join room": {
      const theirs = world.tickets[step.of]
      if (theirs === null) return null
      const inside = world.rooms[theirs] ?? []
      const refused = (error: string, rule: Rule): Outcome => ({
        world,
        frames: nothing,
        rules: [rule],
        status: 400,
        error
      })
      const full = (rule: Rule): Outcome => refused("Room already has two participants", rule)
      const own = inside.find((other) => other.who === who)
      if (own !== undefined) {
        // Two participants of one person are more than this model knows.
        if (inside.length === 1) return null
        if (seat?.place === `room ${theirs}`) return full("sits in its room, and does not give way")
        // Nobody polls for a participant whose owner has moved on: it may give way for its silence.
        if (participant !== own) return null
        if (own.name !== nameOnVisit(who)) return full("is there under another name, and does not give way")
        if (isHere && world.names[who] === own.name) return full("is there with its socket, and does not give way")
        return {
          world: withNewcomer(without(world, theirs, who), theirs, who, nameOnVisit(who)),
          frames: nothing,
          rules: [inside[0] === own ? "gives way to itself as host" : "gives way to itself as guest"],
          status: 200
        }
      }
      if (!mayHaveRoom) return null
      if (inside.length === 0) return refused("Room not found or expired", "finds a room that nobody is in")
      if (inside.length === 2) return full("finds a room full")
      return {
        world: withNewcomer(world, theirs, who, nameOnVisit(who)),
        frames: nothing,
        rules: ["joins a room"],
        status: 200
      }
    }
    case "poll": {
      // Who is in a room polls after every step anyway.
      if (room === null || participant !== null) return null
      if (!mayReturn(world, who)) return absent
      const back = comeBack(world, who)
      return { world: back.world, frames: nothing, rules: ["returns by a poll", ...back.rules], status: 200 }
    }
    case "ready": {
      if (room === null) return null
      if (participant !== null) return change(world, { ready: true }, "is ready")
      if (!mayReturn(world, who)) return absent
      const back = comeBack(world, who)
      const outcome = change(back.world, { ready: true }, "is ready")
      return { ...outcome, rules: ["returns by getting ready", ...back.rules] }
    }
    case "chat":
      if (room === null) return null
      if (participant === null) return absent
      return change(world, { chat: step.active }, step.active ? "asks for chat" : "withdraws from chat")
    case "share": {
      if (room === null) return null
      if (participant === null) return absent
      const peer = world.rooms[room]?.find((other) => other.who !== who)
      return step.active && peer?.share === true
        ? {
            world,
            frames: nothing,
            rules: ["may not share while the other does"],
            status: 400,
            error: "Peer is already screen sharing"
          }
        : change(world, { share: step.active }, step.active ? "shares its screen" : "stops sharing")
    }
    case "attach": {
      if (!isHere || room === null) return null
      if (participant === null && !mayReturn(world, who)) {
        return fault("Room not found or expired", gone)
      }
      const here: Seat = { place: `room ${room}`, channel: step.channel }
      const isSame = seat !== null && seatKey(seat) === seatKey(here)
      const {
        world: left,
        behind,
        rules
      }: Vacated = isSame ? { world, behind: null, rules: ["attaches where it sits"] } : vacate(world, who)
      const frames = to(nothing, behind, { type: "peer-left" })
      // Who has sat where files are transferred has just left the room.
      const turns: readonly Rule[] =
        participant !== null && ownParticipant(left, who) === null
          ? ["turns to a side channel, by leaving its room and coming back"]
          : []
      const moved: readonly Rule[] = seat === null || isSame ? [] : ["comes from another seat"]
      const back: Changed = ownParticipant(left, who) !== null ? { world: left, rules: [] } : comeBack(left, who)
      const returned: readonly Rule[] = back.rules.length === 0 ? [] : ["returns by attaching", ...back.rules]
      const attached: World = {
        ...back.world,
        seats: put(back.world.seats, who, here),
        names: put(back.world.names, who, (ownParticipant(back.world, who) as Participant).name)
      }
      return seated(attached, who, frames, [...moved, ...turns, ...rules, ...returned], isSame)
    }
    case "blip":
    case "replace": {
      // A second socket takes the participant's seat; then the first one signals in vain, and closes. Or it has broken
      // off just before.
      if (!isHere || participant === null || seat?.place !== `room ${world.tickets[who]}`) return null
      if (step.does === "blip" && partnerOf(world, who) === null) return null
      const replaced: World = {
        ...world,
        connected: [...world.connected.filter((other) => other !== who), who],
        names: put(world.names, who, participant.name)
      }
      const followed: readonly Rule[] =
        step.does === "blip"
          ? ["breaks off, and is back before it is missed"]
          : ["is replaced by its own newer socket", "is told on its older socket that its seat is taken"]
      return seated(replaced, who, to(nothing, who, { type: "registered" }), followed)
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
  "blip",
  "create flight",
  "create room",
  "poll",
  "ready",
  "ping",
  "signal"
] as const

/** Everything that these people might try. */
export const stepsOf = (cast: readonly Person[]): readonly Step[] => [
  ...cast.flatMap((who): readonly Step[] => [
    ...plainSteps.map((does): Step => ({ does, who })),
    ...["Ada", nameOnVisit(who)].map((name): Step => ({ does: "register", who, name })),
    ...(["transfer", "chat", "screen-share"] as const).map((channel): Step => ({ does: "attach", who, channel })),
    ...(["attaches", "is replaced", "closes"] as const).map((partner): Step => ({ does: "break off", who, partner })),
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
            ...(["its seat", "its room", "the room of the other"] as const).map(
              (into): Step => ({ does: "invite", who, of, into })
            )
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
    "name" in step ? step.name : "",
    "into" in step ? `into ${step.into}` : "",
    "partner" in step ? `and its partner ${step.partner}` : ""
  ]
  return [step.who, step.does, ...details].filter((word) => word !== "").join(" ")
}
