/** What a room's chart asks before it decides, and what it does then. */
import { assertEvent, assign, setup } from "xstate"
import { markIn } from "../../cluster/homes.ts"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { relayConnectionAt, relayRoomAt } from "../addresses.ts"
import type { NoisyTransferEvent } from "../events.ts"
import { acknowledge, put, type Space, sentAll } from "./mailbox.ts"
import {
  hasMail,
  heldIn,
  type LinkEnds,
  laterOf,
  membersOf,
  type Posting,
  type Question,
  type RelayRoomEvent,
  type RoomContext,
  type RoomInput,
  type RoomNotice,
  type RoomSettings,
  seatedWithout
} from "./roomContext.ts"
import { otherSide, type Side, type Sitter, sideOf, sides } from "./seats.ts"

/** Who comes or goes, where that is asked of the seat of one side. */
export interface AtSeat {
  /** The side that this seat is of. */
  readonly seat: Side
  /** The connection's. */
  readonly id: string
}

type Resuming = Extract<RelayRoomEvent, { type: "seat.resume" }>
type Mark = { readonly mark: string }

const goes = (id: string | null | undefined, mark: string): boolean => typeof id === "string" && markIn(id) === mark

const { tell } = speakAs(({ id }: RoomContext) => relayRoomAt(id))

const base = setup({
  types: {
    context: {} as RoomContext,
    events: {} as RelayRoomEvent,
    input: {} as RoomInput & RoomSettings
  },
  guards: {
    // Of one seat
    isWanted: (_, { seat, side }: { seat: Side; side: Side }) => seat === side,
    /** By the session that has it. */
    isContest: ({ context }, { seat, side, sid }: { seat: Side; side: Side; sid: string | null }) =>
      seat === side && sid !== null && sid !== "" && context.sitters[seat]?.sid === sid,
    isHolder: ({ context }, { seat, id }: AtSeat) => context.sitters[seat]?.id === id,
    isOthers: ({ context }, { seat, side, id }: AtSeat & { readonly side: Side }) =>
      seat === side && context.sitters[seat]?.id !== id,
    isNewcomer: ({ context }, { seat, id }: AtSeat) => context.newcomers[seat] === id,
    // Of the room
    isFree: ({ context }, { side }: { side: Side }) => context.sitters[side] === null,
    sits: ({ context }, { id }: { id: string }) => sideOf(context.sitters, id) !== undefined,
    /** Somebody waits for the seat of whoever leaves, and has it at once. */
    isInherited: ({ context }, { id }: { id: string }) => {
      const side = sideOf(context.sitters, id)
      return side !== undefined && context.newcomers[side] !== null
    },
    isAwaited: ({ context }, { newcomer }: { newcomer: string }) =>
      sides.some((side) => context.newcomers[side] === newcomer),
    isLast: ({ context: { sitters, newcomers } }, { id }: { id: string }) => {
      const side = sideOf(sitters, id)
      return side !== undefined && newcomers[side] === null && sides.every((each) => each === side || !sitters[each])
    },
    isFull: ({ context: { sitters } }) => sitters.A !== null && sitters.B !== null,
    // Of those who go with their node
    holderGoes: ({ context }, { seat, mark }: { seat: Side } & Mark) => goes(context.sitters[seat]?.id, mark),
    newcomerGoes: ({ context }, { seat, mark }: { seat: Side } & Mark) => goes(context.newcomers[seat], mark),
    bothGo: ({ context }, { seat, mark }: { seat: Side } & Mark) =>
      goes(context.sitters[seat]?.id, mark) && goes(context.newcomers[seat], mark),
    nobodyStays: ({ context }, { mark }: Mark) => {
      const { A, B } = seatedWithout(context, mark)
      return A === null && B === null
    },
    oneStays: ({ context }, { mark }: Mark) => {
      const { A, B } = seatedWithout(context, mark)
      return (A === null) !== (B === null)
    },
    othersStay: ({ context }, { mark }: Mark) => {
      const { A, B } = seatedWithout(context, mark)
      return A !== context.sitters.A?.id || B !== context.sitters.B?.id
    },
    // Of a room that is put together again
    /** Who says so has this peer, and the peer is here. */
    namesPeer: ({ context: { sitters } }, { id, side, peer }: Resuming) =>
      sitters[side]?.id === id && sitters[otherSide(side)]?.id === peer,
    /** Each was told of the other, and of nobody later. */
    nameEachOther: ({ context: { sitters, named } }) =>
      sides.every((side) => sitters[side] !== null && named[otherSide(side)] === sitters[side].id),
    /** Whoever takes its seat again knows of something in the mailboxes, and here nothing was ever left. */
    hasLostMail: ({ context }, { side, hasMail: wasThere }: Resuming) =>
      context.sitters[side] === null && wasThere && !hasMail(context),
    isMailLost: ({ context }) => context.missesMail && !hasMail(context)
  },
  actions: {
    /** Connects the two sockets: relay frames go straight from one to the other. */
    openLink: (_, _link: LinkEnds) => {},
    /** Ends that: no frame passes any more. */
    closeLink: (_, _link: LinkEnds) => {},
    /** Asks what all mailboxes of this node together may still take: `mail.weighed` says it. */
    weighPosting: (_, _posting: Posting) => {},
    /** Says how much its mailboxes hold now. */
    weighMail: (_, _held: Space) => {},
    record: (_, _event: NoisyTransferEvent) => {},
    rememberOpening: assign({ openedAt: (_, { at }: { at: number }) => at }),
    rememberEarliest: assign({
      openedAt: ({ context: { openedAt } }, { at }: Resuming) => (openedAt === 0 ? at : Math.min(openedAt, at))
    }),
    noteBelongings: assign(({ context }, { side, peer, hasMail, mailboxes }: Resuming) => ({
      named: { ...context.named, [side]: peer },
      missesMail: context.missesMail || hasMail,
      mailboxes: mailboxes === null ? context.mailboxes : laterOf(context.mailboxes, mailboxes)
    })),
    forgetBelongings: assign({ named: { A: null, B: null }, missesMail: false }),
    tellMember: tell((_, { id, notice }: { id: string; notice: RoomNotice }) => ({
      to: relayConnectionAt(id),
      event: notice
    })),
    /** Who has left it waits for this one to have it, and hears as well when there is no such connection any more. */
    giveItem: tell((_, { id, notice, sender }: { id: string; notice: RoomNotice; sender: Question }) => ({
      to: relayConnectionAt(id),
      event: notice,
      replyTo: relayConnectionAt(sender.id),
      requestId: sender.attempt
    })),
    giveSeat: tell(({ context }, { id }: AtSeat) => ({
      to: relayConnectionAt(id),
      event: { type: "seat.given", hasMail: hasMail(context) } satisfies RoomNotice
    })),
    tellHolder: tell(({ context }, { seat, notice }: { seat: Side; notice: RoomNotice }) => ({
      to: relayConnectionAt(present(context.sitters[seat], "holder").id),
      event: notice
    })),
    tellNewcomer: tell(({ context }, { seat, notice }: { seat: Side; notice: RoomNotice }) => ({
      to: relayConnectionAt(present(context.newcomers[seat], "newcomer")),
      event: notice
    })),
    giveSeatToNewcomer: tell(({ context }, { seat }: { seat: Side }) => ({
      to: relayConnectionAt(present(context.newcomers[seat], "newcomer")),
      event: { type: "seat.given", hasMail: hasMail(context) } satisfies RoomNotice
    })),
    setHolder: assign({
      sitters: ({ context }, { seat, holder }: { seat: Side; holder: Sitter | null }) => ({
        ...context.sitters,
        [seat]: holder
      })
    }),
    setNewcomer: assign({
      newcomers: ({ context }, { seat, id }: { seat: Side; id: string | null }) => ({
        ...context.newcomers,
        [seat]: id
      })
    }),
    /** Whoever waits for it has it now, which is of the session that had it. */
    seatNewcomer: assign(({ context: { sitters, newcomers } }, { seat }: { seat: Side }) => ({
      sitters: {
        ...sitters,
        [seat]: { id: present(newcomers[seat], "newcomer"), sid: present(sitters[seat], "holder").sid }
      },
      newcomers: { ...newcomers, [seat]: null }
    }))
  }
})

const introduce = base.enqueueActions(({ context: { sitters }, enqueue }) => {
  const [A, B] = [present(sitters.A, "side A"), present(sitters.B, "side B")]
  enqueue({ type: "tellMember", params: { id: A.id, notice: { type: "room.full", peerId: B.id } } })
  enqueue({ type: "tellMember", params: { id: B.id, notice: { type: "room.full", peerId: A.id } } })
})

/** Whoever sits on that side is sent it at once; who has left it hears when that is done, or that it did not fit. */
const keepItem = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "mail.weighed")
  const { id, attempt, to, left } = event
  const holder = context.sitters[to]?.id ?? null
  const kept = put(context.mailboxes[to], event, holder, context.mailbox, left)
  if ("full" in kept) {
    const reason = kept.full
    enqueue({ type: "tellMember", params: { id, notice: { type: "mail.refused", attempt, to, reason } } })
    enqueue({ type: "record", params: { name: "relay:mailbox_full", roomId: context.id, clientId: id, reason } })
    return
  }
  const mailboxes = { ...context.mailboxes, [to]: kept.mailbox }
  enqueue.assign({ mailboxes })
  enqueue({ type: "weighMail", params: heldIn({ ...context, mailboxes }) })
  if (holder === null) {
    enqueue({ type: "tellMember", params: { id, notice: { type: "mail.kept", attempt } } })
    return
  }
  const sender = { id, attempt }
  enqueue({
    type: "giveItem",
    params: { id: holder, notice: { type: "item.given", item: kept.item, sender }, sender }
  })
})

/** Forgets what the one who says so has, of its own mailbox. */
const forgetItems = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["mail.hello", "mail.delivered"])
  const side = present(sideOf(context.sitters, event.id), "side of whoever says so")
  const mailbox = acknowledge(context.mailboxes[side], event.upTo)
  if (mailbox === context.mailboxes[side]) return
  const mailboxes = { ...context.mailboxes, [side]: mailbox }
  enqueue.assign({ mailboxes })
  enqueue({ type: "weighMail", params: heldIn({ ...context, mailboxes }) })
})

/** Sends all that is there, also what it was sent before. */
const replayItems = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "mail.hello")
  const { id, attempt } = event
  const side = present(sideOf(context.sitters, id), "side of whoever asks")
  const mailbox = sentAll(context.mailboxes[side], id)
  enqueue.assign({ mailboxes: { ...context.mailboxes, [side]: mailbox } })
  const { items } = mailbox
  enqueue({ type: "tellMember", params: { id, notice: { type: "mail.replayed", attempt, items } } })
})

/** Whoever stays has no peer, and need not wait for what that one was being given: it is in the mailbox. */
const tellPeerGone = base.enqueueActions(({ context: { sitters }, event, enqueue }) => {
  assertEvent(event, ["node.gone", "seat.leave"])
  for (const side of sides) {
    const id = sitters[side]?.id
    const stays = event.type === "seat.leave" ? id !== event.id : !goes(id, event.mark)
    if (id !== undefined && stays) enqueue({ type: "tellMember", params: { id, notice: { type: "peer.gone" } } })
  }
})

/** Both, as either may be the one that is still there. */
const entrustMail = base.enqueueActions(({ context, enqueue }) => {
  if (!hasMail(context)) return
  const { mailboxes, sitters } = context
  for (const side of sides) {
    const id = sitters[side]?.id
    if (id !== undefined) enqueue({ type: "tellMember", params: { id, notice: { type: "mail.entrusted", mailboxes } } })
  }
})

/** Nobody may go on as if what was left there could still be had. */
const loseMembers = base.enqueueActions(({ context, enqueue }) => {
  for (const id of membersOf(context)) enqueue({ type: "tellMember", params: { id, notice: { type: "room.lost" } } })
})

/** Whoever sits there or waits hears that it is over. */
const dismissMembers = base.enqueueActions(({ context, enqueue }) => {
  for (const id of membersOf(context)) enqueue({ type: "tellMember", params: { id, notice: { type: "room.ended" } } })
})

export const roomSetup = base.extend({
  actions: {
    dismissMembers,
    loseMembers,
    tellPeerGone,
    entrustMail,
    introduce,
    keepItem,
    forgetItems,
    replayItems
  }
})
