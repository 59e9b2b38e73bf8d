/** Offer actors at both ends: their rows below them, and whoever asks them on behalf of HTTP. */
import { fromPromise, type SnapshotFrom } from "xstate"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import { offerAt, offerDeskAt, offerDeskKind } from "../../../machines/rondevu/addresses.ts"
import type { OfferEventTold } from "../../../machines/rondevu/offer/events.ts"
import { offerMachine, readQuietly } from "../../../machines/rondevu/offer/offer.ts"
import type { OfferContext } from "../../../machines/rondevu/offer/offerContext.ts"
import type { OfferCommand, OfferRead, OfferReply } from "../../../machines/rondevu/offer/offerMessages.ts"
import { type Candidate, candidatesFor, type OfferRecord } from "../../../machines/rondevu/offer/offerRecord.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { createAsking, type Unasked } from "../../actors/asking.ts"
import { type Deadlines, namedDeadlines } from "../../actors/deadlines.ts"
import { contextOf } from "../../tower/actorSnapshots.ts"
import type { OfferRows } from "./offerRows.ts"

/** The offer machine on its rows. */
export const createOfferMachine = (
  rows: OfferRows,
  deadlines: Deadlines,
  record: (event: OfferEventTold) => void
): typeof offerMachine =>
  offerMachine.provide({
    actors: {
      loadRow: fromPromise(({ input }) => rows.load(input.id, input.at)),
      saveRow: fromPromise(({ input }) => rows.save(input.before, input.after, input.at)),
      removeRow: fromPromise(({ input }) => rows.remove(input.before))
    },
    actions: {
      ...namedDeadlines(deadlines),
      record: (_, event) => record(event)
    }
  })

export interface OffersOptions {
  readonly registry: Pick<RegistryRef, "send">
  readonly node: Pick<NodeOfCluster, "mark" | "isHere">
  /** The supervisor of offers, for looking at those that are here. */
  readonly supervisor: () => SupervisorRef
  readonly askTimeoutMs: number
  /** Told that there is something to compare with the database. */
  readonly inUse: () => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The offers in use. An answer that does not come in time is `offer.unavailable`. */
export interface Offers {
  ask(id: string, question: Unasked<OfferCommand>): Promise<OfferReply>
  /** Tells the answer at once when the offer has it at once. */
  read(
    id: string,
    question: Omit<Unasked<OfferRead>, "type">,
    told: (candidates: readonly Candidate[] | Exclude<OfferReply, { type: "candidates.told" }>) => void
  ): void
  /** A row has been made or written beside its actor: resolves when the actor knows, if there is one, wherever that is. */
  refresh(id: string, revision: number): Promise<void>
  /** What is held of which revision. Those that are being read or written are left out. */
  revisions(): ReadonlyMap<string, number>
  /** Another process has written a row, or removed it: its actor, if there is one, looks again. */
  revised(id: string, revision: number | null): void
  readonly endpoints: Readonly<Record<string, Endpoint>>
  close(): void
}

/**
 * What each side of an offer has read last: whoever waits asks for the same again and again. A changed offer is another
 * record.
 */
const createFound = (): typeof candidatesFor => {
  type Reading = { readonly since: number; readonly candidates: readonly Candidate[] }
  const readings = { offerer: new WeakMap<OfferRecord, Reading>(), answerer: new WeakMap<OfferRecord, Reading>() }
  return (offer, reader, since) => {
    const last = readings[reader].get(offer)
    if (last?.since === since) return last.candidates
    const candidates = candidatesFor(offer, reader, since)
    readings[reader].set(offer, { since, candidates })
    return candidates
  }
}

export const createOffers = ({ registry, node, supervisor, askTimeoutMs, inUse, now }: OffersOptions): Offers => {
  const desk = offerDeskAt(node.mark)
  const { expect, tell, ask, endpoint, close } = createAsking<OfferReply>({
    registry,
    desk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId) => ({ type: "offer.unavailable", requestId }),
    now
  })
  const found = createFound()
  const isHere = (id: string) => node.isHere(offerAt(id))
  const living = (id: string) => supervisor().getSnapshot().children.get(id)

  const askOffer = (id: string, question: Unasked<OfferCommand>): Promise<OfferReply> => {
    inUse()
    return ask(offerAt(id), { id }, question)
  }

  return {
    ask: askOffer,
    read: (id, { peerId, since }, told) => {
      // One that still rests here while it lives elsewhere does not know what is said there.
      const offer = isHere(id) ? living(id) : undefined
      const known =
        offer === undefined
          ? null
          : readQuietly(offer.getSnapshot() as SnapshotFrom<typeof offerMachine>, peerId, since, now(), found)
      if (known !== null) return told(known)
      const asked = expect((reply) => told(reply.type === "candidates.told" ? reply.candidates : reply))
      inUse()
      tell(offerAt(id), { id }, { type: "candidates.read", peerId, since } satisfies Unasked<OfferRead>, asked)
    },
    refresh: async (id, revision) => {
      if (isHere(id) && living(id) === undefined) return
      // Nobody is started for that: where there is no actor, nothing old is known.
      await ask(offerAt(id), null, { type: "offer.refresh", peerId: "", revision } satisfies Unasked<OfferCommand>)
    },
    revisions: () => {
      const held = new Map<string, number>()
      for (const [id, offer] of supervisor().getSnapshot().children) {
        const context = contextOf<OfferContext>(offer)
        if (context?.saved != null && context.saved === context.draft) held.set(id, context.saved.revision)
      }
      return held
    },
    revised: (id, revision) =>
      registry.send({
        type: "tell",
        to: offerAt(id),
        from: desk,
        event: { type: "record.revised", revision }
      }),
    endpoints: { [offerDeskKind]: endpoint },
    close
  }
}
