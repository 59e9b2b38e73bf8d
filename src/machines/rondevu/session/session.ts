/**
 * A session in use, and the only writer of its row in this process. Nothing is answered before it is saved, and what is told is
 * what is saved. A row that another process has changed is read again, and what is open decided anew.
 */
import { and, not, type SnapshotFrom } from "xstate"
import { present } from "../../present.ts"
import { lastingStates, revisedStates } from "../../record/storage.ts"
import { hasLapsed, newSessionContext, nextLook, type SessionContext } from "./sessionContext.ts"
import type { SessionRecord } from "./sessionRecord.ts"
import { granted, recordFault, refused, sessionSetup } from "./sessionSetup.ts"

const ofItsRow = lastingStates<SessionContext, SessionRecord>()("#session.gone", {
  inputs: {
    load: ({ context: { bucket, code, at } }) => ({ bucket, code, at }),
    reload: ({ context: { bucket, code, spokenAt } }) => ({ bucket, code, at: spokenAt }),
    save: ({ context: { bucket, code, saved, writing, spokenAt } }) => ({
      bucket,
      code,
      before: present(saved, "saved session"),
      after: present(writing, "row to write"),
      at: spokenAt
    })
  },
  faultOf: recordFault,
  adopting: [],
  settled: {
    always: [
      { guard: "isStale", target: "reloading" },
      { guard: "hasChanged", target: "saving" },
      { guard: "hasDecided", actions: "answerDecided" },
      { guard: "isLeaving", target: "#session.gone" }
    ]
  },
  lapsed: { guard: "hasLapsed", target: "#session.gone" }
})
const { loading, storage } = revisedStates(ofItsRow)

/** Its time is over: there is none, unless somebody has begun another one by the same code meanwhile. The row tells. */
const isOver = { guard: "hasLapsed", actions: ["noteStale", refused("gone")] } as const

const standing = sessionSetup.createStateConfig({
  description: "What has been decided, saved or not: whether somebody has answered.",
  initial: "open",
  on: {
    "candidate.add": [
      isOver,
      { guard: not("hasRoom"), actions: refused("full") },
      { actions: ["addCandidate", granted] }
    ],
    "session.poll": [isOver, { actions: granted }],
    "record.revised": { guard: "isOtherVersion", actions: "noteStale" }
  },
  states: {
    open: {
      description: "Everybody who looks at the topic is shown it.",
      always: { guard: "isAnswered", target: "answered" },
      on: { "session.answer": [isOver, { actions: ["takeAnswer", granted] }] }
    },
    answered: {
      description: "The first answer stays; both sides may leave candidates and ask for those of the other.",
      always: { guard: not("isAnswered"), target: "open" },
      on: {
        "session.answer": [isOver, { guard: "isSameAnswer", actions: granted }, { actions: refused("answered") }]
      }
    }
  }
})

const lookAtClock = {
  type: "requestDeadline",
  params: ({ context }: { context: SessionContext }) => ({ event: "life.due" as const, at: nextLook(context) })
} as const

const life = sessionSetup.createStateConfig({
  initial: "awake",
  exit: { type: "cancelDeadline", params: { event: "life.due" } },
  on: { "session.rest": { target: ".leaving" } },
  states: {
    awake: {
      entry: lookAtClock,
      on: {
        "life.due": [
          { guard: and(["hasLapsed", not("isStale")]), target: "#session.gone", actions: "denyAll" },
          { guard: and([not("hasLapsed"), "isUnspoken"]), target: "leaving" },
          { actions: lookAtClock }
        ]
      }
    },
    leaving: {
      description:
        "Nobody has spoken for long, or the server is going: the actor ends when nobody waits. The row remains."
    }
  }
})

export const sessionMachine = sessionSetup.createMachine({
  id: "session",
  description:
    "One session in use. Its standing follows what has been decided, its storage sees to it that nothing is answered before it is saved, and its life ends at an absolute time.",
  context: ({ input }) => newSessionContext(input),
  initial: "loading",
  states: {
    loading: sessionSetup.createStateConfig(loading),
    open: {
      type: "parallel",
      states: {
        standing,
        storage: sessionSetup.createStateConfig(storage),
        life
      }
    },
    gone: { type: "final", description: "The actor ends; the row, if there still is one, remains." }
  }
})

/** A poll that follows what was last said within this share of the time to rest is no event. */
const quietShare = 0.1

/**
 * What may be told of a session that has been spoken to only just now, so that one event more would change nothing but a clock
 * by seconds. Null: the session itself must be asked.
 */
export const readQuietly = (
  { context, value, status }: SnapshotFrom<typeof sessionMachine>,
  at: number
): SessionRecord | null => {
  const { saved, spokenAt, settings, isStale } = context
  const isQuiet = at >= spokenAt && at - spokenAt < quietShare * settings.restMs
  if (!isQuiet || status !== "active" || typeof value === "string" || !("open" in value)) return null
  return saved === null || isStale || hasLapsed(context, at) ? null : saved
}
