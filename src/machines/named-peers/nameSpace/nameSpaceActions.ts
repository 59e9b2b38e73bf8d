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
  membersOf,
  type NameSpaceEvent,
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
    record: (_, _event: NamedPeersEvent) => {},
    tellPeer: tell((_, { peerId, notice }: { peerId: string; notice: SpaceNotice }) => ({
      to: namedPeerAt(peerId),
      event: notice
    })),
    refuse: tell((_, { peerId, cause }: { peerId: string; cause: "name_taken" | "space_full" }) => ({
      to: namedPeerAt(peerId),
      event: { type: "name.refused", cause } satisfies SpaceNotice
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
const admit = (enqueue: Enqueue, { id: space }: SpaceContext, holders: readonly Holder[], claim: Claim) => {
  const { peerId, name, address } = claim
  const present = withNewcomer(holders, claim)
  enqueue.assign({ holders: present })
  enqueue({ type: "admitPeer", params: { space, peerId, name, clients: present.map((holder) => holder.name) } })
  enqueue({ type: "record", params: { name: "named_peer:logged_in", peerId, peerName: name, space, ip: address } })
  enqueue({ type: "tellPeer", params: { peerId, notice: { type: "name.given" } } })
}

/** Somebody is there no more. */
const remove = (enqueue: Enqueue, { id: space }: SpaceContext, { peerId, name }: Holder) => {
  enqueue({ type: "removePeer", params: { space, peerId, name } })
  enqueue({ type: "record", params: { name: "named_peer:left", peerId, peerName: name, space } })
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
  remove(enqueue, context, holder)
  admit(enqueue, context, without(context.holders, holder), heir)
}

const admitNewcomer = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.claim")
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
  remove(enqueue, context, holder)
  admit(enqueue, context, without(context.holders, holder), present(heir, "heir"))
  refuseAll(enqueue, others)
})

const leave = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "peer.leave")
  const holder = present(holderBy(context, event.peerId), "holder")
  enqueue.assign({ holders: without(context.holders, holder) })
  remove(enqueue, context, holder)
})

const endEverybody = base.enqueueActions(({ context, enqueue }) => {
  for (const { peerId } of membersOf(context)) {
    enqueue({ type: "tellPeer", params: { peerId, notice: { type: "operator.ends" } } })
  }
})

export const spaceSetup = base.extend({
  actions: { admitNewcomer, replaceByKey, askHolder, keepHolder, replaceSilent, leaveToHeir, leave, endEverybody }
})
