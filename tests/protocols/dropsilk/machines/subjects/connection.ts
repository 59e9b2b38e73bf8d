import { connectionCrash, connectionMachine } from "../../../../../src/machines/dropsilk/connection/connection.ts"
import type { ConnectionContext } from "../../../../../src/machines/dropsilk/connection/connectionContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const id = "ann"
const group = "g"
const askTimeoutMs = 100
const address = "192.0.2.1"
const input = { id, address, group, openedAt: 5, askTimeoutMs, outlived: false }

const isConnected = (snapshot: any): boolean => snapshot?.value.connected !== undefined
const requestOf = (snapshot: any): string | undefined => snapshot?.value.connected?.request
const isPaired = (snapshot: any): boolean => snapshot?.value.connected?.place.seated === "paired"
const seatOf = (snapshot: any) => snapshot?.context.seat ?? null
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
/** Something that a client or another actor says to a connection that listens. */
const heard =
  (...types: string[]) =>
  (step: Step) =>
    is(...types)(step) && isConnected(step.before)
const idle =
  (...types: string[]) =>
  (step: Step) =>
    heard(...types)(step) && requestOf(step.before) === "idle"
const isOwn = ({ before, event }: Step) => seatOf(before)?.flightId === event.flightId && seatOf(before) !== null
const ownFlight =
  (...types: string[]) =>
  (step: Step) =>
    heard(...types)(step) && isOwn(step)
const isAnswer =
  (...types: string[]) =>
  (step: Step) =>
    heard(...types)(step) &&
    requestOf(step.before) === "attaching" &&
    step.event.attempt === step.before.context.attach.attempt
const roomFlight = ({ code, channel }: { code: string; channel: string }) => `${code}/${channel}`
const member = ({ before, after }: Step, participantId: string | null, name = before.context.name) => ({
  id,
  name,
  address: after.context.address,
  group,
  participantId,
  attempt: after.context.attempts
})
/** A flight's answer to what it was asked last. */
const isAwaited =
  (...types: string[]) =>
  (step: Step) =>
    heard(...types)(step) &&
    step.before.context.asked !== null &&
    step.event.attempt === step.before.context.asked.attempt
/** What a supervisor says instead of whoever was asked last. */
const isReply =
  (...types: string[]) =>
  (step: Step) => {
    if (!heard(...types)(step)) return false
    const { asked, attach } = step.before.context
    return (asked ?? attach) !== null && step.event.requestId === (asked ?? attach).attempt
  }
/** What was asked is not waited for any longer. */
const isLate = (step: Step): boolean => heard("deadline")(step) && requestOf(step.before) !== "idle"

/** When, and how, this step gives the seat back. */
const returned = (
  step: Step
): { readonly at: number; readonly abrupt: boolean; readonly leavesRoom: boolean } | undefined => {
  const { before, event } = step
  const seat = seatOf(before)
  if (seat === null) return undefined
  if (heard("socket.closed")(step)) return { at: event.at, abrupt: event.abrupt, leavesRoom: true }
  const { code, channel, participantId } = event
  const leavesRoom =
    seat.channel === "transfer" && channel !== "transfer" && seat.code === code && seat.participantId === participantId
  // Its room hears of it from the connection itself.
  if (idle("room.attach")(step) && leavesRoom) return { at: event.at, abrupt: false, leavesRoom: false }
  if (
    isAnswer("room.admitted")(step) &&
    (seat.flightId !== roomFlight(event) || seat.participantId !== event.participant.id)
  )
    return { at: event.at, abrupt: false, leavesRoom: true }
  return undefined
}

/** The way to its peer's node is broken. */
const isBroken = (step: Step): boolean =>
  heard("link.broken")(step) && isPaired(step.before) && step.event.peer === step.before.context.peer
/** The server goes, and what the client belongs to goes on elsewhere. */
const isOrphaned = (step: Step): boolean => heard("server.draining")(step) && step.before.context.outlived

type Place = "lobby" | "moving" | "alone" | "paired"

const presenceAt = (seat: any, place: Place) =>
  place === "lobby"
    ? "visible"
    : place === "moving"
      ? "withdrawn"
      : seat.channel === "transfer"
        ? place === "paired"
          ? "paired"
          : "visible"
        : "withdrawn"

/** The flight that was asked has not answered in time, and hears that the seat is not wanted any more. */
const givesUp = (step: Step): boolean => isLate(step) && step.before.context.asked !== null

/** And it has sat in that flight. */
const givesUpSeat = (step: Step): boolean =>
  givesUp(step) && seatOf(step.before)?.flightId === step.before.context.asked.flightId
/** The room that was asked lets nobody in, or says nothing. */
const failsToAttach = (step: Step): boolean =>
  isAnswer("room.denied", "room.failed")(step) ||
  (requestOf(step.before) === "attaching" && (isReply("child.unavailable", "child.crashed")(step) || isLate(step)))

/** The client has nobody at the other end any more, and is told of no other place. */
const losesPeer = (step: Step): boolean =>
  isBroken(step) ||
  (isPaired(step.before) && (ownFlight("peer.left", "flight.lost")(step) || givesUpSeat(step))) ||
  (failsToAttach(step) && step.before.context.attach.leavesPeer)

/** Where a step has put the client anew; undefined: where it was. */
const moved = (step: Step): Place | undefined => {
  const { before, event } = step
  const place = isConnected(before) ? placeOf(before) : undefined
  if (isAwaited("seat.given")(step)) return "alone"
  if (isAwaited("seat.kept")(step)) return seatOf(before) === null ? "alone" : undefined
  if (ownFlight("peer.joined")(step)) return "paired"
  if ((ownFlight("peer.left")(step) && isPaired(before)) || isBroken(step)) return "alone"
  if (ownFlight("seat.lost", "flight.lost")(step)) return "lobby"
  if (place === "moving") {
    const fails = isAwaited("seat.refused")(step) || isReply("child.unavailable", "child.crashed")(step) || isLate(step)
    return fails ? "lobby" : undefined
  }
  if (givesUpSeat(step)) return "lobby"
  if (returned(step) === undefined || event.type === "socket.closed") return undefined
  return event.type === "room.admitted" ? "moving" : "lobby"
}

const placeOf = (snapshot: any): Place => {
  const { place } = snapshot.value.connected
  return typeof place === "string" ? (place as Place) : place.seated
}

const nextRequest = (step: Step): string | undefined => {
  const { before, event } = step
  const now = requestOf(before)
  const seat = seatOf(before)
  const fails = isReply("child.unavailable", "child.crashed")(step) || isLate(step)
  switch (now) {
    case "idle":
      if (event.type === "room.attach") return "attaching"
      if (seat !== null) return now
      return event.type === "flight.create" ? "creating" : event.type === "flight.join" ? "joining" : now
    case "creating":
      return isAwaited("seat.given")(step) || fails ? "idle" : now
    case "joining":
      return isAwaited("seat.given", "seat.refused")(step) || isReply("child.missing")(step) || fails ? "idle" : now
    case "attaching":
      if (isAnswer("room.admitted")(step)) return "seating"
      return isAnswer("room.denied", "room.failed")(step) || fails ? "idle" : now
    case "seating":
      return isAwaited("seat.given", "seat.kept", "seat.refused")(step) || fails ? "idle" : now
    default:
      return now
  }
}

/** The fault that the client is told of. */
const faultOf = (step: Step): string | undefined => {
  const { before } = step
  if (idle("flight.create", "flight.join")(step) && seatOf(before) !== null) return "already-in-flight"
  const now = isConnected(before) ? requestOf(before) : undefined
  if (now === "joining" && (isAwaited("seat.refused")(step) || isReply("child.missing")(step))) {
    return "flight-not-found-or-full"
  }
  if (heard("flight.joinRefused")(step)) return "too-many-attempts"
  if (ownFlight("seat.lost")(step)) return "seat-taken"
  // Who was paired hears that the other one has gone.
  if (ownFlight("flight.lost")(step) && !isPaired(before)) return "server-error"
  if (isAnswer("room.denied")(step)) return "room-not-found"
  if (isAnswer("room.failed")(step)) return "server-error"
  return isReply("child.crashed", "child.unavailable")(step) || isLate(step) ? "server-error" : undefined
}

const newName = (step: Step): string | undefined => {
  const name = heard("details.register")(step)
    ? step.event.name
    : isAnswer("room.admitted")(step)
      ? step.event.participant.name
      : undefined
  return name === step.before?.context.name ? undefined : name
}

const own = { kind: "connections", id }
const toNetwork = (event: object) => ({ type: "tell", from: own, to: { kind: "networks", id: group }, event })
const toFlight = (flightId: string, event: object, more: object = {}) => ({
  type: "tell",
  from: own,
  to: { kind: "flights", id: flightId },
  event,
  ...more
})
const toRoom = (code: string, event: object, more: object = {}) => ({
  type: "tell",
  from: own,
  to: { kind: "rooms", id: code },
  event,
  ...more
})
const isAsked = ({ event }: any) => event.type === "seat.take"
const exactly = <A>(value: A | undefined): readonly A[] => (value === undefined ? [] : [value])

const laws: readonly Law[] = [
  {
    sentence:
      "Should it crash, its socket is closed, and it has left the seats that it has and asked for, and its network.",
    holds: ({ after }) => {
      const { seat, asked } = after.context as ConnectionContext
      const seats = [...(seat === null ? [] : [seat]), ...(asked === null ? [] : [asked])]
      return same(connectionCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          { to: { kind: "sockets", id }, event: { type: "socket.abandoned" } },
          ...seats.map(({ flightId, attempt }) => ({
            to: { kind: "flights", id: flightId },
            event: { type: "seat.leave", id, attempt, abrupt: false, leavesRoom: true, at: 80 }
          })),
          { to: { kind: "networks", id: group }, event: { type: "network.leave", id } }
        ],
        record: [{ name: "client:disconnected", clientId: id, flightCode: null }]
      })
    }
  },
  {
    sentence: "A client is greeted, told of and seen on its network when it comes.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did, sent }) =>
      same(after.value, { connected: { place: "lobby", request: "idle" } }) &&
      did("openSocket").length === 1 &&
      did("tellRegistered").length === 1 &&
      same(did("record"), [{ name: "client:connected", clientId: id, ip: input.address }]) &&
      same(sent("networks"), [
        {
          ...toNetwork({
            type: "network.enter",
            client: { id, name: "Anonymous", presence: "visible" }
          }),
          input: { group }
        }
      ])
  },
  {
    sentence: "It is greeted once.",
    when: ({ before }) => before !== undefined,
    holds: ({ did }) => did("openSocket").length + did("tellRegistered").length === 0
  },
  {
    sentence: "It has a seat exactly while it is seated.",
    when: ({ after }) => isConnected(after),
    holds: ({ after }) => (seatOf(after) !== null) === !["lobby", "moving"].includes(placeOf(after))
  },
  {
    sentence: "It is where the last word of its own flight has put it; words of other flights change nothing.",
    when: ({ before, after }) => isConnected(before) && isConnected(after),
    holds: (step) => placeOf(step.after) === (moved(step) ?? placeOf(step.before))
  },
  {
    sentence: "It holds the seat that was given last, until that is lost or given back.",
    when: ({ before, after }) => isConnected(before) && isConnected(after),
    holds: (step) => {
      const { flightId, code, channel, participantId, attempt } = step.event
      const isGiven = isAwaited("seat.given", "seat.kept")(step)
      const given = isGiven ? { flightId, code, channel, participantId, attempt } : undefined
      const isLost = ["lobby", "moving"].includes(moved(step) ?? "")
      return same(seatOf(step.after), given ?? (isLost ? null : seatOf(step.before)))
    }
  },
  {
    sentence: "Its requests are answered one at a time, each by what answers it.",
    when: ({ before, after }) => isConnected(before) && isConnected(after),
    holds: (step) => requestOf(step.after) === nextRequest(step)
  },
  {
    sentence:
      "It is told of a peer, of a peer's going, of an invitation and of its new flight when that happens, and only then.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { flightCode, peer, connectionType, fromName, code } = step.event
      return (
        same(
          step.did("tellPeerJoined"),
          ownFlight("peer.joined")(step) ? [{ flightCode, peer, connectionType }] : []
        ) &&
        step.did("tellPeerLeft").length === (losesPeer(step) ? 1 : 0) &&
        same(step.did("tellInvitation"), heard("invitation.received")(step) ? [{ flightCode, fromName }] : []) &&
        same(
          step.did("tellFlightCreated"),
          isAwaited("seat.given")(step) && requestOf(step.before) === "creating" ? [{ code }] : []
        )
      )
    }
  },
  {
    sentence: "It is told that it is in the room, and only once the room has said so to this very attach.",
    holds: (step) => {
      const { code, role, peer } = step.event
      return same(step.did("tellRoomAttached"), isAnswer("room.admitted")(step) ? [{ code, role, peer }] : [])
    }
  },
  {
    sentence: "It is told of every fault by its name, and of none that is not.",
    holds: (step) => {
      const fault = faultOf(step)
      return same(step.did("tellFault"), fault === undefined ? [] : [{ fault }])
    }
  },
  {
    sentence: "A ping is answered, and nothing else comes of it.",
    holds: (step) => {
      const pinged = heard("client.pinged")(step)
      return step.did("tellPong").length === (pinged ? 1 : 0) && (!pinged || step.effects.length === 1)
    }
  },
  {
    sentence:
      "When somebody wants what it holds it is found out whether its socket lives, and nothing else comes of it.",
    holds: (step) => {
      const wanted = heard("socket.wanted")(step)
      return step.did("probeSocket").length === (wanted ? 1 : 0) && (!wanted || step.effects.length === 1)
    }
  },
  {
    sentence: "A flight that has crashed lets go of the link of those who were paired in it, and so does a broken way.",
    holds: (step) => {
      const isLost = ownFlight("flight.lost")(step) && isPaired(step.before)
      return step.did("dropLink").length === (isLost || isBroken(step) ? 1 : 0)
    }
  },
  {
    sentence:
      "Whoever gives its seat back, or has lost it, is in its flight's link no more, whoever else may close that.",
    holds: (step) => {
      const gives = returned(step) !== undefined && !is("socket.closed")(step)
      const leaves = gives || givesUpSeat(step) || ownFlight("seat.lost")(step)
      return same(step.did("leaveLink"), leaves ? [seatOf(step.before)] : [])
    }
  },
  {
    sentence: "An attach knows whether a peer was left for it.",
    holds: (step) => {
      const { attach } = step.after.context as ConnectionContext
      if (attach === null) return true
      const began = idle("room.attach")(step)
      const leaves = began
        ? returned(step) !== undefined && isPaired(step.before)
        : step.before.context.attach.leavesPeer
      return attach.leavesPeer === leaves
    }
  },
  {
    sentence: "It knows its peer exactly while it is paired.",
    when: ({ after }) => isConnected(after),
    holds: (step) => {
      const { event, before, after } = step
      const peer = ownFlight("peer.joined")(step) ? event.peer.id : (before?.context.peer ?? null)
      return after.context.peer === (isPaired(after) ? peer : null)
    }
  },
  {
    sentence:
      "A flight that goes on elsewhere is told, by those who sit there, by which question they do and who their peer is.",
    holds: (step) => {
      const resumed = step.sent("flights").filter(({ event }) => event.type === "seat.resume")
      if (!ownFlight("flight.moved")(step)) return resumed.length === 0
      const { seat, peer } = step.before.context as ConnectionContext
      const { flightId, code, channel, participantId, attempt } = seat!
      const resume = { type: "seat.resume", member: { ...member(step, participantId), attempt }, peer }
      const flightInput = { id: flightId, code, channel, ofRoom: participantId !== null }
      return step.effects.length === 1 && same(resumed, [toFlight(flightId, resume, { input: flightInput })])
    }
  },
  {
    sentence: "Whoever hears that another one has its seat gives it up: it may have said meanwhile that it sits there.",
    when: ownFlight("seat.lost"),
    holds: (step) => {
      const { flightId, attempt } = (step.before.context as ConnectionContext).seat!
      return same(step.sent("flights"), [toFlight(flightId, { type: "seat.orphaned", id, attempt })])
    }
  },
  {
    sentence:
      "When its server goes and others do not, its seats and its network are left to them, and no room is left.",
    holds: (step) => {
      const orphaned = step.sent("flights").filter(({ event }) => event.type === "seat.orphaned")
      if (!isOrphaned(step)) return orphaned.length === 0 || ownFlight("seat.lost")(step)
      const { seat, asked } = step.before.context as ConnectionContext
      const seats = [seat, asked].filter((each) => each !== null)
      return (
        same(
          step.sent("flights"),
          seats.map(({ flightId, attempt }) => toFlight(flightId, { type: "seat.orphaned", id, attempt }))
        ) && same(step.sent("networks"), [toNetwork({ type: "network.leave", id })])
      )
    }
  },
  {
    sentence:
      "What it gives back it gives back to the flight it sat in, and who goes to the one that it has asked, saying when, by which question, and whether its socket broke off.",
    holds: (step) => {
      const back = returned(step)
      const asked = step.before?.context.asked ?? null
      const seat = seatOf(step.before)
      const leave = (flightId: string, attempt: number, how: object) =>
        toFlight(flightId, { type: "seat.leave", id, attempt, ...how })
      const goes = heard("socket.closed")(step)
      const how = { leavesRoom: true, at: step.event.at, abrupt: goes && step.event.abrupt }
      const expected = [
        ...(back !== undefined ? [leave(seat.flightId, seat.attempt, back)] : []),
        ...(goes && asked !== null ? [leave(asked.flightId, asked.attempt, how)] : []),
        // It has waited in vain: the flight may never have heard that it has asked for its own seat anew.
        ...(givesUp(step) ? [seat, asked] : [])
          .filter((each) => each !== null && each.flightId === asked.flightId)
          .map(({ flightId, attempt }) => leave(flightId, attempt, { ...how, leavesRoom: false }))
      ]
      return same(
        step.sent("flights").filter(({ event }) => event.type === "seat.leave"),
        expected
      )
    }
  },
  {
    sentence: "A new name is its own, its network's and its flight's; an old one is no news.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const name = newName(step)
      const keepsSeat = seatOf(step.before) !== null && returned(step) === undefined
      return (
        step.after.context.name === (name ?? step.before.context.name) &&
        same(
          step.sent("networks").filter(({ event }) => event.type === "network.rename"),
          name === undefined ? [] : [toNetwork({ type: "network.rename", id, name })]
        ) &&
        same(
          step.sent("flights").filter(({ event }) => event.type === "member.renamed"),
          name === undefined || !keepsSeat
            ? []
            : [toFlight(seatOf(step.before).flightId, { type: "member.renamed", id, name })]
        )
      )
    }
  },
  {
    sentence: "Its network hears wherever it moves whether it is seen from there, and nothing while it moves.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const place = moved(step)
      const presence = place && place !== "moving" ? presenceAt(seatOf(step.after), place) : undefined
      return same(
        step.sent("networks").filter(({ event }) => event.type === "network.presence"),
        exactly(presence && toNetwork({ type: "network.presence", id, presence }))
      )
    }
  },
  {
    sentence:
      "A network that has lost its memory, or goes on elsewhere, is told anew who is there and how, by its own clients only.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event } = step
      const isOwn = heard("network.lost", "network.moved")(step) && (event.group === null || event.group === group)
      const told = step.sent("networks").filter(({ event }) => ["network.enter", "network.resume"].includes(event.type))
      if (!isOwn) return told.length === 0
      const presence = presenceAt(seatOf(before), placeOf(before))
      const client = { id, name: before.context.name, presence }
      const type = event.type === "network.lost" ? "network.enter" : "network.resume"
      return same(told, [{ ...toNetwork({ type, client }), input: { group } }])
    }
  },
  {
    sentence: "It invites only into the flight that it sits in, or into a room that vouches for it.",
    holds: (step) => {
      const { inviteeId, code } = step.event
      const sits = heard("flight.invite")(step) && seatOf(step.before)?.code === code
      const invites = sits || heard("room.vouched")(step)
      return same(
        step.sent("networks").filter(({ event }) => event.type === "network.invite"),
        invites ? [toNetwork({ type: "network.invite", from: id, to: inviteeId, flightCode: code })] : []
      )
    }
  },
  {
    sentence: "A code is drawn for a new flight, and again until one is free.",
    holds: (step) => {
      const begins = idle("flight.create")(step) && seatOf(step.before) === null
      const again = isReply("child.exists")(step) && requestOf(step.before) === "creating"
      return step.did("drawFlightCode").length === (begins || again ? 1 : 0)
    }
  },
  {
    sentence:
      "Flights are asked for a seat by a create, a join and a room's admission, with everything they need to know.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event } = step
      const asked = step.sent("flights").filter(isAsked)
      const attempt = before.context.attempts + 1
      const reply = { replyTo: own, requestId: attempt }
      const remembers = (flightId: string) =>
        step.after.context.attempts === attempt && same(step.after.context.asked, { flightId, attempt })
      const take = (participantId: string | null, name?: string, participants: readonly string[] = []) => ({
        type: "seat.take",
        member: member(step, participantId, name),
        participants
      })
      if (heard("code.drawn")(step) && requestOf(before) === "creating") {
        const input = { id: event.code, code: event.code, channel: "transfer", ofRoom: false }
        const begun = { ...toFlight(event.code, take(null), { input, ...reply }), type: "start" }
        return remembers(event.code) && same(asked, [begun])
      }
      if (idle("flight.join")(step) && seatOf(before) === null) {
        return remembers(event.code) && same(asked, [toFlight(event.code, take(null), reply)])
      }
      if (isAnswer("room.admitted")(step)) {
        const { code, channel, participant, participants } = event
        const flightId = roomFlight(event)
        const input = { id: flightId, code, channel, ofRoom: true }
        const seatTake = take(participant.id, participant.name, participants)
        return remembers(flightId) && same(asked, [toFlight(flightId, seatTake, { input, ...reply })])
      }
      return asked.length === 0
    }
  },
  {
    sentence:
      "A room is asked once for each attach, no two of which are taken for each other, and to vouch for an invitation.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event, after } = step
      if (heard("flight.invite")(step) && seatOf(before)?.code !== event.code) {
        const { inviteeId, code, at } = event
        return same(step.sent("rooms"), [toRoom(code, { type: "room.invite", inviteeId, address, at, replyTo: own })])
      }
      if (!idle("room.attach")(step)) return step.sent("rooms").length === 0
      const { code, channel, participantId, at } = event
      const attempt = before.context.attempts + 1
      // Whoever leaves the room by it does so before.
      const vacated = toRoom(code, { type: "seat.vacated", participantId, at }, { input: { code, at } })
      return (
        after.context.attempts === attempt &&
        same(step.sent("rooms"), [
          ...(returned(step) === undefined ? [] : [vacated]),
          toRoom(
            code,
            { type: "room.attach", attempt, channel, participantId, address, at, replyTo: own },
            { input: { code, at }, replyTo: own, requestId: attempt }
          )
        ])
      )
    }
  },
  {
    sentence: "Frames are held, and a time is set anew, for everything that is asked, until it is answered.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const [was, is] = [requestOf(step.before), requestOf(step.after)]
      const begins = was !== is && is !== undefined && is !== "idle"
      const ends = was !== is && was !== undefined && was !== "idle"
      return (
        step.did("holdFrames").length === (begins ? 1 : 0) &&
        same(step.did("requestDeadline"), begins ? [{ afterMs: askTimeoutMs }] : []) &&
        step.did("releaseFrames").length === (ends ? 1 : 0) &&
        step.did("cancelDeadline").length === (ends ? 1 : 0)
      )
    }
  },
  {
    sentence: "What it has asked and nobody has answered is remembered, and nothing else is.",
    when: ({ after }) => isConnected(after),
    holds: (step) => {
      const { attach, asked, attempts } = step.after.context as ConnectionContext
      const request = requestOf(step.after)
      const drawsAgain = step.did("drawFlightCode").length > 0
      return (
        (attach !== null) === (request === "attaching") &&
        (request === "creating"
          ? !(drawsAgain && asked !== null)
          : (asked !== null) === ["joining", "seating"].includes(request ?? "")) &&
        (asked ?? attach ?? { attempt: attempts }).attempt === attempts
      )
    }
  },
  {
    sentence:
      "A join counts as a wrong guess unless the code was right, or never looked at, or the server's own fault is all that came of it.",
    holds: (step) => {
      const { before } = step
      const joins = isConnected(before) && requestOf(before) === "joining"
      const isRight =
        (joins && (isAwaited("seat.given")(step) || isReply("child.unavailable", "child.crashed")(step))) ||
        (idle("flight.join")(step) && seatOf(before) !== null) ||
        (is("flight.join")(step) && before.value === "draining")
      return step.did("rightCode").length === (isRight ? 1 : 0)
    }
  },
  {
    sentence: "Its coming, going and naming, and its refused joins, are told of; a name that it says again is not.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event } = step
      const joins = isConnected(before) && requestOf(before) === "joining"
      const flightError = (flightCode: string, error: string) => ({
        name: "flight:error",
        clientId: id,
        flightCode,
        error
      })
      return same(step.did("record"), [
        ...(heard("details.register")(step) && !(before.context.isNamed && before.context.name === event.name)
          ? [{ name: "client:registered_details", clientId: id, newName: event.name }]
          : []),
        ...(heard("socket.closed")(step)
          ? [{ name: "client:disconnected", clientId: id, flightCode: seatOf(before)?.code ?? null }]
          : []),
        ...(joins && isAwaited("seat.refused")(step) ? [flightError(event.flightId, "flight_full")] : []),
        ...(joins && isReply("child.missing")(step) ? [flightError(event.id, "not_found")] : [])
      ])
    }
  },
  {
    sentence: "Who closes is gone, and its network knows.",
    when: is("socket.closed"),
    holds: (step) =>
      step.after.status === "done" &&
      same(
        step.sent("networks").filter(({ event }) => event.type === "network.leave"),
        isConnected(step.before) ? [toNetwork({ type: "network.leave", id })] : []
      )
  },
  {
    sentence: "Nobody else is gone.",
    when: (step) => !is("socket.closed")(step),
    holds: (step) =>
      step.after.status === "active" &&
      (isOrphaned(step) || step.sent("networks").every(({ event }) => event.type !== "network.leave"))
  },
  {
    sentence: "A server that goes says so and closes the socket, once; the client keeps its seat in its room.",
    holds: (step) => {
      const drains = heard("server.draining")(step)
      return (
        step.did("tellShutdown").length === (drains ? 1 : 0) &&
        (is("operator.ends")(step) ||
          same(step.did("closeSocket"), drains ? [{ code: 1001, reason: "Server shutdown" }] : [])) &&
        (!drains || step.after.value === "draining")
      )
    }
  },
  {
    sentence:
      "Whoever is ended by hand has its socket closed, and hears why; nothing else comes of it until that is so.",
    when: heard("operator.ends"),
    holds: (step) =>
      step.effects.length === 1 &&
      same(step.did("closeSocket"), [{ code: 1008, reason: "Ended by the operator" }]) &&
      same(step.after.value, step.before.value)
  },
  {
    sentence: "While the server goes nothing matters but the end of the socket.",
    when: ({ before }) => before?.value === "draining",
    holds: ({ effects, after, event }) =>
      effects.length === (event.type === "flight.join" ? 1 : 0) &&
      after.value === (event.type === "socket.closed" ? "gone" : "draining")
  }
]

const settings = (): readonly Setting[] => {
  const seat = (code: string, channel: string, participantId: string | null) => ({
    flightId: participantId === null ? code : `${code}/${channel}`,
    code,
    channel,
    participantId
  })
  const seats = [seat("ABC234", "transfer", null), seat("ROOM22", "transfer", "p1"), seat("ROOM22", "chat", "p1")]
  const participant = {
    id: "p1",
    alias: "a1",
    name: "Ann",
    ready: false,
    fileCount: 0,
    totalBytes: 0,
    screenShare: false,
    chat: false
  }
  const flightIds = ["ABC234", "ROOM22/transfer", "ROOM22/chat"]
  return [
    {
      name: "a client",
      input,
      events: ({ context, value }: { context: ConnectionContext; value: any }) => [
        { type: "details.register", name: "Ann" },
        { type: "details.register", name: "Anonymous" },
        { type: "client.pinged" },
        { type: "socket.wanted" },
        { type: "operator.ends" },
        { type: "flight.create" },
        { type: "flight.join", code: "ABC234" },
        { type: "flight.joinRefused" },
        { type: "flight.invite", inviteeId: "bob", code: "ABC234", at: 30 },
        { type: "flight.invite", inviteeId: "bob", code: "ROOM22", at: 30 },
        { type: "room.vouched", inviteeId: "bob", code: "ROOM22" },
        ...["transfer", "chat"].map((channel) => ({
          type: "room.attach",
          code: "ROOM22",
          participantId: "p1",
          channel,
          at: 10
        })),
        { type: "room.attach", code: "ROOM22", participantId: "p2", channel: "chat", at: 20 },
        { type: "code.drawn", code: "ABC234" },
        ...[context.asked?.attempt ?? 0, -1].flatMap((attempt) => [
          ...seats.flatMap((each) => [
            { type: "seat.given", ...each, attempt },
            { type: "seat.kept", ...each, attempt }
          ]),
          { type: "seat.refused", flightId: "ABC234", attempt }
        ]),
        ...flightIds.flatMap((flightId) => [
          { type: "seat.lost", flightId },
          {
            type: "peer.joined",
            flightId,
            flightCode: flightId.slice(0, 6),
            peer: { id: "bob", name: "Bob" },
            connectionType: "lan"
          },
          { type: "peer.left", flightId },
          { type: "flight.lost", flightId },
          { type: "flight.moved", flightId }
        ]),
        ...[context.attach?.attempt ?? 0, -1].flatMap((attempt) => [
          ...["transfer", "chat"].map((channel) => ({
            type: "room.admitted",
            attempt,
            at: 10,
            code: "ROOM22",
            channel,
            role: "host",
            participant,
            peer: null,
            participants: ["p1"]
          })),
          {
            type: "room.admitted",
            attempt,
            at: 10,
            code: "ROOM22",
            channel: "chat",
            role: "guest",
            participant: { ...participant, id: "p2", name: "Eve" },
            peer: participant,
            participants: ["p1", "p2"]
          },
          { type: "room.denied", attempt },
          { type: "room.failed", attempt }
        ]),
        { type: "invitation.received", flightCode: "XYZ234", fromName: "Bob" },
        ...[(context.asked ?? context.attach)?.attempt ?? 0, -1, undefined].flatMap((requestId) =>
          ["child.exists", "child.missing", "child.unavailable", "child.crashed"].map((type) => ({
            type,
            id: "ABC234",
            requestId
          }))
        ),
        ...["bob", "eve"].map((peer) => ({ type: "link.broken", peer })),
        ...[group, null, "elsewhere"].map((group) => ({ type: "network.lost", group })),
        ...[group, "elsewhere"].map((group) => ({ type: "network.moved", group })),
        { type: "deadline", at: 110 },
        ...(value === "draining" ? [] : [{ type: "server.draining" }]),
        ...[false, true].map((abrupt) => ({ type: "socket.closed", abrupt, at: 90 }))
      ]
    },
    {
      name: "a client of one of several servers",
      input: { ...input, outlived: true },
      events: ({ context: { asked, attach }, value }: { context: ConnectionContext; value: any }) => [
        { type: "flight.create" },
        { type: "flight.join", code: "ABC234" },
        { type: "code.drawn", code: "ABC234" },
        { type: "room.attach", code: "ROOM22", participantId: "p1", channel: "transfer", at: 10 },
        {
          type: "room.admitted",
          attempt: attach?.attempt ?? 0,
          at: 10,
          code: "ROOM22",
          channel: "transfer",
          role: "host",
          participant,
          peer: null,
          participants: ["p1"]
        },
        ...seats.slice(0, 2).map((each) => ({ type: "seat.given", ...each, attempt: asked?.attempt ?? 0 })),
        {
          type: "peer.joined",
          flightId: "ABC234",
          flightCode: "ABC234",
          peer: { id: "bob", name: "Bob" },
          connectionType: "lan"
        },
        { type: "deadline", at: 110 },
        ...(value === "draining" ? [] : [{ type: "server.draining" }]),
        { type: "socket.closed", abrupt: false, at: 90 }
      ]
    }
  ]
}

export const connection: Subject = {
  name: "connection",
  machine: connectionMachine,
  adapters: {
    actions: [
      "openSocket",
      "tellRegistered",
      "tellFlightCreated",
      "tellPeerJoined",
      "tellPeerLeft",
      "tellInvitation",
      "tellRoomAttached",
      "tellFault",
      "tellPong",
      "probeSocket",
      "tellShutdown",
      "closeSocket",
      "holdFrames",
      "releaseFrames",
      "dropLink",
      "leaveLink",
      "drawFlightCode",
      "rightCode",
      "requestDeadline",
      "cancelDeadline",
      "record"
    ]
  },
  settings,
  facts: ({ context }: { context: ConnectionContext }) => [
    context.name,
    context.seat?.flightId,
    context.attach?.channel,
    context.attach?.participantId,
    context.attach?.leavesPeer,
    context.asked?.flightId
  ],
  laws
}
