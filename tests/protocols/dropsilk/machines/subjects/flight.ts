import type { AnyEventObject } from "xstate"
import { unknownAddress } from "../../../../../src/machines/clientAddress.ts"
import { flightCrash, flightMachine } from "../../../../../src/machines/dropsilk/flight/flight.ts"
import type { FlightContext, Member } from "../../../../../src/machines/dropsilk/flight/flightContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const seatsOf = (snapshot: any): readonly Member[] => snapshot?.context.seats ?? []
const idsOf = (snapshot: any) => seatsOf(snapshot).map(({ id }) => id)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const isMissing = (snapshot: any): boolean => snapshot?.value === "missing"
const isResuming = (snapshot: any): boolean => snapshot?.value === "resuming"
/** Two are there, wherever they have met. */
const isTogether = (snapshot: any): boolean => ["paired", "reunited"].includes(snapshot?.value)
const absentOf = ({ before }: Step): string | null => before?.context.absent ?? null
const seatOf = ({ before }: Step, id: string) => seatsOf(before).find((seat) => seat.id === id)
/** The seat that a `seat.leave` is about: none where it has been taken anew meanwhile. */
const seatLeft = ({ before, event }: Step) =>
  seatsOf(before).find((seat) => seat.id === event.id && seat.attempt === event.attempt)

/** The participant whose socket broke off has a newer one. */
const isBack = (step: Step): boolean =>
  is("seat.take")(step) &&
  isMissing(step.before) &&
  seatOf(step, absentOf(step)!)?.participantId === step.event.member.participantId

/** Its socket breaks off while the other one is there, and it can come back. */
const isMissed = (step: Step): boolean =>
  is("seat.leave")(step) &&
  isTogether(step.before) &&
  step.event.abrupt &&
  step.before.context.graceMs > 0 &&
  seatLeft(step) !== undefined &&
  seatLeft(step)!.participantId !== null

/** Whoever runs the server ends it. */
const isDismissed = is("operator.ends")

/** Who gives its seat up in this step, and since when it has. */
const leaversOf = (step: Step): readonly { readonly id: string; readonly at: number }[] => {
  const { before, event } = step
  if (before === undefined || isMissed(step)) return []
  const absent = absentOf(step)
  if (isMissing(before) && absent !== null) {
    if (event.type === "deadline") return [{ id: absent, at: event.at }]
    if (event.type !== "seat.leave" || event.id === absent || seatLeft(step) === undefined) return []
    return [absent, event.id].map((id) => ({ id, at: event.at }))
  }
  return event.type === "seat.leave" && seatLeft(step) !== undefined ? [{ id: event.id, at: event.at }] : []
}
/** Whose sockets end in this step with their node; who is missed waits for nobody when nobody else is left. */
const orphansOf = (step: Step): readonly string[] => {
  if (!is("node.gone", "seat.orphaned")(step)) return []
  const { event } = step
  const present = seatsOf(step.before).filter(({ id }) => id !== absentOf(step))
  const orphans = present.filter(({ id, attempt }) =>
    event.type === "node.gone" ? id.slice(0, 2) === event.mark : id === event.id && attempt === event.attempt
  )
  return (orphans.length > 0 && orphans.length === present.length ? seatsOf(step.before) : orphans).map(({ id }) => id)
}
/** Who has no seat any more, of itself or with its node. */
const goneOf = (step: Step): readonly string[] => [...leaversOf(step).map(({ id }) => id), ...orphansOf(step)]
const stayersOf = (step: Step): readonly Member[] => seatsOf(step.before).filter(({ id }) => !goneOf(step).includes(id))

/** Who keeps a seat beside this newcomer. */
const beside = (step: Step): readonly Member[] =>
  stayersOf(step).filter(
    ({ id, participantId }) =>
      id !== step.event.member.id &&
      (participantId === null ||
        (participantId !== step.event.member.participantId &&
          // Who sits here already drives nobody out who has a right of its own.
          (is("seat.resume")(step) || step.event.participants.includes(participantId))))
  )
/** Attaches with the seat that it has. */
const holdsSeat = (step: Step): boolean =>
  seatOf(step, step.event.member.id)?.participantId === step.event.member.participantId &&
  seatOf(step, step.event.member.id) !== undefined
/** The one who waits for somebody who is missed attaches again. */
const waitsOn = (step: Step): boolean =>
  is("seat.take")(step) && isMissing(step.before) && holdsSeat(step) && !isBack(step)
const isAdmitted = (step: Step) => is("seat.take")(step) && !waitsOn(step) && beside(step).length < 2
/** It has its seat, and neither it nor the other one is another than they were told. */
const isRepeated = (step: Step): boolean =>
  is("seat.take")(step) &&
  isTogether(step.before) &&
  holdsSeat(step) &&
  seatsOf(step.before).every(
    ({ participantId }) => participantId === null || step.event.participants.includes(participantId)
  ) &&
  same(
    [...seatsOf(step.before)].map(({ id, name }) => [id, name]).sort(),
    [...step.before.context.introduced].map(({ id, name }) => [id, name]).sort()
  )
/** The flight is being put together again, and somebody says that it sits there. */
const isCollected = (step: Step): boolean =>
  is("seat.resume")(step) && (step.before.value === "vacant" || isResuming(step.before))
/** Somebody says that it sits there of whom the flight knows nothing. */
const isStranger = (step: Step): boolean =>
  is("seat.resume")(step) && seatOf(step, step.event.member.id) === undefined && !isCollected(step)
/** It has its seat again. Where nothing is put together it drives nobody out, such as a newer socket of its own. */
const isTakenUp = (step: Step): boolean =>
  (isCollected(step) || isStranger(step)) &&
  beside(step).length < 2 &&
  (isCollected(step) || (isStranger(step) && beside(step).length === seatsOf(step.before).length))
/** It has none, whatever it says. */
const isDenied = (step: Step): boolean => (isCollected(step) || isStranger(step)) && !isTakenUp(step)
const isSeated = (step: Step): boolean => isAdmitted(step) || isTakenUp(step)
/** The other one of two. */
const otherThan = (step: Step, id: string): string | undefined => idsOf(step.before).find((each: string) => each !== id)
/** One of two believes that the other one has gone, or is another. */
const isParted = (step: Step): boolean =>
  is("seat.resume")(step) &&
  isTogether(step.before) &&
  !isStranger(step) &&
  step.event.peer !== otherThan(step, step.event.member.id)
/** Everybody has said that it sits there. */
const isComplete = (step: Step): boolean => is("home.settled")(step) && isResuming(step.before)
const peerOf = ({ before }: Step, id: string | undefined): string | undefined =>
  before.context.named.find((naming: any) => naming.id === id)?.peer
/** Two have never heard of the flight's move. */
const isReunion = (step: Step): boolean => {
  const [first, second] = idsOf(step.before)
  // Nobody else may have been the peer of one of them meanwhile.
  const isUncontested = isComplete(step) && second !== undefined && step.before.context.named.length === 2
  return isUncontested && peerOf(step, first) === second && peerOf(step, second) === first
}
/** Who has named a peer and has lost it. */
const disappointedOf = (step: Step): readonly { readonly id: string; readonly peer: string }[] => {
  const { event, before } = step
  if (isComplete(step) && !isReunion(step)) {
    return before.context.named
  }
  const waits = is("seat.resume")(step) && before.value === "waiting" && !isDenied(step)
  const isAlone = waits || (isStranger(step) && isTakenUp(step))
  return isAlone && event.peer !== null ? [{ id: event.member.id, peer: event.peer }] : []
}
/** Two are made known to each other. */
const meet = (step: Step): boolean =>
  (isParted(step) ||
    isComplete(step) ||
    (isSeated(step) && !isRepeated(step) && !replacesWaiting(step) && !isResuming(step.after))) &&
  !isReunion(step) &&
  seatsOf(step.after).length === 2
/** A newer socket of the one who waits, which waits on. */
const replacesWaiting = (step: Step): boolean =>
  isSeated(step) &&
  isMissing(step.before) &&
  same(
    beside(step).map(({ id }) => id),
    [absentOf(step)]
  )
const isStillMissed = (step: Step): boolean =>
  isMissing(step.before) && goneOf(step).length === 0 && (!isSeated(step) || replacesWaiting(step))
/** Those with a seat and a socket. */
const present = (step: Step): readonly string[] => idsOf(step.before).filter((id: string) => id !== absentOf(step))
const endsOf = (snapshot: any) => {
  const [first, second] = idsOf(snapshot)
  return { flightId: snapshot.context.id, first, second }
}
const records = (step: Step, name: string) => step.did("record").filter((event) => event.name === name)
const everyone = ["ann", "bob", "bonnie", "newcomer"]
const isTransfer = ({ after }: Step) => after.context.channel === "transfer"
const takenBy = (step: Step, participantId: string) =>
  isTransfer(step)
    ? { type: "seat.taken", participantId }
    : { type: "sideSeat.taken", participantId, channel: step.after.context.channel }
const freedBy = (step: Step, participantId: string) =>
  isTransfer(step)
    ? { type: "seat.freed", participantId }
    : { type: "sideSeat.freed", participantId, channel: step.after.context.channel }

const toRoom = ({ after }: Step, event: object) => ({
  type: "tell",
  from: { kind: "flights", id: after.context.id },
  to: { kind: "rooms", id: after.context.code },
  event
})
/** Nobody knows where one of them is, or they are on different networks. */
const connectionTypeOf = (first: Member | undefined, second: Member | undefined) =>
  first?.group === second?.group && first?.group !== unknownAddress ? "lan" : "wan"

const seatNotice = ({ after, event: { member } }: Step, type: string) => {
  const { id, code, channel } = after.context
  return { type, flightId: id, code, channel, participantId: member.participantId, attempt: member.attempt }
}

const laws: readonly Law[] = [
  {
    sentence:
      "Should it crash, its members hear that it is gone, and its room that their seats are free; its end is told.",
    holds: ({ after }) => {
      const { id, code, channel } = after.context
      const seats = seatsOf(after)
      const freed = (participantId: string) =>
        channel === "transfer"
          ? { type: "seat.freed", participantId }
          : { type: "sideSeat.freed", participantId, channel }
      return same(flightCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          ...seats.map((seat) => ({
            to: { kind: "connections", id: seat.id },
            event: { type: "flight.lost", flightId: id }
          })),
          ...seats.flatMap(({ participantId }) =>
            participantId === null ? [] : [{ to: { kind: "rooms", id: code }, event: freed(participantId) }]
          )
        ],
        record: [{ name: "flight:ended", flightId: id, flightCode: code, reason: "crashed" }]
      })
    }
  },
  {
    sentence: "Never three seats are taken, and none twice by one connection or one participant.",
    holds: ({ after }) => {
      const seats = seatsOf(after)
      const participants = seats.map(({ participantId }) => participantId).filter((id) => id !== null)
      return (
        seats.length <= 2 &&
        new Set(idsOf(after)).size === seats.length &&
        new Set(participants).size === participants.length
      )
    }
  },
  {
    sentence:
      "It waits while one sits there, is paired while two do or reunites those who have met, misses one whose socket broke off, is put together again until everybody has been heard, and ends when the last one goes.",
    holds: (step) => {
      const { before, after } = step
      if (isDismissed(step)) return after.value === "dismissed" && seatsOf(after).length === 0
      if (isMissed(step) || isStillMissed(step)) return after.value === "missing" && seatsOf(after).length === 2
      const nobody = before === undefined || before.value === "vacant" ? "vacant" : "ended"
      const two = meet(step) ? "paired" : isReunion(step) ? "reunited" : before?.value
      const gathers = isCollected(step) || (isResuming(before) && !isComplete(step))
      const someone = gathers ? "resuming" : seatsOf(after).length === 1 ? "waiting" : two
      return after.value === (seatsOf(after).length === 0 ? nobody : someone)
    }
  },
  {
    sentence:
      "A link is open exactly while two are there: the old one closes before a new one opens, also one to a peer whom only its owner knows, and who attaches again without a change or has met elsewhere keeps it.",
    holds: (step) => {
      const links = step.effects.flatMap((effect) =>
        "did" in effect && /Link$/.test(effect.did) ? [[effect.did, effect.with]] : []
      )
      const closes =
        isTogether(step.before) &&
        (isDismissed(step) ||
          meet(step) ||
          isMissed(step) ||
          goneOf(step).length > 0 ||
          (isAdmitted(step) && !isRepeated(step)))
      const { id: flightId } = step.after.context
      return same(links, [
        ...(closes ? [["closeLink", endsOf(step.before)]] : []),
        ...disappointedOf(step).map(({ id, peer }) => ["closeLink", { flightId, first: id, second: peer }]),
        ...(meet(step) ? [["openLink", endsOf(step.after)]] : [])
      ])
    }
  },
  {
    sentence:
      "Who sits there already is told nothing of its seat, and has it behind the other's when it had none here.",
    when: is("seat.resume"),
    holds: (step) => {
      const { member } = step.event
      return (
        ["seat.given", "seat.kept", "seat.refused"].every((type) => step.told(member.id, type).length === 0) &&
        same(seatsOf(step.after), isTakenUp(step) ? [...beside(step), member] : seatsOf(step.before))
      )
    }
  },
  {
    sentence: "Nothing happens when somebody says what is known, or has a seat that others have, but that it hears so.",
    when: (step) =>
      isDenied(step) ||
      (is("seat.resume")(step) && isMissing(step.before) && !isStranger(step)) ||
      (is("seat.resume")(step) && isTogether(step.before) && !isStranger(step) && !isParted(step)) ||
      (is("home.settled")(step) && !isComplete(step)),
    holds: (step) =>
      step.effects.length === (isDenied(step) ? 1 : 0) &&
      same(step.after.value, step.before.value) &&
      same({ ...step.after.context, named: [] }, { ...step.before.context, named: [] })
  },
  {
    sentence:
      "Whom somebody names is remembered while the flight is put together again, also when it has no seat there, until it goes or asks for its seat anew.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, after, event } = step
      if (!isResuming(after)) return after.status === "done" || after.context.named.length === 0
      const speaks = isSeated(step) || isDenied(step)
      const others = before.context.named.filter(
        ({ id }: { id: string }) => !goneOf(step).includes(id) && !(speaks && id === event.member.id)
      )
      const isNaming = isCollected(step) && event.peer !== null
      return same(after.context.named, [...others, ...(isNaming ? [{ id: event.member.id, peer: event.peer }] : [])])
    }
  },
  {
    sentence: "When everybody has been heard nobody has another seat than before.",
    when: is("home.settled"),
    holds: ({ before, after }) => same(seatsOf(after), seatsOf(before))
  },
  {
    sentence: "Somebody who is missed has so long to come back, and the clock stops when it is settled.",
    holds: (step) => {
      const settles = isMissing(step.before) && !isMissing(step.after)
      return (
        same(step.did("requestDeadline"), isMissed(step) ? [{ afterMs: step.after.context.graceMs }] : []) &&
        step.did("cancelDeadline").length === (settles ? 1 : 0)
      )
    }
  },
  {
    sentence: "When somebody is missed the other one is told nothing.",
    when: isMissed,
    holds: (step) => everyone.every((id) => step.told(id).length === 0) && step.sent("rooms").length === 0
  },
  {
    sentence: "Nobody is missed who did not break off, in an open flight, alone, or where nobody is given time.",
    when: (step) => is("seat.leave")(step) && !isMissing(step.before),
    holds: (step) => {
      const leaver = seatLeft(step)
      const may =
        step.event.abrupt && leaver?.participantId != null && isTogether(step.before) && step.after.context.graceMs > 0
      return isMissing(step.after) === may
    }
  },
  {
    sentence:
      "Whoever takes a seat while another at most keeps one is given it, with all that names it, behind the other's.",
    when: isAdmitted,
    holds: (step) => {
      const { member } = step.event
      return (
        same(step.told(member.id, "seat.given"), [seatNotice(step, "seat.given")]) &&
        same(step.told(member.id, "seat.kept"), []) &&
        same(seatsOf(step.after), [...beside(step), member])
      )
    }
  },
  {
    sentence:
      "Who attaches again while it waits for somebody who is missed hears that it has its seat, by this question now.",
    when: waitsOn,
    holds: (step) => {
      const { member } = step.event
      return (
        step.effects.length === 1 &&
        same(step.told(member.id), [seatNotice(step, "seat.kept")]) &&
        same(
          seatsOf(step.after),
          seatsOf(step.before).map((seat) => (seat.id === member.id ? { ...seat, attempt: member.attempt } : seat))
        )
      )
    }
  },
  {
    sentence:
      "Whoever comes while two others keep theirs is refused; it is found out who of them lives, and nothing else happens.",
    when: (step) => is("seat.take")(step) && !isAdmitted(step) && !waitsOn(step),
    holds: (step) =>
      step.effects.length === 2 &&
      same(step.did("probeSockets"), [{ members: present(step) }]) &&
      same(step.told(step.event.member.id), [
        { type: "seat.refused", flightId: step.after.context.id, attempt: step.event.member.attempt }
      ]) &&
      same(idsOf(step.after), idsOf(step.before))
  },
  {
    sentence:
      "When somebody was refused elsewhere for these seats, it is found out who of those in them lives, and nothing else happens.",
    when: is("seats.wanted"),
    holds: (step) =>
      step.effects.length === 1 &&
      same(step.did("probeSockets"), [{ members: present(step) }]) &&
      same(step.after.value, step.before.value) &&
      same(idsOf(step.after), idsOf(step.before))
  },
  {
    sentence: "Nobody is asked for a sign of life whose seat nobody wants.",
    when: (step) => !is("seats.wanted")(step) && !(is("seat.take")(step) && !isAdmitted(step) && !waitsOn(step)),
    holds: (step) => step.did("probeSockets").length === 0
  },
  {
    sentence:
      "Whose seat is taken over hears of it, if it is still there, and so does who believes to have one that others have; nobody else does.",
    holds: (step) => {
      if (isDenied(step))
        return everyone.every((id) => step.told(id, "seat.lost").length === (id === step.event.member.id ? 1 : 0))
      const losers = isSeated(step)
        ? stayersOf(step)
            .map(({ id }) => id)
            .filter((id) => id !== step.event.member.id && !idsOf(step.after).includes(id) && id !== absentOf(step))
        : []
      return everyone.every((id) => step.told(id, "seat.lost").length === (losers.includes(id) ? 1 : 0))
    }
  },
  {
    sentence:
      "Two who meet are told each other's name and whether they are on one network; who attaches again without a change is told again, alone.",
    holds: (step) => {
      const [first, second] = seatsOf(step.after)
      const expected = (other: Member | undefined, self: Member | undefined) => ({
        type: "peer.joined",
        flightId: step.after.context.id,
        flightCode: step.after.context.code,
        peer: { id: other?.id, name: other?.name },
        connectionType: connectionTypeOf(self, other)
      })
      return everyone.every((id) => {
        const self = [first, second].find((seat) => seat?.id === id)
        const told = step.told(id, "peer.joined")
        const hears = self !== undefined && (meet(step) || (isRepeated(step) && id === step.event.member.id))
        return hears ? same(told, [expected(self === first ? second : first, self)]) : told.length === 0
      })
    }
  },
  {
    sentence: "What the two were told of each other is remembered, here or elsewhere.",
    when: (step) => meet(step) || isReunion(step),
    holds: (step) =>
      same(
        step.after.context.introduced,
        seatsOf(step.after).map(({ id, name }) => ({ id, name }))
      )
  },
  {
    sentence:
      "Who stays when the other goes is told so, and who takes for its peer who is none, before anything else that it hears then.",
    holds: (step) => {
      const isLeft = goneOf(step).length > 0 && seatsOf(step.before).length === 2 && !isResuming(step.before)
      const disappointed = disappointedOf(step).map(({ id }) => id)
      const stays = [
        ...(isLeft ? stayersOf(step).map(({ id }) => id) : []),
        ...disappointed.filter((id) => idsOf(step.after).includes(id))
      ]
      return everyone.every(
        (id) =>
          same(
            step.told(id, "peer.left"),
            stays.includes(id) ? [{ type: "peer.left", flightId: step.after.context.id }] : []
          ) &&
          (!stays.includes(id) || step.told(id)[0].type === "peer.left")
      )
    }
  },
  {
    sentence: "Only who leaves, or whose node goes, loses a seat by that, and with it whoever was missed.",
    when: is("seat.leave", "node.gone", "seat.orphaned"),
    holds: (step) =>
      same(
        idsOf(step.after),
        stayersOf(step).map(({ id }) => id)
      )
  },
  {
    sentence:
      "A late word of somebody without a seat, or of somebody who is missed already, changes nothing; nor does the end of a node that nobody sits on.",
    when: (step) =>
      is("seat.leave", "node.gone", "seat.orphaned")(step) && !isMissed(step) && goneOf(step).length === 0,
    holds: (step) => step.effects.length === 0 && same(step.after.value, step.before.value)
  },
  {
    sentence:
      "The room hears who takes and who gives up a seat: on its transfer channel one who gives it up leaves the room, as of when it is given up, unless its node has gone.",
    holds: (step) => {
      const { code, ofRoom } = step.after.context
      const reports = step.sent("rooms").filter(({ to }) => to.id !== "asker")
      if (!ofRoom) return reports.length === 0
      if (isDismissed(step)) {
        const freed = seatsOf(step.before).map(({ participantId }) => toRoom(step, freedBy(step, participantId!)))
        return same(reports, freed)
      }
      const given = leaversOf(step).map(({ id, at }) => {
        const participantId = seatOf(step, id)!.participantId
        const hasLeftRoom = step.event.id !== id || step.event.leavesRoom !== false
        if (isTransfer(step) && !hasLeftRoom) return toRoom(step, { type: "seat.freed", participantId })
        return isTransfer(step)
          ? { ...toRoom(step, { type: "seat.vacated", participantId, at }), input: { code, at } }
          : toRoom(step, { type: "sideSeat.freed", participantId, channel: step.after.context.channel })
      })
      const freed = orphansOf(step).map((id) => toRoom(step, freedBy(step, seatOf(step, id)!.participantId!)))
      const taken = isSeated(step) ? [toRoom(step, takenBy(step, step.event.member.participantId))] : []
      return same(reports, [...given, ...freed, ...taken])
    }
  },
  {
    sentence: "When it is ended by hand everybody who sits there hears that it is gone, and nobody hears so otherwise.",
    holds: (step) =>
      everyone.every((id) =>
        same(
          step.told(id, "flight.lost"),
          isDismissed(step) && idsOf(step.before).includes(id)
            ? [{ type: "flight.lost", flightId: step.after.context.id }]
            : []
        )
      )
  },
  {
    sentence: "A room that asks hears of every seat.",
    when: is("seats.asked"),
    holds: (step) =>
      same(
        step.told("asker"),
        seatsOf(step.before).flatMap(({ participantId }) =>
          participantId === null ? [] : [takenBy(step, participantId)]
        )
      )
  },
  {
    sentence: "A new name is that of the member who took it, and nothing else changes.",
    when: is("member.renamed"),
    holds: (step) =>
      step.effects.length === 0 &&
      same(
        seatsOf(step.after).map(({ id, name }) => [id, name]),
        seatsOf(step.before).map(({ id, name }) => [id, id === step.event.id ? step.event.name : name])
      )
  },
  {
    sentence: "Its creation, its end and each meeting are told once.",
    holds: (step) => {
      const { id: flightId, code: flightCode } = step.after.context
      const begins = isAdmitted(step) && step.before.value === "vacant"
      const ends = step.before !== undefined && step.before.status === "active" && step.after.status === "done"
      const [first, second] = seatsOf(step.after)
      const meets = meet(step)
      return (
        same(
          records(step, "flight:created"),
          begins ? [{ name: "flight:created", flightId, flightCode, creatorId: step.event.member.id }] : []
        ) &&
        same(
          records(step, "flight:ended"),
          ends ? [{ name: "flight:ended", flightId, flightCode, reason: isDismissed(step) ? "operator" : "empty" }] : []
        ) &&
        same(
          records(step, "flight:joined"),
          meets
            ? [
                {
                  name: "flight:joined",
                  flightId,
                  flightCode,
                  joinerId: second?.id,
                  joinerName: second?.name,
                  ip: second?.address,
                  connectionType: connectionTypeOf(first, second),
                  peerId: first?.id
                }
              ]
            : []
        )
      )
    }
  },
  {
    sentence:
      "Who sits down anew and who has left, or has been replaced, is told for the flight's story; who has sat there elsewhere is no news.",
    holds: (step) => {
      const { id: flightId, code: flightCode } = step.after.context
      const gone = goneOf(step)
      const replaced = idsOf(step.before).filter((id) => !idsOf(step.after).includes(id) && !gone.includes(id))
      const left = [...gone, ...replaced]
      const isNews = (isAdmitted(step) && seatOf(step, step.event.member.id) === undefined) || isStranger(step)
      const member = isNews && isSeated(step) ? step.event.member : undefined
      return (
        same(
          records(step, "flight:left"),
          left.map((memberId) => ({ name: "flight:left", flightId, flightCode, memberId }))
        ) &&
        same(
          records(step, "flight:seated"),
          member === undefined
            ? []
            : [
                {
                  name: "flight:seated",
                  flightId,
                  flightCode,
                  memberId: member.id,
                  memberName: member.name,
                  ip: member.address
                }
              ]
        )
      )
    }
  }
]

const settings = (): readonly Setting[] => {
  const member = (id: string, participantId: string | null, address: string, group: string): Member => ({
    id,
    name: id,
    address,
    group,
    participantId,
    attempt: 1
  })
  const take = (taker: Member, participants: readonly string[]) => ({ type: "seat.take", member: taker, participants })
  const others = [
    { type: "seat.leave", id: "nobody", attempt: 1, leavesRoom: true, abrupt: true, at: 70 },
    { type: "member.renamed", id: "bob", name: "Robert" },
    { type: "member.renamed", id: "nobody", name: "Nobody" },
    { type: "seats.asked", replyTo: { kind: "rooms", id: "asker" } },
    { type: "seats.wanted" },
    { type: "operator.ends" }
  ]
  const leaves = (...ids: string[]) =>
    ids.flatMap((id) => [
      ...[false, true].map((abrupt) => ({ type: "seat.leave", id, attempt: 1, leavesRoom: true, abrupt, at: 70 })),
      // It has not waited for the seat, or it speaks of another one than it has.
      { type: "seat.leave", id, attempt: 1, leavesRoom: false, abrupt: false, at: 70 },
      { type: "seat.leave", id, attempt: 2, leavesRoom: true, abrupt: true, at: 70 }
    ])
  const deadline = { type: "deadline", at: 90 }
  const resume = (resumer: Member, peers: readonly (string | null)[]) =>
    peers.map((peer) => ({ type: "seat.resume", member: resumer, peer }))
  const moves = [
    { type: "home.settled" },
    ...["an", "bo", "no"].map((mark) => ({ type: "node.gone", mark })),
    ...[1, 2].map((attempt) => ({ type: "seat.orphaned", id: "ann", attempt })),
    { type: "seat.orphaned", id: "bob", attempt: 1 }
  ]

  // Nobody knows where Ann and Bob are: they are no neighbours for that.
  const open = [
    member("ann", null, unknownAddress, unknownAddress),
    member("bob", null, unknownAddress, unknownAddress),
    member("bonnie", null, "192.0.2.3", "c")
  ]
  const ann = member("ann", "host", "192.0.2.1", "g")
  const bonnie = member("bonnie", "host", "192.0.2.3", "h")
  const bob = member("bob", "guest", "192.0.2.2", "g")
  const newcomer = member("newcomer", "next", "192.0.2.4", "k")
  const ofRoom = (resumed: readonly AnyEventObject[]) => () => [
    ...[ann, bob, bonnie, newcomer].map((each) => take(each, ["host", "guest"])),
    ...[ann, newcomer].map((each) => take(each, ["host", "next"])),
    take({ ...ann, attempt: 2 }, ["host", "guest"]),
    // One socket that says it is the other one.
    take({ ...ann, participantId: "guest" }, ["host", "guest"]),
    ...leaves("ann", "bob", "bonnie", "newcomer"),
    ...resumed,
    ...others,
    deadline
  ]
  return [
    {
      name: "open",
      input: { id: "ABC234", code: "ABC234", channel: "transfer", ofRoom: false, graceMs: 50 },
      events: () => [
        ...open.map((each) => take(each, [])),
        ...leaves("ann", "bob", "bonnie"),
        ...open.flatMap((each) => resume(each, [null, each.id === "ann" ? "bob" : "ann"])),
        ...moves,
        ...others
      ]
    },
    {
      name: "of a room's transfer channel",
      input: { id: "ABC234/transfer", code: "ABC234", channel: "transfer", ofRoom: true, graceMs: 50 },
      events: ofRoom([
        ...resume(ann, [null, "bob"]),
        ...resume(bob, [null, "ann"]),
        ...resume(bonnie, ["bob"]),
        ...resume(newcomer, ["bob"]),
        ...moves
      ])
    },
    {
      name: "of a room's chat",
      input: { id: "ABC234/chat", code: "ABC234", channel: "chat", ofRoom: true, graceMs: 50 },
      events: ofRoom([...resume(ann, ["bob"]), { type: "home.settled" }, { type: "node.gone", mark: "an" }])
    },
    {
      name: "of a room where nobody is given time to come back",
      input: { id: "ABC234/transfer", code: "ABC234", channel: "transfer", ofRoom: true, graceMs: 0 },
      events: ofRoom([])
    }
  ]
}

export const flight: Subject = {
  name: "flight",
  machine: flightMachine,
  adapters: { actions: ["openLink", "closeLink", "probeSockets", "requestDeadline", "cancelDeadline", "record"] },
  settings,
  facts: ({ context }: { context: FlightContext }) => [
    context.seats.map(({ id, name, attempt }) => [id, name, attempt]),
    context.absent,
    // Of those who have none of the seats only that there are some.
    context.seats.map(({ id }) => context.named.find((naming) => naming.id === id)?.peer),
    context.named.some((naming) => context.seats.every(({ id }) => id !== naming.id)),
    context.introduced.map(({ id, name }) => [id, name])
  ],
  laws
}
