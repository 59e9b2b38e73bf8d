/** What a session does, said once more and in another way: one step at a time, on plain values. */
import type { SessionContext } from "../../../../../src/machines/rondevu/session/sessionContext.ts"
import {
  absent,
  type Decided,
  failure,
  reply,
  type SessionQuestion,
  type SessionReply
} from "../../../../../src/machines/rondevu/session/sessionMessages.ts"
import type { SessionRecord } from "../../../../../src/machines/rondevu/session/sessionRecord.ts"

type Storage = "rehearing" | "settled" | "saving" | "reloading" | "troubled"

/** What a step leads to. */
export interface Outcome {
  readonly value: unknown
  readonly known: Pick<
    SessionContext,
    "saved" | "draft" | "writing" | "batch" | "decided" | "waiting" | "isStale" | "spokenAt"
  >
  readonly answers: readonly SessionReply[]
  readonly loads: readonly object[]
  readonly saves: readonly object[]
  readonly requests: readonly object[]
  readonly cancelled: readonly string[]
  readonly faults: readonly string[]
}

export const isQuestion = (event: any): event is SessionQuestion => "replyTo" in event

export const outcomeOf = (before: any, event: any): Outcome => {
  const context: SessionContext = before.context
  const { bucket, code, settings } = context
  const { restMs, retryMs, candidatesOfSide } = settings
  let { saved, draft, writing, writtenDraft, batch, decided, waiting, isStale, spokenAt } = context
  let storage: Storage | null = before.value.open?.storage ?? null
  let life: string | null = before.value.open?.life ?? null
  let isGone = false
  const answers: SessionReply[] = []
  const loads: object[] = []
  const saves: object[] = []
  const requests: object[] = []
  const cancelled: string[] = []
  const faults: string[] = []

  const row = (): SessionRecord => saved as SessionRecord
  const load = (at: number) => loads.push({ bucket, code, at })
  const look = () => requests.push({ event: "life.due", at: Math.min(row().expiresAt, spokenAt + restMs) })
  const end = () => {
    if (life !== null) cancelled.push("life.due")
    if (storage === "troubled") cancelled.push("retry.due")
    isGone = true
  }
  const pending = () => [...batch, ...decided].map(({ question }) => question)
  const denyAll = () => {
    answers.push(...pending().map(absent))
    batch = []
    decided = []
  }

  const verdictOn = (question: SessionQuestion): Decided["refusal"] => {
    if (question.at >= row().expiresAt) {
      isStale = true
      return "gone"
    }
    const now = draft as SessionRecord
    if (question.type === "session.answer") {
      if (now.answer === null) draft = { ...now, answer: question.answer }
      else if (now.answer !== question.answer) return "answered"
    }
    if (question.type === "candidate.add") {
      const { side, candidate } = question
      if (now.candidates.filter((each) => each.side === side).length >= candidatesOfSide) return "full"
      draft = { ...now, candidates: [...now.candidates, { side, candidate }] }
    }
    return null
  }
  const hear = (heard: any) => {
    if (heard.type === "session.rest") life = "leaving"
    if (!isQuestion(heard)) return
    decided = [...decided, { question: heard, refusal: verdictOn(heard) }]
    spokenAt = heard.at
  }
  const settle = () => {
    storage = "settled"
    if (isStale) {
      storage = "reloading"
      load(spokenAt)
    } else if (draft !== saved) {
      storage = "saving"
      writing = { ...(draft as SessionRecord), revision: row().revision + 1 }
      writtenDraft = draft
      batch = decided
      decided = []
      saves.push({ bucket, code, before: saved, after: writing, at: spokenAt })
    } else {
      answers.push(...decided.map((each) => reply(each, row())))
      decided = []
      if (life === "leaving") end()
    }
  }
  const adopt = (found: SessionRecord) => {
    saved = found
    draft = found
    isStale = false
  }
  const fail = (operation: string) => {
    faults.push(operation)
    answers.push(...pending().map((each) => failure(each, event.error)))
    draft = saved
    writing = null
    writtenDraft = null
    batch = []
    decided = []
    storage = "troubled"
    requests.push({ event: "retry.due", afterMs: retryMs })
  }
  const afterwards = () => {
    if (storage === "settled") settle()
    else if (storage === "troubled" && decided.length > 0) {
      cancelled.push("retry.due")
      settle()
    }
  }

  if (before.value === "loading") {
    const asked = waiting.filter(isQuestion)
    if (event.type === "record.revised") load(context.at)
    else if (event.type.startsWith("xstate.error")) {
      faults.push("load")
      answers.push(...asked.map((each) => failure(each, event.error)))
      end()
    } else if (!event.type.startsWith("xstate.done")) waiting = [...waiting, event]
    else if (event.output === null) {
      answers.push(...asked.map(absent))
      end()
    } else {
      adopt(event.output)
      life = "awake"
      look()
      for (const heard of waiting) hear(heard)
      waiting = []
      settle()
    }
  } else if (event.type.endsWith("storage.saving")) {
    if (event.type.startsWith("xstate.error")) fail("save")
    else if (event.output === "conflict") {
      storage = "reloading"
      load(spokenAt)
    } else {
      saved = writing
      if (draft === writtenDraft) draft = writing
      answers.push(...batch.map((each) => reply(each, row())))
      batch = []
      writing = null
      writtenDraft = null
      settle()
    }
  } else if (event.type.endsWith("storage.reloading")) {
    if (event.type.startsWith("xstate.error")) fail("load")
    else if (event.output === null) {
      denyAll()
      end()
    } else {
      const again = pending()
      batch = []
      decided = []
      writing = null
      writtenDraft = null
      adopt(event.output)
      for (const question of again) hear(question)
      settle()
    }
  } else if (event.type === "record.revised") {
    if (storage === "reloading") load(spokenAt)
    if (event.version !== `${row().arrival}.${row().revision}`) isStale = true
    afterwards()
  } else if (event.type === "life.due") {
    if (life === "awake") {
      const isOver = event.at >= row().expiresAt
      if (isOver && !isStale) {
        denyAll()
        end()
      } else if (!isOver && event.at - spokenAt >= restMs) {
        life = "leaving"
        afterwards()
      } else look()
    }
  } else if (event.type === "retry.due") {
    if (storage === "troubled") {
      if (event.at >= row().expiresAt) end()
      else {
        cancelled.push("retry.due")
        settle()
      }
    }
  } else {
    hear(event)
    afterwards()
  }

  const value = isGone
    ? "gone"
    : storage === null
      ? "loading"
      : { open: { standing: draft?.answer === null ? "open" : "answered", storage, life } }
  const known = { saved, draft, writing, batch, decided, waiting, isStale, spokenAt }
  return { value, known, answers, loads, saves, requests, cancelled, faults }
}
