import { readQuietly, sessionMachine } from "../../../../../src/machines/rondevu/session/session.ts"
import type { SessionContext } from "../../../../../src/machines/rondevu/session/sessionContext.ts"
import type { SessionRecord } from "../../../../../src/machines/rondevu/session/sessionRecord.ts"
import { sessionCrash } from "../../../../../src/machines/rondevu/session/sessionSetup.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"
import { isQuestion, outcomeOf } from "./sessionModel.ts"

const started = 1_000_000
const [restMs, retryMs, lifeMs] = [10_000, 5_000, 60_000]
const now = started + 5
const end = started + lifeMs
const input = {
  ...{ id: "s", bucket: "https://app.example", code: "c", at: started },
  settings: { restMs, retryMs, candidatesOfSide: 2 }
}

const row = (change: Partial<SessionRecord> = {}): SessionRecord => ({
  ...{ arrival: 7, revision: 0, expiresAt: end, offer: "an offer", answer: null, candidates: [] },
  ...change
})
const candidate = (side: "offerer" | "answerer") => ({ side, candidate: `"of the ${side}"` })
const fresh = row()
const answered = row({ revision: 3, answer: "first", candidates: [candidate("offerer"), candidate("answerer")] })
/** Begun by the same code when the first was over. */
const another = row({ arrival: 8, expiresAt: end + lifeMs, offer: "another offer" })

let asked = 0
const from = { kind: "asker", id: "asker" }
const question = (type: string, at: number, more: object = {}) => ({
  ...{ type, at, replyTo: from, requestId: ++asked },
  ...more
})
/** Made once, so that the walks know them again. */
const questions = {
  first: question("session.answer", now, { answer: "first" }),
  second: question("session.answer", now, { answer: "second" }),
  offerer: question("candidate.add", now, candidate("offerer")),
  answerer: question("candidate.add", now, candidate("answerer")),
  poll: question("session.poll", now + 1),
  lateAnswer: question("session.answer", end, { answer: "late" }),
  lateCandidate: question("candidate.add", end, candidate("offerer")),
  latePoll: question("session.poll", end)
}
const rest = { type: "session.rest" }

const operations: Readonly<Record<string, string>> = {
  loading: "load",
  "open.storage.saving": "save",
  "open.storage.reloading": "load"
}
const asking = (snapshot: any): string | undefined => {
  const state = snapshot.value === "loading" ? "loading" : `open.storage.${snapshot.value.open?.storage}`
  return state in operations ? state : undefined
}
const isOpen = (snapshot: any): boolean => snapshot?.value.open !== undefined
const pendingIn = ({ value, context }: any): number =>
  value === "gone" ? 0 : context.batch.length + context.decided.length + context.waiting.filter(isQuestion).length

/** What the database may say to what it is asked. */
const results = (snapshot: any, rows: readonly (SessionRecord | null)[], faults = true) => {
  const state = asking(snapshot)
  if (state === undefined) return []
  const outputs = operations[state] === "load" ? rows : ["saved", "conflict"]
  const error = new Error("the database is away")
  const lasting = Object.assign(new Error("the database refuses"), { lasting: true })
  return [
    ...outputs.map((output) => ({ type: `xstate.done.actor.0.session.${state}`, output })),
    ...(faults ? [error, lasting].map((each) => ({ type: `xstate.error.actor.0.session.${state}`, error: each })) : [])
  ]
}
/** No more than two at a time wait for an answer. */
const few = (snapshot: any, list: readonly object[], most = 2) => (pendingIn(snapshot) < most ? list : []) as any[]
const looks = (snapshot: any) =>
  isOpen(snapshot) ? [now, snapshot.context.spokenAt + restMs, end].map((at) => ({ type: "life.due", at })) : []
const retries = (snapshot: any) =>
  snapshot.value.open?.storage === "troubled" ? [now, end].map((at) => ({ type: "retry.due", at })) : []
const revisions = ({ context: { saved } }: any) =>
  [saved === null ? "7.0" : `${saved.arrival}.${saved.revision}`, "7.9", null].map((version) => ({
    type: "record.revised",
    version
  }))

const settings = (): readonly Setting[] => {
  const { first, second, offerer, answerer, poll, lateAnswer, lateCandidate, latePoll } = questions
  return [
    {
      name: "answered by two",
      input,
      events: (snapshot) => [
        ...results(snapshot, [fresh, answered, null]),
        ...few(snapshot, [first, second, poll]),
        ...retries(snapshot)
      ]
    },
    {
      name: "with candidates",
      input,
      events: (snapshot) => [
        ...results(snapshot, [fresh, answered], false),
        ...few(snapshot, [offerer, answerer, first])
      ]
    },
    {
      name: "whose time is over",
      input,
      events: (snapshot) => [
        ...results(snapshot, [fresh, another, null]),
        ...few(snapshot, [first, lateAnswer, lateCandidate, latePoll]),
        ...looks(snapshot),
        ...retries(snapshot)
      ]
    },
    {
      name: "that another process writes",
      input,
      events: (snapshot) => [
        ...results(snapshot, [fresh, answered, null]),
        ...few(snapshot, [first, poll]),
        ...revisions(snapshot),
        ...retries(snapshot)
      ]
    },
    {
      name: "at rest, or told to rest",
      input,
      events: (snapshot) => [
        ...results(snapshot, [fresh]),
        ...few(snapshot, [first, poll, latePoll]),
        ...looks(snapshot),
        ...retries(snapshot),
        ...few(snapshot, [rest], 3)
      ]
    }
  ]
}

const expected = ({ before, event }: Step) => outcomeOf(before, event)
const isStep = ({ before }: Step): boolean => before !== undefined
const answers = (step: Step) => step.told("asker")
const requested = (step: Step) => step.did("requestDeadline")
const isLapsed = ({ before, event }: Step): boolean =>
  isOpen(before) && isQuestion(event) && event.at >= before.context.saved.expiresAt

const laws: readonly Law[] = [
  {
    sentence: "It reads its row first, and does nothing else.",
    when: ({ before }) => before === undefined,
    holds: ({ did, effects, after }) =>
      after.value === "loading" &&
      effects.length === 1 &&
      same(did("loadRow"), [{ bucket: input.bucket, code: input.code, at: started }])
  },
  {
    sentence: "Before its row is known it keeps whatever comes, in order, and answers nobody.",
    when: ({ before, event }) => before?.value === "loading" && !/^(xstate|record)\./.test(event.type),
    holds: ({ before, event, after, effects }) =>
      effects.length === 0 &&
      after.value === "loading" &&
      same(after.context.waiting, [...before.context.waiting, event])
  },
  {
    sentence: "Should it crash, everybody who waits for an answer hears so at once, and nobody else.",
    holds: ({ after }) => {
      const { tell, record } = sessionCrash({ id: input.id, error: "a fault", at: now, context: after.context })
      const isOver = after.status === "done"
      return (
        record.length === 0 &&
        (isOver || tell.length === pendingIn(after)) &&
        tell.every(({ event }) => event.type === "session.unavailable")
      )
    }
  },
  {
    sentence: "One that crashed before it knew anything has nobody to tell.",
    when: ({ before }) => before === undefined,
    holds: () => {
      const { tell, record } = sessionCrash({ id: input.id, error: "a fault", at: now, context: undefined })
      return tell.length === 0 && record.length === 0
    }
  },
  {
    sentence: "Everybody who asks is answered once, and nobody is forgotten when the actor ends.",
    when: isStep,
    holds: (step) =>
      answers(step).length + pendingIn(step.after) === pendingIn(step.before) + (isQuestion(step.event) ? 1 : 0)
  },
  {
    sentence: "What is told is what is saved.",
    holds: (step) =>
      answers(step).every(({ type, session }) => type !== "session.told" || same(session, step.after.context.saved))
  },
  {
    sentence: "Whoever has answered or left something is told so only when the row has it.",
    when: (step) => answers(step).some(({ type }) => type === "session.told"),
    holds: (step) => {
      const { saved } = step.after.context as SessionContext
      return answers(step).every(({ type, requestId }) => {
        const asked = Object.values(questions).find((each) => each.requestId === requestId) as any
        if (type !== "session.told" || asked?.type === "session.poll") return true
        return asked.type === "session.answer"
          ? saved?.answer === asked.answer
          : saved?.candidates.some((each) => each.candidate === asked.candidate && each.side === asked.side) === true
      })
    }
  },
  {
    sentence: "The first answer stays, in the row and in what is decided, until the row itself is another.",
    when: ({ before, after }) =>
      isOpen(before) && isOpen(after) && before.context.saved.answer !== null && after.context.saved.arrival === 7,
    holds: ({ before, after, event }) =>
      event.type.endsWith("reloading") ||
      (after.context.saved.answer === before.context.saved.answer &&
        after.context.draft.answer === before.context.saved.answer)
  },
  {
    sentence:
      "No candidate is lost or moved: what is decided begins with what is saved, and what is written with both.",
    when: ({ after }) => isOpen(after),
    holds: ({ after, did }) => {
      const { saved, draft } = after.context as SessionContext
      const begins = (whole: SessionRecord | null, part: SessionRecord | null) =>
        same(whole?.candidates.slice(0, part?.candidates.length), part?.candidates)
      return begins(draft, saved) && did("saveRow").every((save) => begins(save.after, save.before))
    }
  },
  {
    sentence:
      "Whoever asks when its time is over is told nothing of it: the row is read again before anybody is answered.",
    when: (step) => isLapsed(step),
    holds: (step) => {
      const { requestId } = step.event
      return (
        answers(step).every((answer) => answer.requestId !== requestId) &&
        same(step.after.context.draft, step.before.context.draft) &&
        step.after.context.isStale
      )
    }
  },
  {
    sentence: "One thing at a time is asked of the database, by its bucket and code.",
    when: isStep,
    holds: (step) => {
      const { loads, saves } = expected(step)
      return same(step.did("loadRow"), loads) && same(step.did("saveRow"), saves)
    }
  },
  {
    sentence: "Everybody is answered in the order in which they came, with what was decided upon their question.",
    when: isStep,
    holds: (step) => same(answers(step), expected(step).answers)
  },
  {
    sentence: "It knows what it was told and what the row says, and nothing else.",
    when: isStep,
    holds: (step) => {
      const { context } = step.after as { context: SessionContext }
      const { saved, draft, writing, batch, decided, waiting, isStale, spokenAt } = context
      const known = { saved, draft, writing, batch, decided, waiting, isStale, spokenAt }
      return step.after.value === "gone" || same(known, expected(step).known)
    }
  },
  {
    sentence:
      "It is open until somebody has answered, settled when nothing is written, and gone when its time is over or nobody needs it.",
    when: isStep,
    holds: (step) => same(step.after.value, expected(step).value)
  },
  {
    sentence:
      "It looks at its clock when it may rest or must end, and tries again after a while what the database has not done.",
    when: isStep,
    holds: (step) => {
      const { requests, cancelled } = expected(step)
      return (
        same(requested(step), requests) &&
        same(
          step.did("cancelDeadline").map(({ event }) => event),
          cancelled
        )
      )
    }
  },
  {
    sentence: "Faults of the database are told once each, by what was asked.",
    when: isStep,
    holds: (step) =>
      same(
        step.did("record"),
        expected(step).faults.map((operation) => ({ name: "session:error", operation, error: step.event.error }))
      )
  },
  {
    sentence: "It is read quietly only shortly after a question, and shows what is saved.",
    holds: ({ after }) => {
      const { saved, spokenAt, isStale } = after.context as SessionContext
      const at = (time: number) => readQuietly(after, time)
      const isHere = isOpen(after) && saved !== null && !isStale
      const shows = (time: number) =>
        isHere && time < saved.expiresAt && time >= spokenAt && time - spokenAt < restMs / 10 ? saved : null
      return [spokenAt - 1, spokenAt, spokenAt + restMs / 10 - 1, spokenAt + restMs / 10, end, end - 1].every(
        (time) => at(time) === shows(time)
      )
    }
  }
]

export const session: Subject = {
  name: "session",
  machine: sessionMachine,
  adapters: {
    actions: ["requestDeadline", "cancelDeadline", "record"],
    promises: ["loadRow", "saveRow"]
  },
  settings,
  facts: ({ context }: { context: SessionContext }) => {
    const { saved, draft, writing, batch, decided, waiting, isStale, spokenAt } = context
    const brief = (each: SessionRecord | null) =>
      each && [each.arrival, each.revision, each.answer, each.candidates.map(({ side }) => side[0]).join("")]
    return [
      brief(draft),
      brief(saved),
      draft === saved,
      writing !== null,
      [...batch.map(() => "batch"), ...decided.map(({ refusal }) => refusal ?? "granted")],
      waiting.map(({ type }) => type).slice(0, 2),
      isStale,
      spokenAt === started ? "new" : spokenAt < end ? "spoken" : "late"
    ]
  },
  laws
}
