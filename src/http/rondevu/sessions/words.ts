/** How what comes of a request is put into words. */

import type { NotDone } from "../../../io/rondevu/sessions/sessionDesk.ts"
import type { ListedSession } from "../../../io/rondevu/sessions/sessionList.ts"
import { candidatesOf, type SessionRecord } from "../../../machines/rondevu/session/sessionRecord.ts"
import type { Side } from "../../../wire/rondevu/sessions/bodies.ts"
import { sessionErrors } from "../../../wire/rondevu/sessions/errors.ts"
import { type Answer, errorAnswer } from "../../answer.ts"
import { fault, unavailable } from "../answers.ts"

const json = (body: string): Answer => ({ status: 200, contentType: "application/json", body })
/** Candidates are JSON already. */
const listOf = (candidates: readonly string[]): string => `[${candidates.join(",")}]`

export const refusalOf: Readonly<Record<NotDone, Answer>> = {
  gone: errorAnswer(sessionErrors.missing),
  answered: errorAnswer(sessionErrors.answered),
  full: errorAnswer(sessionErrors.manyCandidates),
  unavailable,
  broken: fault
}

const makePollAnswer = (session: SessionRecord, side: Side): Answer =>
  json(
    side === "offerer"
      ? `{"answer":${JSON.stringify(session.answer)},"answerCandidates":${listOf(candidatesOf(session, "answerer"))}}`
      : `{"offer":${JSON.stringify(session.offer)},"offerCandidates":${listOf(candidatesOf(session, "offerer"))}}`
  )

/** Both sides ask every second, and hear the same until something has changed. */
const made: Readonly<Record<Side, WeakMap<SessionRecord, Answer>>> = { offerer: new WeakMap(), answerer: new WeakMap() }

/** What a side is told of what the other has left. */
export const pollAnswer = (session: SessionRecord, side: Side): Answer => {
  const known = made[side].get(session)
  if (known !== undefined) return known
  const answer = makePollAnswer(session, side)
  made[side].set(session, answer)
  return answer
}

const listed = ({ code, label, offer, candidates, createdAt, expiresAt }: ListedSession): string => {
  const told = JSON.stringify({ code, peerId: label, info: label, offer, createdAt, expiresAt })
  return `${told.slice(0, -1)},"offerCandidates":${listOf(candidates)}}`
}

export const listAnswer = (sessions: readonly ListedSession[]): Answer =>
  json(`{"sessions":[${sessions.map(listed).join(",")}]}`)
