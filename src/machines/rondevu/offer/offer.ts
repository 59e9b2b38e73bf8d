/**
 * An offer in use, and the only writer of its row in this process. Nothing is answered before it is saved; candidates are read
 * of what is saved. A row that another process has changed is read again, and what is open decided anew.
 */
import { and, not, type SnapshotFrom } from "xstate"
import { present } from "../../present.ts"
import { recordStates, revisedStates } from "../../record/storage.ts"
import { hasLapsed, newOfferContext, nextLook, type OfferContext } from "./offerContext.ts"
import { type Candidate, candidatesFor, type OfferRecord, roleOf } from "./offerRecord.ts"
import { granted, offerSetup, recordFault, refused } from "./offerSetup.ts"

const ofItsRow = recordStates<OfferContext, OfferRecord>()("#offer.gone", {
  inputs: {
    load: ({ context: { id, at } }) => ({ id, at }),
    reload: ({ context: { id, spokenAt } }) => ({ id, at: spokenAt }),
    save: ({ context: { saved, writing, spokenAt } }) => ({
      before: present(saved, "saved offer"),
      after: present(writing, "row to write"),
      at: spokenAt
    }),
    remove: ({ context: { saved } }) => ({ before: present(saved, "saved offer") })
  },
  faultOf: recordFault,
  adopting: [],
  settled: {
    always: [
      { guard: "isStale", target: "reloading" },
      { guard: "isDeleted", target: "removing" },
      { guard: "hasChanged", target: "saving" },
      { guard: "hasDecided", actions: "answerDecided" },
      { guard: "isLeaving", target: "#offer.gone" }
    ]
  },
  removing: { description: "The row is being removed, as its owner has asked.", actions: "answerRemoved" },
  lapsed: { guard: "hasLapsed", target: "#offer.gone" }
})
const { loading, storage } = revisedStates(ofItsRow)

/** Whoever asks for something of an offer whose time is over finds none. */
const isOver = { guard: "hasLapsed", actions: refused("gone") } as const
const wrongSecret = { guard: not("isSecretRight"), actions: refused("secret") } as const

const standing = offerSetup.createStateConfig({
  description:
    "What has been decided, saved or not: whether somebody has answered, and whether its owner has deleted it.",
  initial: "open",
  on: {
    "offer.delete": [
      { guard: and([not("hasLapsed"), "isOwner"]), target: ".deleted", actions: ["erase", granted] },
      { actions: refused("owner") }
    ],
    "candidates.add": [
      isOver,
      { guard: not("isParty"), actions: refused("stranger") },
      { guard: not("hasRoom"), actions: refused("full") },
      { actions: ["addCandidates", granted] }
    ],
    "candidates.read": [
      { guard: "hasLapsed", actions: ["touch", { type: "refuseRead", params: { refusal: "gone" } }] },
      { guard: not("isSavedParty"), actions: ["touch", { type: "refuseRead", params: { refusal: "stranger" } }] },
      { actions: ["touch", "tellCandidates"] }
    ],
    "offer.refresh": [{ guard: "isNewerRevision", actions: ["noteStale", granted] }, { actions: granted }],
    "record.reloaded": [{ guard: "isAnswered", target: ".answered" }, { target: ".open" }],
    "record.revised": { guard: "isOtherRevision", actions: "noteStale" }
  },
  states: {
    open: {
      on: { "offer.answer": [isOver, wrongSecret, { target: "answered", actions: ["takeAnswer", granted] }] }
    },
    answered: {
      description: "Nobody answers any more; both sides may leave candidates and read those of the other.",
      on: { "offer.answer": [isOver, wrongSecret, { actions: refused("answered") }] }
    },
    deleted: {
      description: "Its owner has deleted it: the row is being removed.",
      on: {
        "offer.answer": { actions: refused("gone") },
        "candidates.add": { actions: refused("gone") }
      }
    }
  }
})

const lookAtClock = {
  type: "requestDeadline",
  params: ({ context }: { context: OfferContext }) => ({ event: "life.due" as const, at: nextLook(context) })
} as const

const life = offerSetup.createStateConfig({
  initial: "awake",
  exit: { type: "cancelDeadline", params: { event: "life.due" } },
  on: {
    "offer.rest": { target: ".leaving" },
    "life.due": { guard: "hasLapsed", target: "#offer.gone", actions: "denyAll" }
  },
  states: {
    awake: {
      entry: lookAtClock,
      on: {
        "life.due": [
          { guard: and([not("hasLapsed"), "isUnspoken"]), target: "leaving" },
          { guard: not("hasLapsed"), actions: lookAtClock }
        ]
      }
    },
    leaving: {
      description:
        "Nobody has spoken for long, or the server is going: the actor ends when nobody waits. The row remains.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({
          event: "life.due" as const,
          at: present(context.saved, "saved offer").expiresAt
        })
      }
    }
  }
})

export const offerMachine = offerSetup.createMachine({
  id: "offer",
  description:
    "One offer in use. Its standing follows what has been decided, its storage sees to it that nothing is answered before it is saved, and its life ends at an absolute time.",
  context: ({ input }) => newOfferContext(input),
  initial: "loading",
  states: {
    loading: offerSetup.createStateConfig(loading),
    open: {
      type: "parallel",
      states: { standing, storage: offerSetup.createStateConfig(storage), life }
    },
    gone: { type: "final", description: "The actor ends; the row, if there still is one, remains." }
  }
})

/** A read that follows what was last said within this share of the time to rest is no event: clients read once a second. */
const quietShare = 0.5

/**
 * What somebody may read of an offer that has been spoken to only just now, so that one event more would change nothing but a
 * clock by seconds. Null: the offer itself must be asked. `find`: finds the same as `candidatesFor`.
 */
export const readQuietly = (
  { context, value, status }: SnapshotFrom<typeof offerMachine>,
  peerId: string,
  since: number,
  at: number,
  find = candidatesFor
): readonly Candidate[] | null => {
  const { saved, spokenAt, settings, isStale } = context
  const isQuiet = at >= spokenAt && at - spokenAt < quietShare * settings.restMs
  if (!isQuiet || status !== "active" || typeof value === "string" || !("open" in value)) return null
  if (saved === null || isStale || hasLapsed(context, at)) return null
  const role = roleOf(saved, peerId)
  return role === null ? null : find(saved, role, since)
}
