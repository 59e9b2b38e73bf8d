/** What a space's chart asks before it decides, and what it does then. */
import { assertEvent, assign, setup } from "xstate"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { namedPeerAt, nameSpaceAt } from "../addresses.ts"
import type { NamedPeersEvent } from "../events.ts"
import {
  type Admission,
  type Claim,
  type Holder,
  holderAsked,
  holderAwaitedBy,
  holderBy,
  holderOf,
  isFrom,
  listOf,
  type MemberList,
  type Miss,
  membersOf,
  type NameSpaceEvent,
  type Passing,
  type ProbeAnswer,
  type Removal,
  type SpaceContext,
  type SpaceInput,
  type SpaceNotice,
  type SpaceSettings,
  withHolder,
  withNewcomer,
  without
} from "./nameSpaceContext.ts"

const { tell } = speakAs(({ id }: SpaceContext) => nameSpaceAt(id))

const base = setup({
  types: {
    context: {} as SpaceContext,
    events: {} as NameSpaceEvent,
    input: {} as SpaceInput & SpaceSettings
  },
  guards: {
    isDeserted: ({ context }) => context.holders.length === 0,
    isFull: ({ context }) => context.holders.length >= context.most,
    /** It has the name, or waits for it. */
    isKnown: ({ context }, { peerId }: { peerId: string }) =>
      membersOf(context).some((member) => member.peerId === peerId),
    /** Somebody else has logged in later under the name. */
    isOutdated: ({ context }, { name, arrival }: Claim & { arrival: number }) =>
      (holderOf(context, name)?.arrival ?? 0) > arrival,
    isHeld: ({ context }, { name }: Claim) => holderOf(context, name) !== undefined,
    /** It is being found out already whether the holder lives. */
    isContested: ({ context }, { name }: Claim) => typeof holderOf(context, name)?.probe === "number",
    /** Both have sent the same secret. What is compared are digests under a salt that nobody outside knows: how long it takes
     * says nothing of the secrets. */
    hasHoldersKey: ({ context }, { name, key }: Claim) => key !== null && holderOf(context, name)?.key === key,
    isHolder: ({ context }, { peerId }: { peerId: string }) => holderBy(context, peerId) !== undefined,
    hasHeir: ({ context }, { peerId }: { peerId: string }) => (holderBy(context, peerId)?.claimants.length ?? 0) > 0,
    isClaimant: ({ context }, { peerId }: { peerId: string }) => holderAwaitedBy(context, peerId) !== undefined,
    isCurrentProbe: ({ context }, answer: ProbeAnswer) => holderAsked(context, answer) !== undefined,
    /** It gave no sign of life, and somebody waits still. */
    isHolderSucceeded: ({ context }, answer: ProbeAnswer) => (holderAsked(context, answer)?.claimants.length ?? 0) > 0
  },
  actions: {
    /** Tells the newcomer who is there and those who are there of the newcomer: from now on frames find it. */
    admitPeer: (_, _admission: Admission) => {},
    /** Frames find it no longer, and those who are left hear so. */
    removePeer: (_, _removal: Removal) => {},
    /** Every node tells its clients what is different from what they know. */
    listPeers: (_, _list: MemberList) => {},
    /** Hands a frame to the sockets that it is for. */
    passFrame: (_, _passing: Passing) => {},
    /** Tells the sender that nobody has that name. */
    tellMissing: (_, _miss: Miss) => {},
    record: (_, _event: NamedPeersEvent) => {},
    tellPeer: tell((_, { peerId, notice }: { peerId: string; notice: SpaceNotice }) => ({
      to: namedPeerAt(peerId),
      event: notice
    })),
    giveAgain: tell(({ context }, { peerId }: { peerId: string }) => ({
      to: namedPeerAt(peerId),
      event: { type: "name.given", arrival: present(holderBy(context, peerId), "holder").arrival } satisfies SpaceNotice
    })),
    refuse: tell((_, { peerId, cause }: { peerId: string; cause: "name_taken" | "space_full" }) => ({
      to: namedPeerAt(peerId),
      event: { type: "name.refused", cause } satisfies SpaceNotice
    })),
    leaveWithNode: assign({
      holders: ({ context }, { mark }: { mark: string }) => context.holders.filter((holder) => !isFrom(mark)(holder))
    }),
    leaveUnseen: assign({
      holders: ({ context }, { peerId }: { peerId: string }) =>
        context.holders.filter((holder) => holder.peerId !== peerId)
    }),
    /** Whoever has its name by a later login has it for good. */
    resume: assign(({ context }, claim: Claim & { arrival: number }) => ({
      arrivals: Math.max(context.arrivals, claim.arrival),
      holders: withNewcomer(
        context.holders.filter(({ name }) => name !== claim.name),
        claim,
        claim.arrival
      )
    })),
    refuseHolder: tell(({ context }, { name }: Claim) => ({
      to: namedPeerAt(present(holderOf(context, name), "holder").peerId),
      event: { type: "name.refused", cause: "name_taken" } satisfies SpaceNotice
    })),
    wait: assign({
      holders: ({ context }, claim: Claim) => {
        const holder = present(holderOf(context, claim.name), "holder")
        return withHolder(context, holder, { claimants: [...holder.claimants, claimOf(claim)] })
      }
    }),
    withdraw: assign({
      holders: ({ context }, { peerId }: { peerId: string }) => {
        const holder = present(holderAwaitedBy(context, peerId), "holder")
        return withHolder(context, holder, {
          claimants: holder.claimants.filter((claimant) => claimant.peerId !== peerId)
        })
      }
    })
  }
})

const claimOf = ({ peerId, name, key, address }: Claim): Claim => ({ peerId, name, key, address })

type Enqueue = Parameters<Parameters<typeof base.enqueueActions>[0]>[0]["enqueue"]

/** Somebody is there; `holders` are those who were before. */
const admit = (enqueue: Enqueue, { id: space, arrivals }: SpaceContext, holders: readonly Holder[], claim: Claim) => {
  const { peerId, name, address } = claim
  const arrival = arrivals + 1
  const present = withNewcomer(holders, claim, arrival)
  enqueue.assign({ holders: present, arrivals: arrival })
  enqueue({ type: "admitPeer", params: { space, peerId, name, members: listOf(present) } })
  enqueue({ type: "record", params: { name: "named_peer:logged_in", peerId, peerName: name, space, ip: address } })
  enqueue({ type: "tellPeer", params: { peerId, notice: { type: "name.given", arrival } } })
  return { holders: present, arrivals: arrival }
}

/** Somebody is there no more; gives back who is left. */
const remove = (enqueue: Enqueue, { id: space, holders }: SpaceContext, holder: Holder): readonly Holder[] => {
  const { peerId, name } = holder
  const left = without(holders, holder)
  enqueue({ type: "removePeer", params: { space, peerId, name, members: listOf(left) } })
  enqueue({ type: "record", params: { name: "named_peer:left", peerId, peerName: name, space } })
  return left
}

const refuseAll = (enqueue: Enqueue, claimants: readonly Claim[]) => {
  for (const { peerId } of claimants) enqueue({ type: "refuse", params: { peerId, cause: "name_taken" } })
}

/** The name goes from a holder that is still connected to somebody else. For all others the one goes and the other comes. */
const replace = (enqueue: Enqueue, context: SpaceContext, holder: Holder, heir: Claim, cause: "key" | "silence") => {
  const { peerId, name } = holder
  enqueue({
    type: "record",
    params: { name: "named_peer:replaced", peerId, peerName: name, space: context.id, by: heir.peerId, cause }
  })
  enqueue({ type: "tellPeer", params: { peerId, notice: { type: "name.lost" } } })
  admit(enqueue, context, remove(enqueue, context, holder), heir)
}

const admitNewcomer = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["peer.claim", "peer.resume"])
  admit(enqueue, context, context.holders, event)
})

/** Who has the key has just shown that it lives: nobody else need wait for the name any more. */
const replaceByKey = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.claim")
  const holder = present(holderOf(context, event.name), "holder")
  replace(enqueue, context, holder, event, "key")
  refuseAll(enqueue, holder.claimants)
})

const askHolder = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.claim")
  const holder = present(holderOf(context, event.name), "holder")
  const probe = context.probes + 1
  enqueue.assign({
    probes: probe,
    holders: withHolder(context, holder, { probe, claimants: [claimOf(event)] })
  })
  const { probeWithinMs: withinMs } = context
  enqueue({ type: "tellPeer", params: { peerId: holder.peerId, notice: { type: "name.wanted", probe, withinMs } } })
})

const keepHolder = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["holder.answered", "holder.silent"])
  const holder = present(holderAsked(context, event), "holder")
  enqueue.assign({ holders: withHolder(context, holder, { probe: null, claimants: [] }) })
  refuseAll(enqueue, holder.claimants)
})

const replaceSilent = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "holder.silent")
  const holder = present(holderAsked(context, event), "holder")
  const [heir, ...others] = holder.claimants
  replace(enqueue, context, holder, present(heir, "heir"), "silence")
  refuseAll(enqueue, others)
})

const leaveToHeir = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.leave")
  const holder = present(holderBy(context, event.peerId), "holder")
  const [heir, ...others] = holder.claimants
  admit(enqueue, context, remove(enqueue, context, holder), present(heir, "heir"))
  refuseAll(enqueue, others)
})

const leave = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.leave")
  const holder = present(holderBy(context, event.peerId), "holder")
  enqueue.assign({ holders: remove(enqueue, context, holder) })
})

/** Each of a node's goes as if it had left by itself; what it had goes to whoever is still there and waits for it. */
const loseNode = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "node.gone")
  const goes = isFrom(event.mark)
  let space: SpaceContext = {
    ...context,
    holders: context.holders.map((holder) => ({
      ...holder,
      claimants: holder.claimants.filter((claimant) => !goes(claimant))
    }))
  }
  for (const holder of space.holders.filter(goes)) {
    space = { ...space, holders: remove(enqueue, space, holder) }
    const [heir, ...others] = holder.claimants
    if (heir !== undefined) space = { ...space, ...admit(enqueue, space, space.holders, heir) }
    refuseAll(enqueue, others)
  }
  enqueue.assign({ holders: space.holders })
})

const listEverybody = base.enqueueActions(({ context: { id, holders }, enqueue }) =>
  enqueue({ type: "listPeers", params: { space: id, members: listOf(holders) } })
)

const takeUpAgain = base.enqueueActions(({ event, enqueue }) => enqueue.raise(event))

/** Who has no name here, as its node was not reached for a while, reaches nobody either. */
const passOn = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "frame.said")
  const { id: space, holders } = context
  const { peerId: from, target, frame } = event
  const isIn = holderBy(context, from) !== undefined
  const receivers = holders.filter(({ peerId, name }) => (target === null ? peerId !== from : name === target))
  const to = isIn ? receivers.map(({ peerId }) => peerId) : []
  if (to.length > 0) enqueue({ type: "passFrame", params: { space, from, to, frame } })
  else if (target !== null) enqueue({ type: "tellMissing", params: { space, peerId: from, target } })
})

const endEverybody = base.enqueueActions(({ context, enqueue }) => {
  for (const { peerId } of membersOf(context)) {
    enqueue({ type: "tellPeer", params: { peerId, notice: { type: "operator.ends" } } })
  }
})

export const spaceSetup = base.extend({
  actions: {
    admitNewcomer,
    replaceByKey,
    askHolder,
    keepHolder,
    replaceSilent,
    leaveToHeir,
    leave,
    loseNode,
    listEverybody,
    takeUpAgain,
    passOn,
    endEverybody
  }
})
