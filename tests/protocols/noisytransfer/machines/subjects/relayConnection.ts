import type { ConnectionContext } from "../../../../../src/machines/noisytransfer/relayConnection/connectionContext.ts"
import {
  relayConnectionCrash,
  relayConnectionMachine
} from "../../../../../src/machines/noisytransfer/relayConnection/relayConnection.ts"
import { type Law, type Setting, type Subject, same } from "../../../../walking/subject.ts"
import {
  address,
  asked,
  askTimeoutMs,
  businessOf,
  busy,
  cannotAnswer,
  closingOf,
  drains,
  envelopeOf,
  handsOver,
  id,
  idle,
  is,
  isEnded,
  isInDoubt,
  isInOrder,
  isLate,
  isReplay,
  isSeated,
  isSeating,
  isThere,
  isUnheard,
  lastOf,
  losesPeer,
  mark,
  mayOvertake,
  pauseOf,
  refusedSeat,
  replay,
  resumes,
  roomId,
  seated,
  settles,
  toConnection,
  toRoom
} from "./relayConnectionModel.ts"

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, its socket is closed, and it has left its seat.",
    holds: ({ after }) =>
      same(relayConnectionCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          { to: { kind: "noisytransfer-sockets", id }, event: { type: "socket.abandoned" } },
          { to: { kind: "noisytransfer-rooms", id: roomId }, event: { type: "seat.leave", id } }
        ],
        record: [{ name: "relay:disconnected", clientId: id }]
      }) && relayConnectionCrash({ id, error: "a fault", at: 80, context: undefined }).tell.length === 1
  },
  {
    sentence: "Who comes is told of, and asks for its seat; its frames wait until it has it.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did, sent }) => {
      const { side, sid } = after.context
      return (
        isSeating(after) &&
        same([after.context.peer, after.context.hasMail, after.context.mailboxes], [null, false, null]) &&
        after.context.parcel === null &&
        did("openSocket").length === 1 &&
        did("holdFrames").length === 1 &&
        same(did("requestDeadline"), [{ afterMs: askTimeoutMs }]) &&
        same(did("record"), [{ name: "relay:connected", clientId: id, ip: address, side }]) &&
        same(sent("noisytransfer-rooms"), [
          toRoom({ type: "seat.take", id, side, sid, at: 5 }, { input: { id: roomId }, ...asked(1) })
        ])
      )
    }
  },
  {
    sentence: "It sits exactly from when it is given its seat until its socket ends or is closed.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, after } = step
      const ends = closingOf(step) !== undefined || is("socket.closed")(step) || seated("seat.lost")(step)
      const sits = isSeated(before) || (is("seat.given")(step) && isSeating(before))
      return isSeated(after) === (sits && !ends) && isSeating(after) === (isSeating(before) && !sits && !ends)
    }
  },
  {
    sentence: "Its socket is closed for one reason at a time, with the code that says which.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const closing = closingOf(step)
      return same(step.did("closeSocket"), closing === undefined ? [] : [closing])
    }
  },
  {
    sentence: "Who has given no sign of life while somebody waits for its seat is cut off, and nobody else is.",
    holds: (step) => step.did("cutSocket").length === (seated("seat.lost")(step) ? 1 : 0)
  },
  {
    sentence: "What it sends reaches nobody from when its seat, its room or the way to its peer is lost.",
    holds: (step) =>
      step.did("dropLink").length ===
      (seated("seat.lost", "room.lost", "seat.refused")(step) || losesPeer(step) || isInDoubt(step) ? 1 : 0)
  },
  {
    sentence: "When its room goes on elsewhere it says there what it knows; while it waits for its seat it asks again.",
    when: (step) => is("room.moved")(step) && !isInDoubt(step),
    holds: (step) => {
      const { side, sid, peer, hasMail, mailboxes, attempts } = step.before.context
      return same(
        step.sent("noisytransfer-rooms"),
        isSeating(step.before)
          ? [toRoom({ type: "seat.take", id, side, sid, at: 5 }, { input: { id: roomId }, ...asked(attempts) })]
          : resumes(step)
            ? [
                toRoom(
                  { type: "seat.resume", id, side, sid, at: 5, peer, hasMail, mailboxes },
                  { input: { id: roomId } }
                )
              ]
            : []
      )
    }
  },
  {
    sentence: "It knows whom it was told of last as its peer, until that one has gone or the way there is broken.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { peer } = step.before.context
      const expected = seated("room.full")(step)
        ? step.event.peerId
        : losesPeer(step) || seated("peer.gone")(step)
          ? null
          : peer
      return step.after.context.peer === expected
    }
  },
  {
    sentence:
      "It knows that there was something in the mailboxes once it was told so, has been sent it or has left it, and keeps what it was given to take along until it has said that.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { hasMail, mailboxes } = step.before.context
      const { event } = step
      const learns =
        (is("seat.given")(step) && isSeating(step.before) && event.hasMail) ||
        seated("item.given", "mail.entrusted")(step) ||
        (seated("mail.replayed")(step) && event.items.length > 0) ||
        handsOver(step)
      const kept = seated("mail.entrusted")(step) ? event.mailboxes : resumes(step) ? null : mailboxes
      return same([step.after.context.hasMail, step.after.context.mailboxes], [hasMail || learns, kept])
    }
  },
  {
    sentence:
      "Its room hears that it leaves, also if the room has said so itself: it may have asked twice, or have said meanwhile that it belongs there.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const leaves =
        isLate(step) ||
        cannotAnswer(step) ||
        isUnheard(step) ||
        isInDoubt(step) ||
        (is("seat.refused", "room.lost", "room.ended")(step) && isThere(step.before)) ||
        seated("seat.lost")(step) ||
        drains(step) ||
        isEnded(step) ||
        (is("socket.closed")(step) && isThere(step.before))
      return same(
        step.sent("noisytransfer-rooms").filter(({ event }) => event.type === "seat.leave"),
        leaves ? [toRoom({ type: "seat.leave", id })] : []
      )
    }
  },
  {
    sentence: "It is told that the room is full when the room says so, and only then.",
    holds: (step) => same(step.did("tellRoomFull"), seated("room.full")(step) ? [{ peerId: step.event.peerId }] : [])
  },
  {
    sentence:
      "It is told of every item that is left for it and of all it asks for, in the words and numbers of its kind of client.",
    holds: (step) => {
      const { item, items, sender } = step.event
      const expected = seated("item.given")(step)
        ? [{ envelopes: [envelopeOf(step, item)], sender: sender.id }]
        : seated("mail.replayed")(step)
          ? [{ envelopes: items.map((each: any) => envelopeOf(step, each)), sender: null }]
          : []
      return same(step.did("tellItems"), expected)
    }
  },
  {
    sentence: "Whoever has left it something hears when it was sent that, and does not wait when it is going.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const hears = is("item.given")(step) && !isSeating(step.before)
      const { id: sender, attempt } = step.event.sender ?? {}
      return same(
        step.sent("noisytransfer-connections").filter(({ event }) => event.type === "mail.kept"),
        hears ? [toConnection(sender, { type: "mail.kept", attempt })] : []
      )
    }
  },
  {
    sentence: "It hears of each item of its own that did not fit, and for which limit, however late.",
    holds: (step) => {
      const { to, reason } = step.event
      return same(step.did("tellMailboxFull"), seated("mail.refused")(step) ? [{ to, reason }] : [])
    }
  },
  {
    sentence:
      "What it leaves for a side is handed to the room, one thing at a time, and waits before that while it could overtake frames.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const attempt = step.before.context.attempts + 1
      const { to, payload, bytes } = step.event
      const parcel = idle("mail.put")(step) ? { to, payload, bytes } : step.before.context.parcel
      const isHandedOver = handsOver(step)
      return (
        same(
          step.sent("noisytransfer-rooms").filter(({ event }) => event.type === "mail.put"),
          isHandedOver ? [toRoom({ type: "mail.put", id, attempt, ...parcel }, asked(attempt))] : []
        ) && same(step.after.context.parcel, isHandedOver ? null : parcel)
      )
    }
  },
  {
    sentence: "Whoever could be overtaken is asked behind all frames whether they have arrived.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { peer, attempts } = step.before.context
      const asker = { id, attempt: attempts + 1 }
      return same(
        step.sent("noisytransfer-connections").filter(({ event }) => event.type === "frames.asked"),
        mayOvertake(step) ? [toConnection(peer, { type: "frames.asked", asker }, asked(attempts + 1))] : []
      )
    }
  },
  {
    sentence: "Whoever asks whether its frames have arrived hears at once that they have, whatever else is going on.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { asker } = step.event
      return same(
        step.sent("noisytransfer-connections").filter(({ event }) => event.type === "frames.arrived"),
        is("frames.asked")(step) && step.before.status === "active"
          ? [toConnection(asker.id, { type: "frames.arrived", attempt: asker.attempt })]
          : []
      )
    }
  },
  {
    sentence:
      "What it says it has is told to the room in the room's numbers; 0 says that it has none, but in a delivered of those who count from 0.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const attempt = step.before.context.attempts + 1
      const upTo = is("mail.hello", "mail.delivered")(step) ? lastOf(step) : null
      return same(
        step
          .sent("noisytransfer-rooms")
          .filter(({ event }) => event.type === "mail.hello" || event.type === "mail.delivered"),
        idle("mail.hello")(step)
          ? [toRoom({ type: "mail.hello", id, attempt, upTo }, asked(attempt))]
          : seated("mail.delivered")(step)
            ? [toRoom({ type: "mail.delivered", id, upTo })]
            : []
      )
    }
  },
  {
    sentence: "What it says of the way to its peer goes to the room.",
    when: is("flow.established", "flow.failed"),
    holds: (step) => {
      const { type, mode, at } = step.event
      const told = type === "flow.failed" ? { type, id } : { type, id, mode, at }
      return same(step.sent("noisytransfer-rooms"), isSeated(step.before) ? [toRoom(told)] : [])
    }
  },
  {
    sentence: "When somebody waits for its seat it is found out whether its socket lives, and the room hears it.",
    holds: (step) => {
      const { newcomer, withinMs } = step.event
      const answers = step
        .sent("noisytransfer-rooms")
        .filter(({ event }) => event.type === "probe.answered" || event.type === "probe.missed")
      const said = seated("socket.lives")(step)
        ? [toRoom({ type: "probe.answered", newcomer })]
        : seated("socket.silent")(step)
          ? [toRoom({ type: "probe.missed", newcomer })]
          : []
      return (
        same(step.did("askSocket"), seated("seat.wanted")(step) ? [{ newcomer, withinMs }] : []) && same(answers, said)
      )
    }
  },
  {
    sentence: "When somebody was refused for it, it is found out soon whether its socket lives.",
    holds: (step) => step.did("probeSocket").length === (seated("socket.wanted")(step) ? 1 : 0)
  },
  {
    sentence:
      "It does one thing at a time: what it leaves comes behind its frames, and arrives or is refused, what it asks for is sent, paid for and taken, before it goes on.",
    when: ({ before, after }) => isSeated(before) && isSeated(after),
    holds: (step) => {
      const now = businessOf(step.before)
      const next = mayOvertake(step)
        ? "ordering"
        : idle("mail.put")(step) || isInOrder(step)
          ? "passing"
          : idle("mail.hello")(step)
            ? "recalling"
            : isReplay(step)
              ? pauseOf(step.event.items) >= replay.leastMs
                ? "resting"
                : "flushing"
              : busy("resting", "deadline")(step)
                ? "flushing"
                : settles(step)
                  ? undefined
                  : now
      return businessOf(step.after) === next
    }
  },
  {
    sentence: "Its frames wait exactly while it asks for its seat or has something under way.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const waits = (snapshot: any) => isSeating(snapshot) || businessOf(snapshot) !== undefined
      const [did, does] = [waits(step.before), waits(step.after)]
      return (
        step.did("holdFrames").length === (does && !did ? 1 : 0) &&
        step.did("releaseFrames").length === (did && !does ? 1 : 0)
      )
    }
  },
  {
    sentence: "An answer is waited for so long, and a long replay is paid for with as much time as it is worth.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const [was, is] = [businessOf(step.before), businessOf(step.after)]
      const waits = (business: string | undefined) => business !== undefined && business !== "flushing"
      const expected =
        was === is || !waits(is) ? [] : [{ afterMs: is === "resting" ? pauseOf(step.event.items) : askTimeoutMs }]
      const ends = (waits(was) && was !== is) || (isSeating(step.before) && !isSeating(step.after))
      return same(step.did("requestDeadline"), expected) && step.did("cancelDeadline").length === (ends ? 1 : 0)
    }
  },
  {
    sentence: "It waits until what was sent has gone out when it has nothing else to wait for.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      step.did("awaitFlush").length ===
      (businessOf(step.after) === "flushing" && businessOf(step.before) !== "flushing" ? 1 : 0)
  },
  {
    sentence: "No two of its questions are taken for each other.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      step.after.context.attempts ===
      step.before.context.attempts + (mayOvertake(step) || handsOver(step) || idle("mail.hello")(step) ? 1 : 0)
  },
  {
    sentence: "That its side was taken, and that it has gone, are told once.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      same(step.did("record"), [
        ...(refusedSeat(step) ? [{ name: "relay:refused", clientId: id, side: step.after.context.side }] : []),
        ...(is("socket.closed")(step) ? [{ name: "relay:disconnected", clientId: id }] : [])
      ]) && (step.after.status === "done") === is("socket.closed")(step)
  },
  {
    sentence: "Once its socket was closed nothing matters but its end, and whoever waits for it.",
    when: ({ before, event }) =>
      before?.value === "dismissed" && !["socket.closed", "item.given", "frames.asked"].includes(event.type),
    holds: ({ effects, after }) => effects.length === 0 && after.value === "dismissed"
  }
]

const item = (seq: number, bytes: number) => ({ seq, payload: "1", bytes, sentTo: id })

const settings = (): readonly Setting[] => {
  const input = { id, mark, address, roomId, openedAt: 5, askTimeoutMs, replay }
  const events = ({ context }: { context: ConnectionContext }) => [
    ...[true, false].map((hasMail) => ({ type: "seat.given", hasMail })),
    ...["bob", "eve"].map((peer) => ({ type: "link.broken", peer })),
    { type: "mail.entrusted", mailboxes: { A: "what is in it", B: "and in the other one" } },
    { type: "child.unavailable", id: "bob", requestId: context.attempts },
    ...["room.moved", "peer.gone", "seat.refused", "seat.lost", "socket.wanted", "room.lost", "room.ended"].map(
      (type) => ({
        type
      })
    ),
    { type: "seat.wanted", newcomer: "eve", withinMs: 20 },
    // On another node, and on its own.
    ...["bob", "anton"].map((peerId) => ({ type: "room.full", peerId })),
    { type: "frames.asked", asker: { id: "bob", attempt: 8 } },
    { type: "item.given", item: item(0, 4), sender: { id: "bob", attempt: 7 } },
    ...["A", "B"].map((to) => ({ type: "mail.put", to, payload: "1", bytes: 1 })),
    ...[null, 0, 2].flatMap((upTo) => [
      { type: "mail.hello", upTo },
      { type: "mail.delivered", upTo }
    ]),
    { type: "flow.established", mode: "direct", at: 25 },
    { type: "flow.failed" },
    ...[context.attempts, -1].flatMap((attempt) => [
      { type: "frames.arrived", attempt },
      { type: "mail.kept", attempt },
      { type: "mail.refused", attempt, to: "B", reason: "items" },
      ...[[], [item(0, 1)], [item(0, 1), item(2, 19)]].map((items) => ({ type: "mail.replayed", attempt, items }))
    ]),
    ...[context.attempts, -1, undefined].flatMap((requestId) =>
      ["child.missing", "child.unavailable", "child.crashed"].map((type) => ({ type, id: roomId, requestId }))
    ),
    ...["socket.lives", "socket.silent"].map((type) => ({ type, newcomer: "eve" })),
    { type: "socket.flushed" },
    { type: "deadline", at: 110 },
    { type: "server.draining" },
    { type: "operator.ends" },
    { type: "socket.closed" }
  ]
  return [
    { name: "of a client that counts from 0", input: { ...input, side: "A", sid: null }, events },
    { name: "of a mailbox client", input: { ...input, side: "B", sid: "" }, events }
  ]
}

export const relayConnection: Subject = {
  name: "relayConnection",
  machine: relayConnectionMachine,
  adapters: {
    actions: [
      "openSocket",
      "tellRoomFull",
      "tellItems",
      "tellMailboxFull",
      "probeSocket",
      "askSocket",
      "awaitFlush",
      "closeSocket",
      "cutSocket",
      "holdFrames",
      "releaseFrames",
      "dropLink",
      "requestDeadline",
      "cancelDeadline",
      "record"
    ]
  },
  settings,
  facts: ({ context }: { context: ConnectionContext }) => [
    context.pauseMs,
    context.peer,
    context.hasMail,
    context.mailboxes,
    context.parcel
  ],
  laws
}
