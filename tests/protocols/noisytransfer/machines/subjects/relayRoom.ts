import { relayRoomCrash, relayRoomMachine } from "../../../../../src/machines/noisytransfer/relayRoom/relayRoom.ts"
import type { RoomContext } from "../../../../../src/machines/noisytransfer/relayRoom/roomContext.ts"
import type { Side } from "../../../../../src/machines/noisytransfer/relayRoom/seats.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const id = "room"
const connections = "noisytransfer-connections"
const contestMs = 50
const limits = { items: 2, bytes: 8 }
const both: readonly Side[] = ["A", "B"]

const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const contextOf = (snapshot: any): RoomContext => snapshot.context
const holderOf = (snapshot: any, side: Side) => contextOf(snapshot).sitters[side]?.id ?? null
const newcomerOf = (snapshot: any, side: Side) => contextOf(snapshot).newcomers[side]
const sideOf = (snapshot: any, member: string) => both.find((side) => holderOf(snapshot, side) === member)
const isFull = (snapshot: any): boolean => both.every((side) => holderOf(snapshot, side) !== null)
const isEmpty = (snapshot: any): boolean => both.every((side) => holderOf(snapshot, side) === null)

/** Whoever runs the server ends it. */
const isDismissed = is("operator.ends")
const membersOf = (snapshot: any) =>
  both.flatMap((side) => [holderOf(snapshot, side), newcomerOf(snapshot, side)]).filter((member) => member !== null)

/** What becomes of a seat in this step. */
type Change =
  | { readonly is: "given"; readonly to: string }
  | { readonly is: "given again"; readonly to: string }
  | { readonly is: "resumed"; readonly by: string }
  | { readonly is: "barred"; readonly to: string }
  | { readonly is: "refused"; readonly to: string }
  | { readonly is: "wanted"; readonly by: string }
  | { readonly is: "denied" }
  | { readonly is: "taken over" }
  | { readonly is: "inherited" }
  | { readonly is: "left" }
  | { readonly is: "forgone" }
  | { readonly is: "kept" }

const changeOf = ({ before, event }: Step, side: Side): Change => {
  if (before === undefined) return { is: "kept" }
  const [holder, newcomer] = [contextOf(before).sitters[side], newcomerOf(before, side)]
  if (event.type === "seat.resume" && event.side === side) {
    if (holder === null) return { is: "resumed", by: event.id }
    return holder.id === event.id ? { is: "kept" } : { is: "barred", to: event.id }
  }
  if (event.type === "node.gone") {
    const [holderGoes, newcomerGoes] = [holder?.id, newcomer].map((each) => each?.startsWith(event.mark) === true)
    if (holderGoes) return { is: newcomer === null || newcomerGoes ? "left" : "inherited" }
    return { is: newcomerGoes ? "forgone" : "kept" }
  }
  if (event.type === "seat.take" && event.side === side) {
    if (holder === null) return { is: "given", to: event.id }
    if (holder.id === event.id) return { is: "given again", to: event.id }
    if (newcomer === event.id) return { is: "kept" }
    const isOfSession = event.sid !== null && event.sid !== "" && event.sid === holder.sid
    return isOfSession && newcomer === null ? { is: "wanted", by: event.id } : { is: "refused", to: event.id }
  }
  if (event.type === "seat.leave" && event.id === holder?.id) return { is: newcomer === null ? "left" : "inherited" }
  if (event.type === "seat.leave" && event.id === newcomer) return { is: "forgone" }
  if (event.type === "probe.answered" && event.newcomer === newcomer) return { is: "denied" }
  if (event.type === "probe.missed" && event.newcomer === newcomer) return { is: "taken over" }
  return { is: "kept" }
}
const changes = (step: Step): readonly Change[] => both.map((side) => changeOf(step, side))
const changed =
  (...kinds: Change["is"][]) =>
  (step: Step) =>
    changes(step).some((change) => kinds.includes(change.is))

const notices = (step: Step, ...types: string[]) =>
  step
    .sent(connections)
    .filter(({ event }) => types.includes(event.type))
    .map(({ to, event }) => [to.id, event])
const given = ({ before }: Step) => ({ type: "seat.given", hasMail: holdsMail(before) })
const seatNotices = ["seat.given", "seat.refused", "seat.lost", "seat.wanted", "socket.wanted"]
const endsOf = (snapshot: any) => ({ roomId: id, first: holderOf(snapshot, "A"), second: holderOf(snapshot, "B") })
const occupancyOf = (snapshot: any): string | undefined => snapshot?.value.open?.occupancy
const isResuming = (snapshot: any): boolean => occupancyOf(snapshot) === "resuming"
const isTogether = (snapshot: any): boolean => ["both", "reunited"].includes(occupancyOf(snapshot) ?? "")
const holdsMail = (snapshot: any): boolean => both.some((side) => contextOf(snapshot).mailboxes[side].next > 0)
/** Everybody who belongs to it has said so. */
const settles = (step: Step): boolean => is("home.settled")(step) && isResuming(step.before)
/** Somebody knows of something that was left in it, and nobody was given that to take along. */
const losesMail = (step: Step): boolean => settles(step) && contextOf(step.before).missesMail && !holdsMail(step.before)
/** Somebody who takes its seat again means a room that has ended, and what was left in it is lost. */
const comesTooLate = (step: Step): boolean =>
  changed("resumed")(step) && occupancyOf(step.before) === "alone" && step.event.hasMail && !holdsMail(step.before)
const otherOf = (side: Side): Side => (side === "A" ? "B" : "A")
/** Each was told of the other. */
const reunites = (step: Step): boolean =>
  settles(step) &&
  both.every((side) => {
    const holder = holderOf(step.before, side)
    return holder !== null && contextOf(step.before).named[otherOf(side)] === holder
  })
/** Somebody who sits there has lost its peer, as the way between their nodes was broken. */
const meetsAgain = (step: Step): boolean => {
  if (!is("seat.resume")(step) || !isTogether(step.before)) return false
  const side = sideOf(step.before, step.event.id)
  if (side === undefined) return false
  return side !== step.event.side || step.event.peer !== holderOf(step.before, otherOf(side))
}
/** The two meet in this step. */
const meet = (step: Step): boolean => {
  if (!isFull(step.after)) return false
  if (isResuming(step.before)) return settles(step) && !reunites(step) && !losesMail(step)
  if (changed("given", "taken over", "inherited")(step) || meetsAgain(step)) return true
  return changed("resumed")(step) && occupancyOf(step.before) === "alone"
}
/** What a mailbox held before, and what is said of it by somebody who sits there. */
const mailOf = (step: Step) => {
  const side = step.event.type === "mail.weighed" ? step.event.to : sideOf(step.before, step.event.id)
  return { side, box: side === undefined ? undefined : contextOf(step.before).mailboxes[side as Side] }
}
const bySitter =
  (...types: string[]) =>
  (step: Step) =>
    is(...types)(step) && sideOf(step.before, step.event.id) !== undefined

/** What a new item does to a mailbox: which are forgotten for it, or what is full. */
const outcomeOf = (step: Step) => {
  const { payload, bytes, to, left } = step.event
  const holder = holderOf(step.before, to)
  const { items, next } = contextOf(step.before).mailboxes[to as Side]
  const sizeOf = (list: readonly { bytes: number }[]) => list.reduce((sum, item) => sum + item.bytes, 0)
  let rest = [...items]
  for (;;) {
    const freed = { items: items.length - rest.length, bytes: sizeOf(items) - sizeOf(rest) }
    const full =
      rest.length >= limits.items
        ? "items"
        : sizeOf(rest) + bytes > limits.bytes
          ? "bytes"
          : left.bytes + freed.bytes < bytes || left.items + freed.items < 1
            ? "server"
            : undefined
    if (full === undefined) {
      const item = { seq: next, payload, bytes, sentTo: holder }
      return { item, items: [...rest, item], holder }
    }
    const spare = holder === null ? undefined : rest.find(({ sentTo }) => sentTo === holder)
    if (spare === undefined) return { full }
    rest = rest.filter((item) => item !== spare)
  }
}
const acknowledges = (step: Step): boolean => {
  const { box } = mailOf(step)
  const { upTo } = step.event
  return box !== undefined && upTo !== null && upTo > box.acknowledged && upTo < box.next
}

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, whoever sits there or waits for a seat is cut off, and its end is told.",
    holds: ({ after }) => {
      return same(relayRoomCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: membersOf(after).map((member) => ({
          to: { kind: connections, id: member },
          event: { type: "room.lost" }
        })),
        record: [{ name: "relay:room_ended", roomId: id, reason: "crashed" }]
      })
    }
  },
  {
    sentence: "One that crashed before it was there has nobody to tell.",
    when: ({ before }) => before === undefined,
    holds: () => relayRoomCrash({ id, error: "a fault", at: 80, context: undefined }).tell.length === 0
  },
  {
    sentence:
      "A free side is whoever's takes it first; a taken one stays its holder's, until that leaves, or gives no sign of life while somebody of its session waits.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      both.every((side) => {
        const change = changeOf(step, side)
        const [before, after] = [contextOf(step.before).sitters[side], contextOf(step.after).sitters[side]]
        switch (change.is) {
          case "given":
            return same(after, { id: change.to, sid: step.event.sid })
          case "resumed":
            return same(after, { id: change.by, sid: step.event.sid })
          case "left":
            return after === null
          case "taken over":
          case "inherited":
            return same(after, { id: newcomerOf(step.before, side), sid: before?.sid })
          default:
            return same(after, before)
        }
      })
  },
  {
    sentence: "One at most waits for a seat, and only one of the session that has it.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      both.every((side) => {
        const change = changeOf(step, side)
        const ends = ["denied", "taken over", "inherited", "forgone", "left"].includes(change.is)
        const expected = change.is === "wanted" ? change.by : ends ? null : newcomerOf(step.before, side)
        return newcomerOf(step.after, side) === expected
      })
  },
  {
    sentence:
      "Whoever gets, waits for, is refused or loses a seat is told that and nothing else of it; who sits there is asked for a sign of life for whoever waits, and looked after for whoever is refused at once.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      same(
        notices(step, ...seatNotices),
        both.flatMap((side): [string | null, object][] => {
          const change = changeOf(step, side)
          const [holder, newcomer] = [holderOf(step.before, side), newcomerOf(step.before, side)]
          switch (change.is) {
            case "given":
            case "given again":
              return [[change.to, given(step)]]
            case "barred":
              return [[change.to, { type: "seat.refused" }]]
            case "refused":
              return [
                [change.to, { type: "seat.refused" }],
                [holder, { type: "socket.wanted" }]
              ]
            case "wanted":
              return [[holder, { type: "seat.wanted", newcomer: change.by, withinMs: contestMs }]]
            case "denied":
              return [[newcomer, { type: "seat.refused" }]]
            case "taken over":
              return [
                [holder, { type: "seat.lost" }],
                [newcomer, given(step)]
              ]
            case "inherited":
              return [[newcomer, given(step)]]
            default:
              return []
          }
        })
      )
  },
  {
    sentence: "A late answer to a question that nobody waits for any more changes nothing.",
    when: (step) =>
      is("probe.answered", "probe.missed", "seat.leave")(step) &&
      !changed("denied", "taken over", "inherited", "left", "forgone")(step),
    holds: (step) => step.effects.length === 0 && same(step.after.context, step.before.context)
  },
  {
    sentence: "The link is opened when two meet, and closed when one of them goes or is replaced.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const parts =
        isTogether(step.before) &&
        (isDismissed(step) || changed("left", "taken over", "inherited")(step) || meetsAgain(step))
      return (
        same(step.did("openLink"), meet(step) ? [endsOf(step.after)] : []) &&
        same(step.did("closeLink"), parts ? [endsOf(step.before)] : [])
      )
    }
  },
  {
    sentence: "Two who meet are each told once that the room is full, behind their seats, and nobody else ever is.",
    holds: (step) => {
      const [a, b] = [holderOf(step.after, "A"), holderOf(step.after, "B")]
      const expected =
        step.before !== undefined && meet(step)
          ? [
              [a, { type: "room.full", peerId: b }],
              [b, { type: "room.full", peerId: a }]
            ]
          : []
      const order = step.sent(connections).map(({ event }) => event.type)
      const isBehind = expected.length === 0 || order.lastIndexOf("seat.given") < order.indexOf("room.full")
      return same(notices(step, "room.full"), expected) && isBehind
    }
  },
  {
    sentence:
      "Where it goes on after another node it is silent until all have said who they are; two who were told of each other go on unnoticed.",
    when: ({ before, after }) => before !== undefined && after.status !== "done",
    holds: (step) => {
      const { before, after } = step
      const now = occupancyOf(before)
      if (isEmpty(after)) return now === "vacant" && occupancyOf(after) === "vacant"
      if (isResuming(before) && !settles(step)) return isResuming(after)
      if (now === "vacant" && changed("resumed")(step)) return isResuming(after)
      if (!isFull(after)) return occupancyOf(after) === "alone"
      return occupancyOf(after) === (reunites(step) ? "reunited" : meet(step) ? "both" : now)
    }
  },
  {
    sentence: "What those who sit there have taken along is remembered until all have said so, and no longer.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, after, event } = step
      const [was, now] = [contextOf(before), contextOf(after)]
      if (!isResuming(after)) return same([now.named, now.missesMail], [{ A: null, B: null }, false])
      if (!changed("resumed")(step)) return same([now.named, now.missesMail], [was.named, was.missesMail])
      return same(
        [now.named, now.missesMail],
        [{ ...was.named, [event.side]: event.peer }, was.missesMail || event.hasMail]
      )
    }
  },
  {
    sentence: "Of the mailboxes that were taken along it has the latest.",
    when: (step) =>
      changed("resumed")(step) && (step.before.value.open.occupancy === "vacant" || isResuming(step.before)),
    holds: (step) => {
      const ageOf = ({ A, B }: RoomContext["mailboxes"]) => A.next + B.next + A.acknowledged + B.acknowledged
      const had = contextOf(step.before).mailboxes
      const taken = step.event.mailboxes
      return same(contextOf(step.after).mailboxes, taken !== null && ageOf(taken) > ageOf(had) ? taken : had)
    }
  },
  {
    sentence:
      "When what was left in it is lost with its node whoever sits there or waits is cut off, or whoever knows of it and comes too late, and nobody else ever is.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const losers = losesMail(step) ? membersOf(step.before) : comesTooLate(step) ? [step.event.id] : []
      return same(
        notices(step, "room.lost"),
        losers.map((member) => [member, { type: "room.lost" }])
      )
    }
  },
  {
    sentence:
      "When it goes on elsewhere whoever sits there takes its mailboxes along, if anything was ever left there.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { mailboxes } = contextOf(step.before)
      const takers = both.map((side) => holderOf(step.before, side)).filter((holder) => holder !== null)
      const leaves = is("home.leaving")(step) && step.before.status === "active"
      return (
        same(
          notices(step, "mail.entrusted"),
          leaves && holdsMail(step.before) ? takers.map((taker) => [taker, { type: "mail.entrusted", mailboxes }]) : []
        ) &&
        (!leaves || same([step.after.value, step.after.context], [step.before.value, step.before.context]))
      )
    }
  },
  {
    sentence: "Whoever stays when the other goes hears so, and need not wait for what that one was being given.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const goes =
        isTogether(step.before) &&
        ((is("node.gone")(step) && changed("left", "inherited")(step)) ||
          (is("seat.leave")(step) && changed("left")(step)))
      const isGone = (holder: string) =>
        is("node.gone")(step) ? holder.startsWith(step.event.mark) : holder === step.event.id
      const stay = both
        .map((side) => holderOf(step.before, side))
        .filter((holder) => goes && holder !== null && !isGone(holder))
      return same(
        notices(step, "peer.gone"),
        stay.map((holder) => [holder, { type: "peer.gone" }])
      )
    }
  },
  {
    sentence:
      "That all have said who they are, a node that nobody is from, or who sits there already, changes nothing.",
    when: (step) =>
      (is("home.settled")(step) && !isResuming(step.before)) ||
      (is("node.gone")(step) && !changed("left", "inherited", "forgone")(step)) ||
      (is("seat.resume")(step) && !changed("resumed", "barred")(step) && !meetsAgain(step)),
    holds: (step) => step.effects.length === 0 && same(step.after.context, step.before.context)
  },
  {
    sentence: "What somebody who sits there leaves is weighed before it is kept.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { id: sender, attempt, to, payload, bytes } = step.event
      return same(
        step.did("weighPosting"),
        bySitter("mail.put")(step) ? [{ id: sender, attempt, to, payload, bytes }] : []
      )
    }
  },
  {
    sentence: "It is open while somebody sits there, knows since when, and ends with the last one, or by hand.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const opens = isEmpty(step.before) && changed("given", "resumed")(step)
      const ends = isDismissed(step) || losesMail(step) || (isEmpty(step.after) && !isEmpty(step.before))
      const { openedAt } = step.before.context
      const isEarlier = isResuming(step.before) && changed("resumed")(step) && step.event.at < openedAt
      return (
        (step.after.status === "done") === ends &&
        step.after.context.openedAt === (opens || isEarlier ? step.event.at : openedAt)
      )
    }
  },
  {
    sentence:
      "When it is ended by hand whoever sits there or waits hears that it is over, and nobody hears so otherwise.",
    holds: (step) =>
      same(
        notices(step, "room.ended"),
        isDismissed(step) ? membersOf(step.before).map((member) => [member, { type: "room.ended" }]) : []
      )
  },
  {
    sentence: "What is left for a side is numbered from 0 in the order in which it came, and kept if it fits.",
    when: bySitter("mail.weighed"),
    holds: (step) => {
      const { side, box } = mailOf(step)
      const outcome = outcomeOf(step)
      const after = contextOf(step.after).mailboxes[side as Side]
      if (outcome.full !== undefined) return same(after, box)
      return (
        same(after.items, outcome.items) && after.next === box!.next + 1 && after.acknowledged === box!.acknowledged
      )
    }
  },
  {
    sentence:
      "Whoever sits on that side is sent it at once; its sender hears that it is kept, or which limit is in the way, and waits for who is sent it.",
    when: bySitter("mail.weighed"),
    holds: (step) => {
      const { id: sender, attempt, to } = step.event
      const outcome = outcomeOf(step)
      const own = { kind: "noisytransfer-rooms", id }
      const toSender = (event: object) => ({ type: "tell", from: own, to: { kind: connections, id: sender }, event })
      if (outcome.full !== undefined)
        return same(step.sent(connections), [toSender({ type: "mail.refused", attempt, to, reason: outcome.full })])
      if (outcome.holder === null) return same(step.sent(connections), [toSender({ type: "mail.kept", attempt })])
      return same(step.sent(connections), [
        {
          type: "tell",
          from: own,
          to: { kind: connections, id: outcome.holder },
          event: { type: "item.given", item: outcome.item, sender: { id: sender, attempt } },
          replyTo: { kind: connections, id: sender },
          requestId: attempt
        }
      ])
    }
  },
  {
    sentence:
      "Who says up to where it has its items has these forgotten, unless that is no number of this room's; what was acknowledged once stays so.",
    when: bySitter("mail.hello", "mail.delivered"),
    holds: (step) => {
      const { side, box } = mailOf(step)
      const after = contextOf(step.after).mailboxes[side as Side]
      const upTo = acknowledges(step) ? step.event.upTo : box!.acknowledged
      return (
        after.acknowledged === upTo &&
        after.next === box!.next &&
        same(
          after.items.map(({ seq }) => seq),
          box!.items.map(({ seq }) => seq).filter((seq) => seq > upTo)
        )
      )
    }
  },
  {
    sentence: "A hello brings all the rest in one answer, oldest first, and nothing else does.",
    holds: (step) => {
      const hello = bySitter("mail.hello")(step)
      const items = hello ? contextOf(step.after).mailboxes[sideOf(step.after, step.event.id) as Side].items : []
      return (
        items.every(({ sentTo }) => sentTo === step.event.id) &&
        same(
          notices(step, "mail.replayed"),
          hello ? [[step.event.id, { type: "mail.replayed", attempt: step.event.attempt, items }]] : []
        )
      )
    }
  },
  {
    sentence: "Nobody touches the mailbox of another side but by leaving something there.",
    when: bySitter("mail.hello", "mail.delivered", "mail.weighed"),
    holds: (step) => {
      const { side } = mailOf(step)
      const other = side === "A" ? "B" : "A"
      return same(contextOf(step.after).mailboxes[other], contextOf(step.before).mailboxes[other])
    }
  },
  {
    sentence: "Mailboxes stay as they are whoever comes and goes, as long as the room is there.",
    when: (step) => is("seat.take", "seat.leave", "probe.answered", "probe.missed", "node.gone")(step),
    holds: (step) => same(contextOf(step.after).mailboxes, contextOf(step.before).mailboxes)
  },
  {
    sentence: "Whoever does not sit there is not heard.",
    when: (step) =>
      is("mail.put", "mail.weighed", "mail.hello", "mail.delivered", "flow.established", "flow.failed")(step) &&
      sideOf(step.before, step.event.id) === undefined,
    holds: (step) => step.effects.length === 0 && same(step.after.context, step.before.context)
  },
  {
    sentence: "How much it holds is said whenever that changes, and never is anything but the sum of it.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { A, B } = contextOf(step.after).mailboxes
      const sum = (box: typeof A) => box.items.reduce((bytes, item) => bytes + item.bytes, 0)
      const held = { items: A.items.length + B.items.length, bytes: sum(A) + sum(B) }
      const ends = step.after.status === "done"
      const weighs =
        (bySitter("mail.weighed")(step) && outcomeOf(step).full === undefined) ||
        (isResuming(step.before) && !isResuming(step.after)) ||
        (bySitter("mail.hello", "mail.delivered")(step) && acknowledges(step))
      return (
        A.bytes === sum(A) &&
        B.bytes === sum(B) &&
        same(step.did("weighMail"), [...(weighs ? [held] : []), ...(ends ? [{ items: 0, bytes: 0 }] : [])])
      )
    }
  },
  {
    sentence:
      "Its opening and end, each meeting, a holder that was replaced, a full mailbox, that the two are connected, once, and each failure to connect are told.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event } = step
      const full = bySitter("mail.weighed")(step) ? outcomeOf(step).full : undefined
      const lost = both.filter((side) => changeOf(step, side).is === "taken over")
      const established = bySitter("flow.established")(step) && before.value.open.flow === "untold"
      const openedAt = before.context.openedAt
      const expected: object[] = [
        ...(isEmpty(before) && changed("given")(step)
          ? [{ name: "relay:room_opened", roomId: id, clientId: event.id }]
          : []),
        ...(full === undefined ? [] : [{ name: "relay:mailbox_full", roomId: id, clientId: event.id, reason: full }]),
        ...lost.map((side) => ({ name: "relay:replaced", roomId: id, clientId: holderOf(before, side), side })),
        ...(meet(step) ? [{ name: "relay:met", roomId: id }] : []),
        ...(established
          ? [
              {
                name: "relay:established",
                roomId: id,
                mode: event.mode,
                afterMs: event.at > openedAt ? event.at - openedAt : 0
              }
            ]
          : []),
        ...(bySitter("flow.failed")(step) ? [{ name: "relay:failed", roomId: id, clientId: event.id }] : []),
        ...(step.after.status === "done"
          ? [
              {
                name: "relay:room_ended",
                roomId: id,
                reason: isDismissed(step) ? "operator" : losesMail(step) ? "mail_lost" : "empty"
              }
            ]
          : [])
      ]
      return same(step.did("record"), expected)
    }
  }
]

const takes = (...all: readonly (readonly [string, Side, string | null])[]) =>
  all.map(([taker, side, sid]) => ({ type: "seat.take", id: taker, side, sid, at: 10 }))
const leaves = (...all: string[]) => all.map((leaver) => ({ type: "seat.leave", id: leaver }))
const probes = (...newcomers: string[]) =>
  newcomers.flatMap((newcomer) => ["probe.answered", "probe.missed"].map((type) => ({ type, newcomer })))

const settings = (): readonly Setting[] => {
  const input = { id, mailbox: limits, contestMs }
  const posting = (sender: string, to: Side, bytes: number) => ({
    id: sender,
    attempt: 3,
    to,
    payload: "1".repeat(bytes),
    bytes
  })
  const put = (sender: string, to: Side, bytes: number, left = { items: 9, bytes: 99 }) => ({
    type: "mail.weighed",
    left,
    ...posting(sender, to, bytes)
  })
  const taken = (next: number) => ({
    A: { items: [], acknowledged: -1, next, bytes: 0 },
    B: {
      items: [{ seq: next, payload: "1", bytes: 1, sentTo: "n1b" }],
      acknowledged: next - 1,
      next: next + 1,
      bytes: 1
    }
  })
  const resume = (
    member: string,
    side: Side,
    peer: string | null,
    more: { at?: number; hasMail?: boolean; mailboxes?: object | null } = {}
  ) => ({
    ...{ type: "seat.resume", id: member, side, sid: side === "A" ? "one" : "two" },
    ...{ at: 10, peer, hasMail: false, mailboxes: null, ...more }
  })
  const hello = (teller: string, upTo: number | null) => ({ type: "mail.hello", id: teller, attempt: 4, upTo })
  const delivered = (teller: string, upTo: number | null) => ({ type: "mail.delivered", id: teller, upTo })
  return [
    {
      name: "who sits where",
      input,
      events: () => [
        ...takes(["ann", "A", "one"], ["eve", "A", "one"], ["cid", "A", "one"], ["dan", "A", "two"]),
        ...takes(["bob", "B", ""], ["fay", "B", ""]),
        ...leaves("ann", "eve", "cid", "dan", "bob", "nobody"),
        ...probes("eve", "cid", "nobody"),
        { type: "flow.established", id: "ann", mode: "direct", at: 25 },
        { type: "flow.established", id: "ann", mode: "direct", at: 5 },
        { type: "flow.established", id: "nobody", mode: "direct", at: 25 },
        ...["bob", "nobody"].map((teller) => ({ type: "flow.failed", id: teller })),
        { type: "operator.ends" },
        put("nobody", "A", 1),
        ...["ann", "nobody"].map((sender) => ({ type: "mail.put", ...posting(sender, "B", 1) }))
      ]
    },
    {
      name: "nodes come and go",
      input,
      events: () => [
        ...takes(
          ["n1a", "A", "one"],
          ["n2a", "A", "one"],
          ["n1c", "A", "one"],
          ["n1b", "B", "two"],
          ["n3b", "B", "two"]
        ),
        ...leaves("n1a", "n1b"),
        ...["n1", "n2", "n3", "n9"].map((mark) => ({ type: "node.gone", mark })),
        { type: "home.settled" },
        ...[null, "n1b"].map((peer) => resume("n1a", "A", peer)),
        resume("n2a", "A", "n1b", { at: 5 }),
        resume("n1b", "B", "n1a", { at: 15 }),
        { type: "operator.ends" }
      ]
    },
    {
      name: "one of two who have met elsewhere goes with its node",
      input,
      events: () => [
        resume("n2a", "A", "n1b"),
        resume("n1b", "B", "n2a"),
        { type: "home.settled" },
        ...takes(["n3b", "B", "two"]),
        { type: "node.gone", mark: "n1" }
      ]
    },
    {
      name: "what is taken along",
      input,
      events: ({ context }: { context: RoomContext }) => [
        resume("n1a", "A", "n1b", { hasMail: true, mailboxes: taken(1), at: 8 }),
        resume("n1a", "A", "n1b", { hasMail: true }),
        ...[0, 2].map((next) => resume("n1b", "B", "n1a", { hasMail: true, mailboxes: taken(next), at: 6 + 2 * next })),
        { type: "home.settled" },
        { type: "home.leaving" },
        ...takes(["n2a", "A", "one"]),
        ...probes("n2a", "n9"),
        ...leaves("n1a", "n1b", "nobody"),
        { type: "operator.ends" },
        ...(context.mailboxes.B.next < 2 ? [put("n1a", "B", 1)] : []),
        { type: "node.gone", mark: "n1" }
      ]
    },
    {
      name: "somebody waits for each side",
      input,
      events: () => [
        ...takes(["ann", "A", "one"], ["eve", "A", "one"], ["bob", "B", "two"], ["fay", "B", "two"]),
        ...takes(["bobby", "B", "two"]),
        ...leaves("ann", "eve", "bob", "fay"),
        ...probes("eve", "fay"),
        { type: "node.gone", mark: "bo" },
        { type: "operator.ends" }
      ]
    },
    {
      name: "what is left for whom",
      input,
      events: ({ context }: { context: RoomContext }) => [
        ...takes(["ann", "A", null], ["eve", "A", null], ["bob", "B", null]),
        ...leaves("ann", "eve", "bob"),
        ...(context.mailboxes.A.next < 4
          ? [
              put("ann", "A", 3),
              put("bob", "A", 3),
              put("bob", "A", 6),
              put("bob", "A", 9),
              put("bob", "A", 3, { items: 9, bytes: 2 }),
              put("bob", "A", 3, { items: 0, bytes: 99 })
            ]
          : []),
        ...(context.mailboxes.B.next < 1 ? [put("ann", "B", 8)] : []),
        put("nobody", "A", 1),
        ...[null, 0, 1, 9].map((upTo) => hello("ann", upTo)),
        hello("bob", 0),
        hello("nobody", 0),
        ...[null, 0, 9].map((upTo) => delivered("ann", upTo)),
        delivered("nobody", 0),
        { type: "operator.ends" }
      ]
    }
  ]
}

export const relayRoom: Subject = {
  name: "relayRoom",
  machine: relayRoomMachine,
  adapters: { actions: ["openLink", "closeLink", "weighPosting", "weighMail", "record"] },
  settings,
  facts: ({ context }: { context: RoomContext }) => [
    context.sitters,
    context.newcomers,
    context.named,
    context.missesMail,
    both.map((side) => {
      const { items, next, acknowledged } = context.mailboxes[side]
      return [items.map(({ seq, bytes, sentTo }) => [seq, bytes, sentTo]), next, acknowledged]
    })
  ],
  laws
}
