import { flightMachine, type FlightContext, type Member } from "../../../src/machines/flight.ts"
import type { Stage } from "../walking/stage.ts"
import { same, type Law, type Setting, type Step, type Subject } from "../walking/subject.ts"

const seatsOf = (snapshot: any): readonly Member[] => snapshot?.context.seats ?? []
const idsOf = (snapshot: any) => seatsOf(snapshot).map(({ id }) => id)
const isPair = (snapshot: any) => seatsOf(snapshot).length === 2
const is = (...types: string[]) => ({ event, before }: Step) => before !== undefined && types.includes(event.type)

/** Who keeps a seat beside this newcomer. */
const beside = ({ before, event }: Step): readonly Member[] =>
  seatsOf(before).filter(
    ({ id, participantId }) =>
      id !== event.member.id &&
      (participantId === null || (participantId !== event.member.participantId && event.participants.includes(participantId)))
  )
const isAdmitted = (step: Step) => is("seat.take")(step) && beside(step).length < 2
const isLeaving = (step: Step) => is("seat.leave")(step) && idsOf(step.before).includes(step.event.id)
const leaverOf = ({ before, event }: Step) => seatsOf(before).find(({ id }) => id === event.id) as Member
const isTransferOfRoom = ({ after }: Step) => after.context.ofRoom && after.context.channel === "transfer"
const endsOf = (snapshot: any) => {
  const [first, second] = idsOf(snapshot)
  return { flightId: snapshot.context.id, first, second }
}
const records = (step: Step, name: string) => step.did("record").filter((event) => event.name === name)
const everyone = ["ann", "bob", "cid"]

const laws: readonly Law[] = [
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
    sentence: "It waits while one sits there, is paired while two do, and ends when the last one goes.",
    holds: ({ before, after }) =>
      after.value === (["waiting", "paired"][seatsOf(after).length - 1] ?? (before === undefined || before.value === "vacant" ? "vacant" : "ended"))
  },
  {
    sentence: "A link is open exactly while two are paired: the old one closes before a new one opens.",
    holds: (step) => {
      const links = step.effects.flatMap((effect) => ("did" in effect && effect.did !== "record" ? [[effect.did, effect.with]] : []))
      const changes = isAdmitted(step) || isLeaving(step)
      return same(links, [
        ...(changes && isPair(step.before) ? [["closeLink", endsOf(step.before)]] : []),
        ...(changes && isPair(step.after) ? [["openLink", endsOf(step.after)]] : [])
      ])
    }
  },
  {
    sentence: "Whoever takes a seat while another at most keeps one is given it, with all that names it, behind the other's.",
    when: isAdmitted,
    holds: (step) => {
      const { id, code, channel } = step.after.context
      const { member } = step.event
      return (
        same(step.told(member.id, "seat.given"), [
          { type: "seat.given", flightId: id, code, channel, participantId: member.participantId, flight: "actor" }
        ]) && same(idsOf(step.after), [...beside(step).map(({ id }) => id), member.id])
      )
    }
  },
  {
    sentence: "Whoever comes while two others keep theirs is refused, and nothing else happens.",
    when: (step) => is("seat.take")(step) && !isAdmitted(step),
    holds: (step) =>
      step.effects.length === 1 &&
      same(step.told(step.event.member.id), [{ type: "seat.refused", flightId: step.after.context.id }]) &&
      same(idsOf(step.after), idsOf(step.before))
  },
  {
    sentence: "Whose seat is taken over hears of it, and nobody else does.",
    holds: (step) => {
      const losers = isAdmitted(step)
        ? idsOf(step.before).filter((id) => id !== step.event.member.id && !idsOf(step.after).includes(id))
        : []
      return everyone.concat("newcomer").every((id) => step.told(id, "seat.lost").length === (losers.includes(id) ? 1 : 0))
    }
  },
  {
    sentence: "Two who meet are told each other's name and whether they are on one network; nobody else is told anything.",
    holds: (step) => {
      const [first, second] = seatsOf(step.after)
      const meet = isAdmitted(step) && isPair(step.after)
      const expected = (other: Member | undefined, self: Member | undefined) => ({
        type: "peer.joined",
        flightId: step.after.context.id,
        flightCode: step.after.context.code,
        peer: { id: other?.id, name: other?.name },
        connectionType: self?.address === other?.address || self?.group === other?.group ? "lan" : "wan"
      })
      return everyone.concat("newcomer").every((id) => {
        const self = [first, second].find((seat) => seat?.id === id)
        const told = step.told(id, "peer.joined")
        return meet && self !== undefined ? same(told, [expected(self === first ? second : first, self)]) : told.length === 0
      })
    }
  },
  {
    sentence: "Who stays when the other goes is told so.",
    holds: (step) => {
      const stays = isLeaving(step) && isPair(step.before) ? idsOf(step.after) : []
      return everyone
        .concat("newcomer")
        .every((id) =>
          same(
            step.told(id, "peer.left"),
            stays.includes(id) ? [{ type: "peer.left", flightId: step.after.context.id }] : []
          )
        )
    }
  },
  {
    sentence: "Only who leaves loses a seat by leaving.",
    when: is("seat.leave"),
    holds: (step) => same(idsOf(step.after), idsOf(step.before).filter((id) => id !== step.event.id))
  },
  {
    sentence: "A late word of somebody without a seat changes nothing.",
    when: (step) => is("seat.leave")(step) && !isLeaving(step),
    holds: (step) => step.effects.length === 0 && same(step.after.value, step.before.value)
  },
  {
    sentence: "The room hears who takes and who gives up a seat on its transfer channel, and of no other channel.",
    holds: (step) => {
      const { code } = step.after.context
      const reports = step.told("rooms")
      if (!isTransferOfRoom(step)) return reports.length === 0
      if (isAdmitted(step)) {
        const { participantId } = step.event.member
        return same(reports, [{ type: "child.tell", id: code, event: { type: "seat.taken", participantId } }])
      }
      if (isLeaving(step)) {
        const { at } = step.event
        const { participantId } = leaverOf(step)
        return same(reports, [
          { type: "child.tell", id: code, input: { code, at }, event: { type: "seat.vacated", participantId, at } }
        ])
      }
      return reports.length === 0
    }
  },
  {
    sentence: "A room that asks hears of every seat.",
    when: is("seats.asked"),
    holds: (step) =>
      same(
        step.told("asker"),
        seatsOf(step.before).flatMap(({ participantId }) => (participantId === null ? [] : [{ type: "seat.taken", participantId }]))
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
      const meets = isAdmitted(step) && isPair(step.after)
      return (
        same(
          records(step, "flight:created"),
          begins ? [{ name: "flight:created", flightId, flightCode, creatorId: step.event.member.id }] : []
        ) &&
        same(
          records(step, "flight:ended"),
          ends ? [{ name: "flight:ended", flightId, flightCode, reason: "empty" }] : []
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
                  connectionType: first?.address === second?.address || first?.group === second?.group ? "lan" : "wan",
                  peerId: first?.id
                }
              ]
            : []
        )
      )
    }
  },
  {
    sentence: "Who sits down anew and who has left, or has been replaced, is told for the flight's story.",
    holds: (step) => {
      const { id: flightId, code: flightCode } = step.after.context
      const left = idsOf(step.before).filter((id) => !idsOf(step.after).includes(id))
      const member = isAdmitted(step) && !idsOf(step.before).includes(step.event.member.id) ? step.event.member : undefined
      return (
        same(
          records(step, "flight:left"),
          left.map((memberId) => ({ name: "flight:left", flightId, flightCode, memberId }))
        ) &&
        same(
          records(step, "flight:seated"),
          member === undefined
            ? []
            : [{ name: "flight:seated", flightId, flightCode, memberId: member.id, memberName: member.name, ip: member.address }]
        )
      )
    }
  }
]

const settings = (stage: Stage): readonly Setting[] => {
  const member = (id: string, participantId: string | null, address: string, group: string): Member => ({
    id,
    name: id,
    address,
    group,
    participantId,
    connection: stage.extra(id)
  })
  const take = (taker: Member, participants: readonly string[]) => ({ type: "seat.take", member: taker, participants })
  const others = [
    { type: "seat.leave", id: "nobody", at: 70 },
    { type: "member.renamed", id: "bob", name: "Robert" },
    { type: "member.renamed", id: "nobody", name: "Nobody" },
    { type: "seats.asked", replyTo: stage.extra("asker") }
  ]
  const leaves = (...ids: string[]) => ids.map((id) => ({ type: "seat.leave", id, at: 70 }))

  const open = [member("ann", null, "192.0.2.1", "a"), member("bob", null, "192.0.2.1", "b"), member("cid", null, "192.0.2.3", "c")]
  const ann = member("ann", "host", "192.0.2.1", "g")
  const cid = member("cid", "host", "192.0.2.3", "h")
  const bob = member("bob", "guest", "192.0.2.2", "g")
  const newcomer = member("newcomer", "next", "192.0.2.4", "k")
  const ofRoom = () => [
    ...[ann, bob, cid].map((each) => take(each, ["host", "guest"])),
    ...[ann, newcomer].map((each) => take(each, ["host", "next"])),
    ...leaves("ann", "bob", "cid", "newcomer"),
    ...others
  ]
  return [
    {
      name: "open",
      input: { id: "ABC234", code: "ABC234", channel: "transfer", ofRoom: false },
      events: () => [...open.map((each) => take(each, [])), ...leaves("ann", "bob", "cid"), ...others]
    },
    {
      name: "of a room's transfer channel",
      input: { id: "ABC234/transfer", code: "ABC234", channel: "transfer", ofRoom: true },
      events: ofRoom
    },
    {
      name: "of a room's chat",
      input: { id: "ABC234/chat", code: "ABC234", channel: "chat", ofRoom: true },
      events: ofRoom
    }
  ]
}

export const flight: Subject = {
  name: "flight",
  machine: flightMachine,
  adapters: { actions: ["openLink", "closeLink", "record"] },
  settings,
  facts: ({ context }: { context: FlightContext }) => context.seats.map(({ id, name }) => [id, name]),
  laws
}
