/** What a flight's chart asks before it decides, and what it does then. */
import { assertEvent, assign, setup } from "xstate"
import type { Address } from "../../address.ts"
import { speakAs } from "../../registry.ts"
import { connectionAt, flightAt, roomAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import {
  type FlightContext,
  type FlightEvent,
  type FlightInput,
  type FlightNotice,
  type FlightSettings,
  freedBy,
  holdsThisSeat,
  introductionOf,
  type LinkEnds,
  leftBy,
  type Member,
  namedWithout,
  nameEachOther,
  namingsOf,
  orphansOf,
  participantsWith,
  type SeatReport,
  seatedBy,
  seatLeft,
  seatOf,
  seatsBeside,
  sitsHere,
  takenBy
} from "./flightContext.ts"

type SeatTake = Pick<Extract<FlightEvent, { type: "seat.take" }>, "member" | "participants">
type SeatResume = Extract<FlightEvent, { type: "seat.resume" }>
type Orphaning = Extract<FlightEvent, { type: "node.gone" | "seat.orphaned" }>
type SeatLeave = Pick<Extract<FlightEvent, { type: "seat.leave" }>, "id" | "attempt" | "abrupt">

const { tell } = speakAs(({ id }: FlightContext) => flightAt(id))

const base = setup({
  types: {
    context: {} as FlightContext,
    events: {} as FlightEvent,
    input: {} as FlightInput & FlightSettings
  },
  guards: {
    hasFreeSeat: ({ context }, { member, participants }: SeatTake) =>
      seatsBeside(context.seats, member, participants).length < 2,
    holdsSeat: ({ context }, leaver: SeatLeave) => seatLeft(context, leaver) !== undefined,
    /** Both are as they were when they were told of each other. */
    isRepeated: ({ context }, { member, participants }: SeatTake) =>
      holdsThisSeat(context, member) &&
      context.seats.every(
        ({ id, name, participantId }) =>
          context.introduced.some((peer) => peer.id === id && peer.name === name) &&
          (participantId === null || participants.includes(participantId))
      ),
    /** It can come back: an open flight knows nobody but by the socket. */
    isMissed: ({ context }, leaver: SeatLeave) => {
      const seat = seatLeft(context, leaver)
      return leaver.abrupt && context.graceMs > 0 && seat !== undefined && seat.participantId !== null
    },
    holdsThisSeat: ({ context }, { member }: SeatTake) => holdsThisSeat(context, member),
    /** As a newer socket of the one who has stayed. */
    waitsForAbsent: ({ context }, { member, participants }: SeatTake) => {
      const beside = seatsBeside(context.seats, member, participants)
      return beside.length === 1 && beside[0]?.id === context.absent
    },
    /** The one who has stayed. */
    isWaiting: ({ context }, leaver: SeatLeave) =>
      leaver.id !== context.absent && seatLeft(context, leaver) !== undefined,
    isAbsentBack: ({ context }, { member }: SeatTake) =>
      context.seats.some(({ id, participantId }) => id === context.absent && participantId === member.participantId),
    isPaired: ({ context }) => context.seats.length === 2,
    isLast: ({ context }, leaver: SeatLeave) => context.seats.length === 1 && seatLeft(context, leaver) !== undefined,
    /** Beside everybody who sits here, of whom none is a newer socket of the same participant. */
    hasRoomFor: ({ context: { seats } }, { member }: SeatResume) =>
      seatsBeside(seats, member, participantsWith({ seats }, member)).length === seats.length,
    sitsHere: ({ context }, { member }: SeatResume) => sitsHere(context, member),
    /** Nobody has told it anything else than this flight knows. */
    namesPeer: ({ context }, { member, peer }: SeatResume) =>
      sitsHere(context, member) && context.seats.some(({ id }) => id !== member.id && id === peer),
    nameEachOther: ({ context }) => nameEachOther(context),
    /** One of two ends with its node. */
    orphansOne: ({ context }, event: Orphaning) => {
      const { length } = orphansOf(context, event)
      return length > 0 && length < context.seats.length
    },
    orphansAll: ({ context }, event: Orphaning) => {
      const { length } = orphansOf(context, event)
      return length > 0 && length === context.seats.length
    }
  },
  actions: {
    /** Connects the two sockets: signal frames go straight from one to the other. */
    openLink: (_, _link: LinkEnds) => {},
    /** Ends that: no frame passes any more. */
    closeLink: (_, _link: LinkEnds) => {},
    /** Finds out soon whether these sockets live: one that does not is ended, and leaves its seat. */
    probeSockets: (_, _probe: { members: readonly string[] }) => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DropSilkEvent) => {},
    missMember: assign({ absent: (_, { id }: { id: string }) => id }),
    tellMember: tell((_, { id, notice }: { id: string; notice: FlightNotice }) => ({
      to: connectionAt(id),
      event: notice
    })),
    refuseSeat: tell(({ context }, { member }: { member: Member }) => ({
      to: connectionAt(member.id),
      event: { type: "seat.refused", flightId: context.id, attempt: member.attempt } satisfies FlightNotice
    })),
    /** It believes that it has a seat. */
    denySeat: tell(({ context }, { member }: SeatResume) => ({
      to: connectionAt(member.id),
      event: { type: "seat.lost", flightId: context.id } satisfies FlightNotice
    })),
    noteNaming: assign({
      named: ({ context }, resume: SeatResume) => [...namedWithout(context, [resume.member.id]), ...namingsOf(resume)]
    }),
    /** What those were told of each other who have met elsewhere. */
    noteReunion: assign({
      introduced: ({ context }) => context.seats.map(({ id, name }) => ({ id, name })),
      named: []
    }),
    /** It attaches again with the seat that it has; there is nothing to tell it yet. */
    keepSeat: tell(({ context }, { member }: { member: Member }) => ({
      to: connectionAt(member.id),
      event: seatOf("seat.kept", context, member)
    })),
    noteAttempt: assign({
      seats: ({ context }, { member: { id, attempt } }: { member: Member }) =>
        context.seats.map((seat) => (seat.id === id ? { ...seat, attempt } : seat))
    }),
    report: tell(({ context }, report: SeatReport) => ({ to: roomAt(context.code), event: report })),
    reportVacated: tell(({ context }, { participantId, at }: { participantId: string; at: number }) => ({
      to: roomAt(context.code),
      // The room may have gone to rest or crashed: its row must still hear of it.
      input: { code: context.code, at },
      event: { type: "seat.vacated", participantId, at } satisfies SeatReport
    })),
    answerRoom: tell((_, { replyTo, report }: { replyTo: Address; report: SeatReport }) => ({
      to: replyTo,
      event: report
    })),
    renameMember: assign({
      seats: ({ context }, { id, name }: { id: string; name: string }) =>
        context.seats.map((seat) => (seat.id === id ? { ...seat, name } : seat))
    })
  }
})

const takeSeat = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["seat.take", "seat.resume"])
  const { member } = event
  const isAsked = event.type === "seat.take"
  const participants = isAsked ? event.participants : participantsWith(context, member)
  const remaining = seatsBeside(context.seats, member, participants)
  for (const seat of context.seats) {
    if (remaining.includes(seat) || seat.id === member.id) continue
    if (seat.id !== context.absent) {
      enqueue({ type: "tellMember", params: { id: seat.id, notice: { type: "seat.lost", flightId: context.id } } })
    }
    enqueue({ type: "record", params: leftBy(seat.id, context) })
  }
  const absent = remaining.some(({ id }) => id === context.absent) ? context.absent : null
  enqueue.assign({ seats: [...remaining, member], absent, named: namedWithout(context, [member.id]) })
  if (isAsked) {
    if (!sitsHere(context, member)) enqueue({ type: "record", params: seatedBy(member, context) })
    enqueue({ type: "tellMember", params: { id: member.id, notice: seatOf("seat.given", context, member) } })
  }
  const { participantId } = member
  if (participantId !== null) enqueue({ type: "report", params: takenBy(participantId, context) })
})

/** Takes members out of their seats, and out of their room if this was where its files go. */
const leave = (leaversOf: (context: FlightContext, event: FlightEvent) => readonly (string | null)[]) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    assertEvent(event, ["seat.leave", "deadline"])
    const leavers = leaversOf(context, event)
    const seats = context.seats.filter(({ id }) => !leavers.includes(id))
    enqueue.assign({ seats, absent: null, named: namedWithout(context, leavers) })
    for (const leaver of leavers) {
      const seat = context.seats.find(({ id }) => id === leaver)
      if (seat === undefined) continue
      enqueue({ type: "record", params: leftBy(seat.id, context) })
      const { participantId } = seat
      if (participantId === null) continue
      const staysInRoom = event.type === "seat.leave" && seat.id === event.id && !event.leavesRoom
      if (context.channel === "transfer" && !staysInRoom)
        enqueue({ type: "reportVacated", params: { participantId, at: event.at } })
      else enqueue({ type: "report", params: freedBy(participantId, context) })
    }
  })

/** Takes those out of their seats whose sockets have ended with their node: their room hears that nobody has left it. */
const freeSeats = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["node.gone", "seat.orphaned"])
  const orphans = orphansOf(context, event)
  const seats = context.seats.filter((seat) => !orphans.includes(seat))
  enqueue.assign({
    seats,
    named: namedWithout(
      context,
      orphans.map(({ id }) => id)
    )
  })
  for (const { id, participantId } of orphans) {
    enqueue({ type: "record", params: leftBy(id, context) })
    if (participantId !== null) enqueue({ type: "report", params: freedBy(participantId, context) })
  }
})

const leaverIn = (event: FlightEvent): string | null => (event.type === "seat.leave" ? event.id : null)
const leaveSeat = leave((_, event) => [leaverIn(event)])
/** The member whose seat was kept has not come back. */
const giveUpAbsent = leave(({ absent }) => [absent])
/** The one who waited for it goes as well. */
const leaveTogether = leave(({ absent }, event) => [absent, leaverIn(event)])

const reportSeats = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "seats.asked")
  const { replyTo } = event
  for (const { participantId } of context.seats) {
    if (participantId === null) continue
    enqueue({ type: "answerRoom", params: { replyTo, report: takenBy(participantId, context) } })
  }
})

/** Somebody wants a seat: nobody who has gone without a word shall keep it until the next look at all sockets. */
const probeMembers = base.enqueueActions(({ context, enqueue }) => {
  const members = context.seats.map(({ id }) => id).filter((id) => id !== context.absent)
  enqueue({ type: "probeSockets", params: { members } })
})

const introduce = base.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ introduced: context.seats.map(({ id, name }) => ({ id, name })) })
  for (const member of context.seats) {
    enqueue({ type: "tellMember", params: { id: member.id, notice: introductionOf(context, member) } })
  }
})

/** Tells one who attaches again what it has been told already; the other one has nothing to do with it. */
const introduceAgain = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "seat.take")
  const { member } = event
  enqueue({ type: "tellMember", params: { id: member.id, notice: introductionOf(context, member) } })
})

const tellPeerLeft = base.enqueueActions(({ context, enqueue }) => {
  for (const seat of context.seats) {
    enqueue({ type: "tellMember", params: { id: seat.id, notice: { type: "peer.left", flightId: context.id } } })
  }
})

/** Whoever is named as a peer is none any more: the link that may be open still to that one is closed. */
const disappoint = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["seat.resume", "home.settled"])
  const { id: flightId } = context
  for (const { id, peer } of event.type === "seat.resume" ? namingsOf(event) : context.named) {
    enqueue({ type: "closeLink", params: { flightId, first: id, second: peer } })
    // Who has named somebody and has lost its seat has heard of that.
    if (!context.seats.some((seat) => seat.id === id) && event.type === "home.settled") continue
    enqueue({ type: "tellMember", params: { id, notice: { type: "peer.left", flightId } } })
  }
  enqueue.assign({ named: [] })
})

/** Its members hear that it is gone, and its room that its seats are free: nobody has left the room. */
const dismissMembers = base.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ seats: [], absent: null })
  for (const { id, participantId } of context.seats) {
    enqueue({ type: "record", params: leftBy(id, context) })
    enqueue({ type: "tellMember", params: { id, notice: { type: "flight.lost", flightId: context.id } } })
    if (participantId !== null) enqueue({ type: "report", params: freedBy(participantId, context) })
  }
})

export const flightSetup = base.extend({
  actions: {
    takeSeat,
    leaveSeat,
    freeSeats,
    giveUpAbsent,
    leaveTogether,
    reportSeats,
    probeMembers,
    introduce,
    introduceAgain,
    tellPeerLeft,
    disappoint,
    dismissMembers
  }
})
