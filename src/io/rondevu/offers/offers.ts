/** Offer actors at both ends: their rows below them, and whoever asks them on behalf of HTTP. */
import { fromPromise, type SnapshotFrom } from "xstate"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import { offerAt, offerDesk, offerDeskKind } from "../../../machines/rondevu/addresses.ts"
import type { OfferEventTold } from "../../../machines/rondevu/offer/events.ts"
import { offerMachine, readQuietly } from "../../../machines/rondevu/offer/offer.ts"
import type { OfferContext } from "../../../machines/rondevu/offer/offerContext.ts"
import type { OfferCommand, OfferRead, OfferReply } from "../../../machines/rondevu/offer/offerMessages.ts"
import { type Candidate, candidatesFor, type OfferRecord } from "../../../machines/rondevu/offer/offerRecord.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
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
  /** A row has been written beside its actor: resolves when the actor knows, if there is one. */
  refresh(id: string, revision: number): Promise<void>
  /** What is held of which revision. Those that are being read or written are left out. */
  revisions(): ReadonlyMap<string, number>
  /** A row has been made, or another process has written it, or removed it: its actor, if there is one, looks again. */
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

export const createOffers = ({ registry, supervisor, askTimeoutMs, inUse, now }: OffersOptions): Offers => {
  const { expect, tell, ask, endpoint, close } = createAsking<OfferReply>({
    registry,
    desk: offerDesk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId) => ({ type: "offer.unavailable", requestId }),
    now
  })
  const found = createFound()
  const living = (id: string) => supervisor().getSnapshot().children.get(id)

  const askOffer = (id: string, question: Unasked<OfferCommand>): Promise<OfferReply> => {
    inUse()
    return ask(offerAt(id), { id }, question)
  }

  return {
    ask: askOffer,
    read: (id, { peerId, since }, told) => {
      const offer = living(id)
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
      if (living(id) !== undefined) await askOffer(id, { type: "offer.refresh", peerId: "", revision })
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
        from: offerDesk,
        event: { type: "record.revised", revision }
      }),
    endpoints: { [offerDeskKind]: endpoint },
    close
  }
}
