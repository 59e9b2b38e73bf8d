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
  if (event.type === "seat.take" && event.side === side) {
    if (holder === null) return { is: "given", to: event.id }
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
const seatNotices = ["seat.given", "seat.refused", "seat.lost", "seat.wanted", "socket.wanted"]
const endsOf = (snapshot: any) => ({ roomId: id, first: holderOf(snapshot, "A"), second: holderOf(snapshot, "B") })
/** The two meet in this step. */
const meet = (step: Step): boolean => isFull(step.after) && changed("given", "taken over", "inherited")(step)
/** What a mailbox held before, and what is said of it by somebody who sits there. */
const mailOf = (step: Step) => {
  const side = step.event.type === "mail.put" ? step.event.to : sideOf(step.before, step.event.id)
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
        const ends = ["denied", "taken over", "inherited", "forgone"].includes(change.is)
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
              return [[change.to, { type: "seat.given" }]]
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
                [newcomer, { type: "seat.given" }]
              ]
            case "inherited":
              return [[newcomer, { type: "seat.given" }]]
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
      const parts = isFull(step.before) && (isDismissed(step) || changed("left", "taken over", "inherited")(step))
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
    sentence: "It is open while somebody sits there, knows since when, and ends with the last one, or by hand.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const opens = isEmpty(step.before) && changed("given")(step)
      return (
        (step.after.status === "done") === (isDismissed(step) || (isEmpty(step.after) && !isEmpty(step.before))) &&
        step.after.context.openedAt === (opens ? step.event.at : step.before.context.openedAt)
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
    when: bySitter("mail.put"),
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
    when: bySitter("mail.put"),
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
    when: bySitter("mail.hello", "mail.delivered", "mail.put"),
    holds: (step) => {
      const { side } = mailOf(step)
      const other = side === "A" ? "B" : "A"
      return same(contextOf(step.after).mailboxes[other], contextOf(step.before).mailboxes[other])
    }
  },
  {
    sentence: "Mailboxes stay as they are whoever comes and goes, as long as the room is there.",
    when: (step) => is("seat.take", "seat.leave", "probe.answered", "probe.missed")(step),
    holds: (step) => same(contextOf(step.after).mailboxes, contextOf(step.before).mailboxes)
  },
  {
    sentence: "Whoever does not sit there is not heard.",
    when: (step) =>
      is("mail.put", "mail.hello", "mail.delivered", "flow.established", "flow.failed")(step) &&
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
        (bySitter("mail.put")(step) && outcomeOf(step).full === undefined) ||
        (bySitter("mail.hello", "mail.delivered")(step) && acknowledges(step))
      return (
        A.bytes === sum(A) &&
        B.bytes === sum(B) &&
        same(step.did("weighMail"), ends ? [{ items: 0, bytes: 0 }] : weighs ? [held] : [])
      )
    }
  },
  {
    sentence:
      "Its opening and end, each meeting, a holder that was replaced, a full mailbox, that the two are connected, once, and each failure to connect are told.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, event } = step
      const full = bySitter("mail.put")(step) ? outcomeOf(step).full : undefined
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
          ? [{ name: "relay:room_ended", roomId: id, reason: isDismissed(step) ? "operator" : "empty" }]
          : [])
      ]
      return same(step.did("record"), expected)
    }
  }
]

/** Nobody asks for a seat who has one or waits for one. */
const takes = (context: RoomContext, ...all: readonly (readonly [string, Side, string | null])[]) =>
  all
    .filter(([taker, side]) => context.sitters[side]?.id !== taker && context.newcomers[side] !== taker)
    .map(([taker, side, sid]) => ({ type: "seat.take", id: taker, side, sid, at: 10 }))
const leaves = (...all: string[]) => all.map((leaver) => ({ type: "seat.leave", id: leaver }))
const probes = (...newcomers: string[]) =>
  newcomers.flatMap((newcomer) => ["probe.answered", "probe.missed"].map((type) => ({ type, newcomer })))

const settings = (): readonly Setting[] => {
  const input = { id, mailbox: limits, contestMs }
  const put = (sender: string, to: Side, bytes: number, left = { items: 9, bytes: 99 }) => ({
    type: "mail.put",
    id: sender,
    attempt: 3,
    to,
    payload: "1".repeat(bytes),
    bytes,
    left
  })
  const hello = (teller: string, upTo: number | null) => ({ type: "mail.hello", id: teller, attempt: 4, upTo })
  const delivered = (teller: string, upTo: number | null) => ({ type: "mail.delivered", id: teller, upTo })
  return [
    {
      name: "who sits where",
      input,
      events: ({ context }: { context: RoomContext }) => [
        ...takes(context, ["ann", "A", "one"], ["eve", "A", "one"], ["cid", "A", "one"], ["dan", "A", "two"]),
        ...takes(context, ["bob", "B", ""], ["fay", "B", ""]),
        ...leaves("ann", "eve", "cid", "dan", "bob", "nobody"),
        ...probes("eve", "cid", "nobody"),
        { type: "flow.established", id: "ann", mode: "direct", at: 25 },
        { type: "flow.established", id: "ann", mode: "direct", at: 5 },
        { type: "flow.established", id: "nobody", mode: "direct", at: 25 },
        ...["bob", "nobody"].map((teller) => ({ type: "flow.failed", id: teller })),
        { type: "operator.ends" },
        put("nobody", "A", 1)
      ]
    },
    {
      name: "somebody waits for each side",
      input,
      events: ({ context }: { context: RoomContext }) => [
        ...takes(context, ["ann", "A", "one"], ["eve", "A", "one"], ["bob", "B", "two"], ["fay", "B", "two"]),
        ...takes(context, ["gus", "B", "two"]),
        ...leaves("ann", "eve", "bob", "fay"),
        ...probes("eve", "fay"),
        { type: "operator.ends" }
      ]
    },
    {
      name: "what is left for whom",
      input,
      events: ({ context }: { context: RoomContext }) => [
        ...takes(context, ["ann", "A", null], ["eve", "A", null], ["bob", "B", null]),
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
  adapters: { actions: ["openLink", "closeLink", "weighMail", "record"] },
  settings,
  facts: ({ context }: { context: RoomContext }) => [
    context.sitters,
    context.newcomers,
    both.map((side) => {
      const { items, next, acknowledged } = context.mailboxes[side]
      return [items.map(({ seq, bytes, sentTo }) => [seq, bytes, sentTo]), next, acknowledged]
    })
  ],
  laws
}
