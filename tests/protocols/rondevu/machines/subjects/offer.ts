import { offerMachine, readQuietly } from "../../../../../src/machines/rondevu/offer/offer.ts"
import type { OfferContext } from "../../../../../src/machines/rondevu/offer/offerContext.ts"
import type { OfferCommand, Refusal } from "../../../../../src/machines/rondevu/offer/offerMessages.ts"
import {
  type Candidate,
  type OfferRecord,
  roleOf,
  withAnswer,
  withCandidates,
  withoutAnswerText
} from "../../../../../src/machines/rondevu/offer/offerRecord.ts"
import { offerCrash } from "../../../../../src/machines/rondevu/offer/offerSetup.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const id = "offer"
const own = { kind: "rondevu-offers", id }
const opened = 1_000_000
const now = opened + 5
const restMs = 10_000
const retryMs = 5_000
const livesUntil = opened + 60_000
const candidatesOfSide = 2
const input = { id, at: opened, settings: { restMs, retryMs, candidatesOfSide } }

const row = (change: Partial<OfferRecord> = {}): OfferRecord => ({
  id,
  peerId: "owner",
  secret: "secret",
  expiresAt: livesUntil,
  answer: null,
  candidates: [],
  revision: 3,
  ...change
})
const answeredRow = row({
  answer: { peerId: "bob", at: opened - 9, sdp: null },
  candidates: [{ candidate: '"old"', peerId: "owner", role: "offerer", createdAt: now + 3 }],
  revision: 7
})

const ended = (actor: string, output: unknown) => ({ type: `xstate.done.actor.0.offer.${actor}`, output })
const failed = (actor: string) => ({
  type: `xstate.error.actor.0.offer.${actor}`,
  error: new Error("the database is away")
})
/** Until somebody has seen to it. */
const broken = (actor: string) => ({
  type: `xstate.error.actor.0.offer.${actor}`,
  error: Object.assign(new Error("the database refuses"), { lasting: true })
})
const operations: Readonly<Record<string, string>> = {
  loading: "load",
  "open.storage.saving": "save",
  "open.storage.removing": "remove",
  "open.storage.reloading": "load"
}

const contextOf = (snapshot: any): OfferContext => snapshot.context
const isOpen = (snapshot: any): boolean => snapshot?.value.open !== undefined
const storageOf = (snapshot: any): string | undefined => snapshot?.value.open?.storage
const standingOf = (snapshot: any): string | undefined => snapshot?.value.open?.standing
const isLeaving = (snapshot: any): boolean => snapshot?.value.open?.life === "leaving"
const isEnd = (step: Step): boolean => step.before?.status === "active" && step.after.status === "done"
const asking = (snapshot: any): string | undefined => {
  const state = snapshot?.value === "loading" ? "loading" : `open.storage.${storageOf(snapshot)}`
  return state in operations ? state : undefined
}
const answered = (step: Step, actor: string, output?: unknown): boolean =>
  asking(step.before) === actor &&
  step.event.type === `xstate.done.actor.0.offer.${actor}` &&
  (output === undefined || same(step.event.output, output))
const faulted = (step: Step): boolean =>
  asking(step.before) !== undefined && step.event.type === `xstate.error.actor.0.offer.${asking(step.before)}`
const loaded = (step: Step): boolean =>
  (answered(step, "loading") || answered(step, "open.storage.reloading")) && step.event.output !== null

const commands = ["offer.answer", "offer.delete", "candidates.add", "offer.refresh"]
const isCommand = (event: any): event is OfferCommand => commands.includes(event.type)
const isQuestion = (event: any): boolean => "replyTo" in event
const answers = (step: Step): readonly any[] => step.told("asker")
const everyDecided = ({ batch, decided }: OfferContext) => [...batch, ...decided]
/** Those who wait for an answer, by their numbers. */
const waitingIn = (snapshot: any): readonly number[] => {
  if (snapshot === undefined || snapshot.status === "done") return []
  const context = contextOf(snapshot)
  const asked = [...everyDecided(context).map(({ command }) => command), ...context.waiting.filter(isQuestion)]
  return asked.map((each: any) => each.requestId).sort()
}
const isOver = ({ saved }: OfferContext, at: number): boolean => saved === null || at >= saved.expiresAt
const lapsesIn = (step: Step): boolean =>
  isOpen(step.before) && step.event.type === "life.due" && isOver(contextOf(step.before), step.event.at)

// --- What an offer makes of what it is told, apart from when it is saved

/** What becomes of the draft, and what is refused. */
const meaning = (
  saved: OfferRecord,
  draft: OfferRecord | null,
  command: OfferCommand
): { draft: OfferRecord | null; refusal: Refusal | null } => {
  const over = command.at >= saved.expiresAt
  const refuse = (refusal: Refusal) => ({ draft, refusal })
  switch (command.type) {
    case "offer.answer":
      if (draft === null || over) return refuse("gone")
      if (draft.secret !== null && draft.secret !== command.secret) return refuse("secret")
      if (draft.answer !== null) return refuse("answered")
      return { draft: withAnswer(draft, { peerId: command.peerId, at: command.at, sdp: command.sdp }), refusal: null }
    case "offer.delete":
      return draft === null || over || draft.peerId !== command.peerId
        ? refuse("owner")
        : { draft: null, refusal: null }
    case "candidates.add": {
      if (draft === null || over) return refuse("gone")
      const role = roleOf(draft, command.peerId)
      if (role === null) return refuse("stranger")
      const there = draft.candidates.filter((candidate) => candidate.role === role).length
      if (there + command.candidates.length > candidatesOfSide) return refuse("full")
      return { draft: withCandidates(draft, { ...command, role }), refusal: null }
    }
    case "offer.refresh":
      return { draft, refusal: null }
  }
}

/** Commands that are decided upon in this step, and the row and the draft before them; null: none. */
const heardIn = ({
  before,
  event
}: Step): { row: OfferRecord; draft: OfferRecord | null; heard: OfferCommand[] } | null => {
  const context = contextOf(before)
  if (isOpen(before) && isCommand(event))
    return { row: context.saved as OfferRecord, draft: context.draft, heard: [event] }
  const step = { before, event } as Step
  if (answered(step, "loading") && event.output !== null)
    return { row: event.output, draft: event.output, heard: context.waiting.filter(isCommand) }
  if (answered(step, "open.storage.reloading") && event.output !== null) {
    return { row: event.output, draft: event.output, heard: everyDecided(context).map(({ command }) => command) }
  }
  return null
}
const verdicts = (step: Step) => {
  const { row, draft, heard } = heardIn(step) as NonNullable<ReturnType<typeof heardIn>>
  let left = draft
  const told = heard.map((command) => {
    const { draft: next, refusal } = meaning(row, left, command)
    left = next
    return [command.requestId, refusal] as const
  })
  return { draft: left, told }
}
/** What has been decided, or is told at once, of each number. */
const outcomes = (step: Step) =>
  new Map<number, Refusal | null>([
    ...everyDecided(contextOf(step.after)).map(({ command, refusal }) => [command.requestId, refusal] as const),
    ...answers(step)
      .filter(({ type }) => type === "offer.refused" || type === "offer.done")
      .map(({ requestId, refusal = null }) => [requestId, refusal] as const)
  ])

/** Replies that say it was done, with the command that each is to. */
const done = (step: Step): readonly OfferCommand[] => {
  const { before, event } = step
  if (before === undefined) return []
  const context = contextOf(before)
  const known: any[] = [event, ...everyDecided(context).map(({ command }) => command), ...context.waiting]
  return answers(step)
    .filter(({ type }) => type === "offer.done")
    .map(({ requestId }) => known.find((each) => each.requestId === requestId))
}

const laws: readonly Law[] = [
  {
    sentence: "It reads its row when it starts, and goes on with what it finds.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did }) => after.value === "loading" && same(did("loadRow"), [{ id, at: opened }])
  },
  {
    sentence: "What is asked while the row is read waits, and is heard in order when it is there.",
    when: ({ before, event }) =>
      before?.value === "loading" && !event.type.startsWith("xstate.") && event.type !== "record.revised",
    holds: ({ before, event, after, effects }) =>
      after.value === "loading" &&
      effects.length === 0 &&
      same(contextOf(after).waiting, [...contextOf(before).waiting, event])
  },
  {
    sentence: "A row that is told of while it is read is read once more, and whoever waits goes on waiting.",
    when: ({ before, event }) =>
      (before?.value === "loading" || storageOf(before) === "reloading") && event.type === "record.revised",
    holds: (step) =>
      asking(step.after) === asking(step.before) &&
      step.did("loadRow").length === 1 &&
      answers(step).length === 0 &&
      same(waitingIn(step.after), waitingIn(step.before))
  },
  {
    sentence: "Everybody who asks is answered once.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const asked = isQuestion(step.event) ? [step.event.requestId] : []
      const open = [...waitingIn(step.before), ...asked].sort()
      const answered = answers(step).map(({ requestId }) => requestId)
      return same(open, [...answered, ...waitingIn(step.after)].sort())
    }
  },
  {
    sentence:
      "Each command is decided upon by what was decided before it: one answer ever, candidates of its two sides only and so many of each, deletion by its owner alone, and nothing once its time is over.",
    when: (step) => step.before !== undefined && heardIn(step) !== null && !isEnd(step),
    holds: (step) => {
      const { draft, told } = verdicts(step)
      const found = outcomes(step)
      const drafted = contextOf(step.after).draft
      return same(drafted, draft) && told.every(([number, refusal]) => found.get(number) === refusal)
    }
  },
  {
    sentence: "Its standing is what the draft says.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => {
      const { draft } = contextOf(after)
      return standingOf(after) === (draft === null ? "deleted" : draft.answer === null ? "open" : "answered")
    }
  },
  {
    sentence: "There is one answer ever: what is saved and what is granted come to one at most.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => {
      const context = contextOf(after)
      const granted = everyDecided(context).filter(
        ({ command, refusal }) => command.type === "offer.answer" && refusal === null
      )
      return granted.length + (context.saved?.answer == null ? 0 : 1) <= 1
    }
  },
  {
    sentence: "Nothing is told to be done before it is saved, or removed with the row by what was decided after it.",
    when: (step) => done(step).some(({ type }) => type !== "offer.refresh"),
    holds: (step) =>
      done(step).every((command) => {
        const { saved } = contextOf(step.after)
        const isSaved = answered(step, "open.storage.saving", "saved")
        if (command.type === "offer.refresh") return true
        if (answered(step, "open.storage.removing", "removed"))
          return contextOf(step.before).batch.some(({ command: each }) => each === command)
        switch (command.type) {
          case "offer.answer":
            return isSaved && saved?.answer?.peerId === command.peerId && saved.answer.at === command.at
          case "candidates.add":
            return (
              isSaved &&
              command.candidates.every((text) =>
                saved?.candidates.some(({ candidate, peerId }) => candidate === text && peerId === command.peerId)
              )
            )
          case "offer.delete":
            return false
        }
      })
  },
  {
    sentence: "Whoever is told that something was done hears when it was asked for, and whose offer it is.",
    when: (step) => isOpen(step.before) && done(step).length > 0,
    holds: (step) =>
      answers(step)
        .filter(({ type }) => type === "offer.done")
        .every(({ at, owner }, index) => {
          const owners = isEnd(step) ? ["owner", ""] : ["owner"]
          return at === done(step)[index]?.at && owners.includes(owner)
        })
  },
  {
    sentence: "When a refresh is done, what is known is not older than what it tells of.",
    when: (step) => isOpen(step.after) && done(step).some(({ type }) => type === "offer.refresh"),
    holds: (step) =>
      done(step).every(
        (each) => each.type !== "offer.refresh" || (contextOf(step.after).saved?.revision ?? 0) >= each.revision
      )
  },
  {
    sentence: "Candidates are at times of their own, rising, and none that is saved is lost by a change.",
    when: ({ after }) => isOpen(after) && contextOf(after).draft !== null,
    holds: ({ after }) => {
      const { draft, saved } = contextOf(after)
      const there = draft as OfferRecord
      const rises = there.candidates.every(
        ({ createdAt }, index) => index === 0 || createdAt > (there.candidates[index - 1] as Candidate).createdAt
      )
      return rises && same(there.candidates.slice(0, saved?.candidates.length), saved?.candidates)
    }
  },
  {
    sentence:
      "Only its owner and its answerer read candidates: those of the other side that are saved, later than they ask for.",
    when: ({ before, event }) => isOpen(before) && event.type === "candidates.read",
    holds: (step) => {
      const { peerId, since, at, requestId } = step.event
      const context = contextOf(step.before)
      const role = context.saved && roleOf(context.saved, peerId)
      const [told] = answers(step)
      if (isOver(context, at)) return same(told, { type: "offer.refused", requestId, refusal: "gone" })
      if (role === null) return same(told, { type: "offer.refused", requestId, refusal: "stranger" })
      const others = context.saved?.candidates.filter(
        (candidate) => candidate.role !== role && candidate.createdAt > since
      )
      return same(told, { type: "candidates.told", requestId, candidates: others })
    }
  },
  {
    sentence: "What is read without asking it is what it would have told.",
    when: ({ before, event }) => isOpen(before) && event.type === "candidates.read",
    holds: (step) => {
      const { peerId, since, at } = step.event
      const quiet = readQuietly(step.before, peerId, since, at)
      const [told] = answers(step)
      const context = contextOf(step.before)
      const isSoon = at >= context.spokenAt && at - context.spokenAt < restMs / 2 && !context.isStale
      return quiet === null ? !isSoon || told.type === "offer.refused" : same(quiet, told.candidates)
    }
  },
  {
    sentence:
      "Nothing is read without asking it after half of its time to rest, before it is there, or when it is over.",
    holds: ({ after }) => {
      const { spokenAt, saved } = contextOf(after)
      const late = [spokenAt - 1, spokenAt + restMs / 2, saved?.expiresAt ?? spokenAt]
      const isThere = isOpen(after)
      return (
        late.every((at) => readQuietly(after, "owner", 0, at) === null) &&
        readQuietly(after, "stranger", 0, spokenAt) === null &&
        (isThere || readQuietly(after, "owner", 0, spokenAt) === null)
      )
    }
  },
  {
    sentence: "It writes what is decided as one revision more, and answers with it what was decided by then.",
    when: (step) => isOpen(step.after) && step.did("saveRow").length > 0,
    holds: (step) => {
      const { saved, writing, writtenDraft, draft, batch, decided, spokenAt } = contextOf(step.after)
      const [{ before, after, at }] = step.did("saveRow") as any
      return (
        same(before, saved) &&
        same(after, writing) &&
        same(writing, { ...(draft as OfferRecord), revision: (saved as OfferRecord).revision + 1 }) &&
        same(writtenDraft, draft) &&
        at === spokenAt &&
        decided.length === 0 &&
        batch.length > 0
      )
    }
  },
  {
    sentence: "What was written is what the row says, without the answer's text.",
    when: (step) => answered(step, "open.storage.saving", "saved") && isOpen(step.after),
    holds: ({ before, after }) => {
      const { writing, draft, writtenDraft } = contextOf(before)
      const { saved, draft: left } = contextOf(after)
      const expected = withoutAnswerText(writing as OfferRecord)
      return same(saved, expected) && same(left, draft === writtenDraft ? expected : draft)
    }
  },
  {
    sentence: "It asks for the removal of what it knows of the row when its owner has deleted it.",
    when: (step) => isOpen(step.after) && step.did("removeRow").length > 0,
    holds: (step) => {
      const { draft, saved, batch, decided } = contextOf(step.after)
      const isAsked = batch.some(({ command, refusal }) => command.type === "offer.delete" && refusal === null)
      return draft === null && isAsked && decided.length === 0 && same(step.did("removeRow"), [{ before: saved }])
    }
  },
  {
    sentence: "What had to wait for the row has been heard when the step is over.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => storageOf(after) !== "rehearing"
  },
  {
    sentence: "When nothing is being written nothing is left to write or to answer.",
    when: ({ after }) => storageOf(after) === "settled",
    holds: ({ after }) => {
      const { saved, draft, batch, decided, isStale } = contextOf(after)
      return saved === draft && batch.length === 0 && decided.length === 0 && !isStale && !isLeaving(after)
    }
  },
  {
    sentence: "A row that is known to be another is read before anything is written.",
    when: ({ before, event }) => storageOf(before) === "settled" && isAbout(before, event),
    holds: (step) => storageOf(step.after) === "reloading" && step.did("loadRow").length === 1
  },
  {
    sentence: "A row of the revision that is known is read by nobody.",
    when: ({ before, event }) => isOpen(before) && "revision" in event && !isAbout(before, event),
    holds: (step) =>
      contextOf(step.after).isStale === contextOf(step.before).isStale &&
      (storageOf(step.before) !== "settled" || step.did("loadRow").length === 0)
  },
  {
    sentence: "It is known for stale until it has been read again.",
    when: ({ before, event }) => isOpen(before) && isAbout(before, event),
    holds: ({ after }) => contextOf(after).isStale || storageOf(after) === "reloading"
  },
  {
    sentence: "Whoever else has changed the row is heard: it is read again, and at when it was last spoken to.",
    when: (step) =>
      answered(step, "open.storage.saving", "conflict") || answered(step, "open.storage.removing", "conflict"),
    holds: (step) =>
      storageOf(step.after) === "reloading" &&
      same(step.did("loadRow"), [{ id, at: contextOf(step.before).spokenAt }]) &&
      answers(step).length === 0
  },
  {
    sentence: "What is read of the row is what it goes on with.",
    when: (step) => loaded(step) && isOpen(step.after),
    holds: (step) => {
      const { saved, isStale } = contextOf(step.after)
      const heard = heardIn(step)?.heard ?? []
      const isAhead = heard.some((each) => "revision" in each && each.revision > step.event.output.revision)
      // One that is known to be another is being read again already.
      return same(saved, step.event.output) && isStale === isAhead
    }
  },
  {
    sentence: "A fault of the database undoes what was to be done, tells everybody so, and is written down.",
    when: faulted,
    holds: (step) => {
      const { error } = step.event
      const operation = operations[asking(step.before) as string]
      const type = error.lasting === true ? "offer.broken" : "offer.unavailable"
      const open = waitingIn(step.before)
      const told = answers(step)
      const isTold =
        same(told.map(({ requestId }) => requestId).sort(), open) && told.every((each) => each.type === type)
      const { saved, draft, writing, writtenDraft } = contextOf(step.after)
      const isUndone = isEnd(step) || (storageOf(step.after) === "troubled" && saved === draft)
      return (
        isTold &&
        isUndone &&
        (isEnd(step) || (writing === null && writtenDraft === null)) &&
        same(step.did("record"), [{ name: "offer:error", operation, error }])
      )
    }
  },
  {
    sentence: "In trouble it asks to be told when to try again, and asks no more when it has tried.",
    when: ({ before, after }) => (storageOf(before) === "troubled") !== (storageOf(after) === "troubled"),
    holds: (step) => {
      const isTroubled = storageOf(step.after) === "troubled"
      const asked = step.did("requestDeadline").filter(({ event }) => event === "retry.due")
      const cancelled = step.did("cancelDeadline").filter(({ event }) => event === "retry.due")
      return isTroubled ? same(asked, [{ event: "retry.due", afterMs: retryMs }]) : cancelled.length > 0
    }
  },
  {
    sentence: "It tries again when it is told to, or when somebody asks.",
    when: ({ before, event }) => storageOf(before) === "troubled" && (event.type === "retry.due" || isCommand(event)),
    holds: (step) => storageOf(step.after) !== "troubled"
  },
  {
    sentence: "It looks at its clock when it may rest, or when it ends.",
    when: (step) =>
      isOpen(step.after) &&
      (step.before.value === "loading" ||
        (step.event.type === "life.due" && !isLeaving(step.before)) ||
        isLeaving(step.before) !== isLeaving(step.after)),
    holds: (step) => {
      const { saved, spokenAt } = contextOf(step.after)
      const end = (saved as OfferRecord).expiresAt
      const at = isLeaving(step.after) ? end : Math.min(end, spokenAt + restMs)
      const asked = step.did("requestDeadline").filter(({ event }) => event === "life.due")
      // Those that waited for the row are heard after the first look.
      const early = step.before.value === "loading" && !isLeaving(step.after) ? [Math.min(end, opened + restMs)] : []
      const last = asked.at(-1)
      return last !== undefined && (last.at === at || early.includes(last.at))
    }
  },
  {
    sentence: "It knows when it was last spoken to.",
    when: ({ before, event, after }) => isOpen(before) && isOpen(after) && isQuestion(event),
    holds: ({ event, after }) => contextOf(after).spokenAt === event.at
  },
  {
    sentence: "It goes to rest when nobody has spoken for long, or the server goes, and not before.",
    when: (step) => isOpen(step.before) && !isLeaving(step.before) && !lapsesIn(step),
    holds: (step) => {
      const { event, before, after } = step
      const isTime = event.type === "life.due" && event.at - contextOf(before).spokenAt >= restMs
      const mayLeave = isTime || event.type === "offer.rest"
      const isGone = answered(step, "open.storage.removing", "removed") || answered(step, "open.storage.reloading")
      if (!mayLeave) return !isLeaving(after) && (!isEnd(step) || isGone || isOverAtRetry(step))
      return isLeaving(after) || isEnd(step)
    }
  },
  {
    sentence: "At rest it ends as soon as nobody waits and nothing is to be written.",
    when: ({ after }) => isLeaving(after),
    holds: ({ after }) => storageOf(after) !== "settled"
  },
  {
    sentence:
      "At rest it does not look at its clock for nothing: before its time is over it goes on for those who wait.",
    when: ({ before, event }) => isLeaving(before) && event.type === "life.due" && !isOver(contextOf(before), event.at),
    holds: (step) => !isEnd(step)
  },
  {
    sentence: "It ends with its row, its life, or at rest, and at no other time.",
    when: (step) => isOpen(step.before),
    holds: (step) => {
      const isGone =
        answered(step, "open.storage.removing", "removed") ||
        (answered(step, "open.storage.reloading") && step.event.output === null)
      if (isGone || lapsesIn(step)) return step.after.status === "done"
      return !isEnd(step) || isLeaving(step.before) || isOverAtRetry(step) || mayEndNow(step)
    }
  },
  {
    sentence: "Whoever waits when it is over finds no offer; what it was asked to forget is done.",
    when: (step) => isOpen(step.before) && isEnd(step) && waitingIn(step.before).length > 0,
    holds: (step) => {
      const context = contextOf(step.before)
      const isRemoved = answered(step, "open.storage.removing", "removed")
      if (answered(step, "open.storage.saving", "saved") || (isLeaving(step.before) && loaded(step))) return true
      const asked = isRemoved ? context.decided : everyDecided(context)
      return asked.every(({ command }) => {
        const told = answers(step).find(({ requestId }) => requestId === command.requestId)
        if (command.type === "offer.refresh") return told.type === "offer.done"
        return told.refusal === (command.type === "offer.delete" ? "owner" : "gone")
      })
    }
  },
  {
    sentence: "Whoever deletes it hears that when the row is gone, with what was decided with it.",
    when: (step) => answered(step, "open.storage.removing", "removed"),
    holds: (step) =>
      contextOf(step.before).batch.every(({ command, refusal }) => {
        const told = answers(step).find(({ requestId }) => requestId === command.requestId)
        return refusal === null ? told.type === "offer.done" : told.refusal === refusal
      })
  },
  {
    sentence: "Where there is no row, whoever asked while it was looked for finds no offer.",
    when: (step) => answered(step, "loading") && step.event.output === null,
    holds: (step) =>
      isEnd(step) &&
      contextOf(step.before)
        .waiting.filter(isQuestion)
        .every((asked: any) => {
          const told = answers(step).find(({ requestId }) => requestId === asked.requestId)
          if (asked.type === "offer.refresh") return told.type === "offer.done"
          return told.refusal === (asked.type === "offer.delete" ? "owner" : "gone")
        })
  },
  {
    sentence: "Its deadline is cancelled when it ends.",
    when: (step) => isOpen(step.before) && isEnd(step),
    holds: (step) => step.did("cancelDeadline").some(({ event }) => event === "life.due")
  },
  {
    sentence: "A crash tells everybody who waits that there is no answer.",
    holds: ({ after }) => {
      const crash = offerCrash({ id, error: new Error("crash"), at: now, context: contextOf(after) })
      const told = crash.tell.map((delivery: any) => delivery.event)
      const open = waitingIn({ ...after, status: "active" })
      return (
        same(told.map(({ requestId }) => requestId).sort(), open) &&
        told.every(({ type }) => type === "offer.unavailable") &&
        offerCrash({ id, error: new Error("crash"), at: now, context: undefined }).tell.length === 0
      )
    }
  },
  {
    sentence: "It speaks to whoever has asked, by the name of its own address.",
    when: (step) => step.sent("desk").length > 0,
    holds: (step) => step.sent("desk").every(({ from, to }) => same(from, own) && to.id === "asker")
  }
]

/** The event tells of a row that is not what is known: a newer one, or, from another process, any other. */
const isAbout = (snapshot: any, event: any): boolean => {
  if (!("revision" in event)) return false
  const known = contextOf(snapshot).saved?.revision as number
  return event.type === "offer.refresh" ? event.revision > known : event.revision !== known
}
/** Its life was over when it was to try again. */
const isOverAtRetry = ({ before, event }: Step): boolean =>
  storageOf(before) === "troubled" && event.type === "retry.due" && isOver(contextOf(before), event.at)
/** It is to rest, and nobody waits. */
const mayEndNow = ({ before, event }: Step): boolean =>
  event.type === "offer.rest" || (event.type === "life.due" && event.at - contextOf(before).spokenAt >= restMs)

const settings = (): readonly Setting[] => {
  const replyTo = { kind: "desk", id: "asker" }
  let requests = 0
  const ask = (type: string, peerId: string, fields: object = {}, at = now) => ({
    type,
    peerId,
    requestId: ++requests,
    replyTo,
    at,
    ...fields
  })
  const answer = (peerId: string, secret: string | null, at = now) =>
    ask("offer.answer", peerId, { sdp: `of ${peerId}`, secret }, at)
  const add = (peerId: string, candidates: readonly string[], at = now) =>
    ask("candidates.add", peerId, { candidates }, at)
  const read = (peerId: string, since = 0, at = now) => ask("candidates.read", peerId, { since }, at)
  const remove = (peerId: string, at = now) => ask("offer.delete", peerId, {}, at)
  const refresh = (revision: number) => ask("offer.refresh", "", { revision })

  const answering = [answer("bob", "secret"), answer("eve", "secret"), answer("eve", "wrong"), answer("eve", null)]
  const adding = [add("owner", ["1"]), add("bob", ["2", "3"]), add("owner", ["4", "5", "6"]), add("eve", ["7"])]
  const reading = [
    read("owner"),
    read("bob", now + 2),
    read("bob", now + 3),
    read("eve"),
    read("owner", 0, now + restMs)
  ]
  const removing = [remove("owner"), remove("eve")]
  const late = livesUntil
  const tooLate = [
    answer("bob", "secret", late),
    add("owner", ["8"], late),
    remove("owner", late),
    read("owner", 0, late)
  ]
  const refreshing = [refresh(3), refresh(9), refresh(2)]
  const revised = [3, 9, null].map((revision) => ({ type: "record.revised", revision }))
  const rest = { type: "offer.rest" }

  /** The answers that the database may give now. */
  const results = (snapshot: any, rows: readonly (OfferRecord | null)[]) => {
    const actor = asking(snapshot)
    switch (actor) {
      case "open.storage.saving":
        return [ended(actor, "saved"), ended(actor, "conflict"), failed(actor), broken(actor)]
      case "open.storage.removing":
        return [ended(actor, "removed"), ended(actor, "conflict"), failed(actor), broken(actor)]
      case "loading":
      case "open.storage.reloading":
        return [...rows.map((found) => ended(actor, found)), failed(actor), broken(actor)]
      default:
        return []
    }
  }
  const looks = (snapshot: any) => {
    if (!isOpen(snapshot)) return []
    const { spokenAt, saved } = contextOf(snapshot)
    const end = (saved as OfferRecord).expiresAt
    return [now, spokenAt + restMs, end].map((at) => ({ type: "life.due", at }))
  }
  const retries = (snapshot: any) =>
    storageOf(snapshot) === "troubled" ? [now, livesUntil].map((at) => ({ type: "retry.due", at })) : []
  /** Only so many wait at once, and nobody asks the same twice before it is answered. */
  const few = (snapshot: any, events: readonly any[], atOnce: number) => {
    const waiting = waitingIn(snapshot)
    return waiting.length < atOnce ? events.filter(({ requestId }) => !waiting.includes(requestId)) : []
  }
  const good = (snapshot: any, rows: readonly (OfferRecord | null)[]) =>
    results(snapshot, rows).filter(({ type }) => type.startsWith("xstate.done"))

  const all: readonly Setting[] = [
    {
      name: "that nobody has answered",
      input,
      events: (snapshot) => [
        ...results(snapshot, [row(), null]),
        ...few(snapshot, [...answering, ...adding, ...reading, ...removing.slice(0, 1)], 2)
      ]
    },
    {
      name: "without a secret, that its owner deletes",
      input,
      events: (snapshot) => [
        ...results(snapshot, [row({ secret: null }), null]),
        ...few(snapshot, [answer1, ...removing, adding[0], reading[0], refreshing[0]], 3)
      ]
    },
    {
      name: "that is answered, and both sides have candidates",
      input,
      events: (snapshot) => [
        ...good(snapshot, [answeredRow]),
        ...few(snapshot, [answering[1], answering[2], ...adding, ...reading], 2)
      ]
    },
    {
      name: "that another process writes, too",
      input,
      events: (snapshot) => [
        ...results(snapshot, [row(), row({ ...answeredRow, revision: 9 }), null]),
        ...few(snapshot, [answering[0], adding[0], ...refreshing, removing[0], reading[0]], 2),
        ...(isOpen(snapshot) || snapshot.value === "loading" ? revised : [])
      ]
    },
    {
      name: "whose time comes",
      input,
      events: (snapshot) => [
        ...results(snapshot, [row()]),
        ...few(snapshot, [...tooLate, answering[0], removing[0], refreshing[0]], 1),
        ...looks(snapshot),
        ...retries(snapshot),
        rest
      ]
    },
    {
      name: "that rests while the database comes and goes",
      input: { ...input, at: opened },
      events: (snapshot) => [
        ...results(snapshot, [row(), null]),
        ...few(snapshot, [adding[0], answering[0], removing[0], reading[0]], 2),
        ...looks(snapshot).slice(1, 2),
        ...retries(snapshot).slice(0, 1)
      ]
    }
  ]
  return all
}

const answer1 = {
  type: "offer.answer",
  peerId: "bob",
  sdp: "of bob",
  secret: null,
  requestId: 500,
  replyTo: { kind: "desk", id: "asker" },
  at: now
}

const inBrief = (offer: OfferRecord | null) =>
  offer && [offer.answer?.peerId, offer.candidates.map(({ candidate }) => candidate), offer.revision > 8]

export const offer: Subject = {
  name: "offer",
  machine: offerMachine,
  adapters: {
    actions: ["requestDeadline", "cancelDeadline", "record"],
    promises: ["loadRow", "saveRow", "removeRow"]
  },
  settings,
  facts: (snapshot) => {
    const { saved, draft, batch, decided, waiting, isStale, spokenAt } = contextOf(snapshot)
    return [
      inBrief(saved),
      inBrief(draft),
      batch.map(({ command, refusal }) => [command.type, refusal]),
      decided.map(({ command, refusal }) => [command.type, refusal]),
      waiting.map(({ type }) => type).slice(0, 2),
      isStale,
      spokenAt > now + 1
    ]
  },
  laws
}
