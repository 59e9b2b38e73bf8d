import { readQuietly, roomMachine, type RoomContext } from "../../../src/machines/room.ts"
import { failure, reply, replyToOf, type Decided } from "../../../src/machines/roomMessages.ts"
import {
  newParticipant,
  peerOf,
  roleOf,
  withoutParticipant,
  withParticipant,
  type RoomRecord
} from "../../../src/machines/roomRecord.ts"
import type { Stage } from "../walking/stage.ts"
import { same, type Law, type Setting, type Step, type Subject } from "../walking/subject.ts"

const code = "ROOM22"
const opened = 1_000_000
const now = opened + 5
const timeToLiveMs = 60_000
const restMs = 10_000
const touchShare = 0.1
const retryMs = 5_000
const input = { code, at: opened, timeToLiveMs, restMs, touchShare, retryMs }

const host = newParticipant({ id: "host", alias: "host-alias" }, "Host")
const guest = newParticipant({ id: "guest", alias: "guest-alias" }, "Guest")
const row = (change: Partial<RoomRecord> = {}): RoomRecord => ({
  code,
  host,
  guest: null,
  expiresAt: opened + timeToLiveMs,
  ...change
})

const ended = (actor: string, output: unknown) => ({ type: `xstate.done.actor.0.room.${actor}`, output })
const failed = (actor: string) => ({ type: `xstate.error.actor.0.room.${actor}`, error: new Error("the database is away") })
const operations: Readonly<Record<string, string>> = {
  creating: "insert",
  loading: "load",
  "open.storage.saving": "save",
  "open.storage.removing": "remove",
  "open.storage.reloading": "load"
}

const storageOf = (snapshot: any): string | undefined => snapshot?.value.open?.storage
/** What the database is asked at the moment, by the state that asks. */
const asking = (snapshot: any): string | undefined => {
  if (typeof snapshot?.value === "string") return snapshot.value in operations ? snapshot.value : undefined
  const state = `open.storage.${storageOf(snapshot)}`
  return state in operations ? state : undefined
}
/** The database has answered what was asked. */
const answered = (step: Step, actor: string, output?: unknown): boolean =>
  asking(step.before) === actor &&
  step.event.type === `xstate.done.actor.0.room.${actor}` &&
  (output === undefined || step.event.output === output)
const faulted = (step: Step): boolean =>
  asking(step.before) !== undefined && step.event.type === `xstate.error.actor.0.room.${asking(step.before)}`
const loaded = (step: Step) =>
  (answered(step, "loading") || answered(step, "open.storage.reloading")) && step.event.output !== null

const isOpen = (snapshot: any): boolean => snapshot?.value.open !== undefined
const isEnd = (step: Step): boolean => step.before?.status === "active" && step.after.status === "done"

/** Those who wait for an answer. */
const questionsIn = (snapshot: any): number => {
  if (snapshot === undefined || snapshot.status === "done") return 0
  const { batch, decided, waiting, creation } = snapshot.context as RoomContext
  return (
    [...batch, ...decided].filter((each) => replyToOf(each) !== undefined).length +
    waiting.filter((event) => "replyTo" in event).length +
    (creation !== undefined && snapshot.value === "creating" ? 1 : 0)
  )
}
const answers = (step: Step) => step.told("asker")

// --- What a room makes of what it is told, apart from when it is saved

interface Meaning {
  readonly saved: RoomRecord | null
  readonly draft: RoomRecord | null
  readonly seated: readonly string[]
  readonly expiresAt: number
  readonly spokenAt: number
  readonly resting: boolean
  readonly closing: boolean
  readonly refusal?: string | null
}

const meaningOf = ({ context }: { context: RoomContext }): Meaning => {
  const { saved, draft, seated, expiresAt, spokenAt, resting, closing } = context
  return { saved, draft, seated, expiresAt, spokenAt, resting, closing }
}

const hear = (room: Meaning, event: any): Meaning => {
  const { participantId, at } = event
  const { draft, seated } = room
  const lapsed = seated.length === 0 && at >= room.expiresAt
  const touched = { ...room, expiresAt: Math.max(room.expiresAt, at + timeToLiveMs), spokenAt: at, resting: false }
  const inside = draft !== null && roleOf(draft, participantId) !== null
  const change = (changed: Parameters<typeof withParticipant>[2]): Meaning =>
    lapsed || !inside
      ? { ...room, refusal: "not-found" }
      : { ...touched, draft: withParticipant(draft as RoomRecord, participantId, changed), refusal: null }
  const stands = seated.filter((id) => id !== participantId)
  switch (event.type) {
    case "room.join":
      if (draft === null || lapsed) return { ...room, refusal: "not-found" }
      return draft.guest === null
        ? { ...touched, draft: { ...draft, guest: newParticipant(event.guest, event.name) }, refusal: null }
        : { ...room, refusal: "full" }
    case "room.ready":
      return change({ ready: true, fileCount: event.fileCount, totalBytes: event.totalBytes })
    case "room.chat":
      return change({ chat: event.active })
    case "room.attach":
      return change({})
    case "room.screenShare":
      return inside && !lapsed && event.active && peerOf(draft, participantId)?.screenShare === true
        ? { ...touched, refusal: "peer-sharing" }
        : change({ screenShare: event.active })
    case "seat.vacated":
      return inside
        ? { ...touched, draft: withoutParticipant(draft, participantId), seated: stands }
        : { ...room, seated: stands }
    case "seat.freed":
      return { ...room, seated: stands }
    case "seat.taken":
      return { ...room, resting: false, seated: seated.includes(participantId) ? seated : [...seated, participantId] }
    case "room.rest":
      return { ...room, closing: true }
    case "deadline":
      if (seated.length > 0) return room.expiresAt - at <= timeToLiveMs / 2 ? { ...room, expiresAt: at + timeToLiveMs } : room
      return !lapsed && at - room.spokenAt >= restMs ? { ...room, resting: true } : room
    case "room.poll":
      return lapsed || room.saved === null || roleOf(room.saved, participantId) === null ? room : touched
    default:
      return room
  }
}

/** How long the room lives, `expiresAt` of the room says, not that of its draft. */
const inPlain = ({ saved: _, refusal: __, draft, ...rest }: Meaning) => ({ ...rest, draft: draft && { ...draft, expiresAt: 0 } })

const commands = (each: readonly Decided[]) => each.map(({ command }) => command).filter(({ type }) => type !== "room.create")

/** What an open room should be after a step. */
const expectedMeaning = (step: Step): Meaning => {
  const { before, event, after } = step
  const context = before.context as RoomContext
  const room = meaningOf(before)
  if (answered(step, "creating")) return context.waiting.reduce(hear, { ...room, saved: context.writing, draft: context.writing })
  const found = { ...room, saved: event.output, draft: event.output }
  if (answered(step, "loading")) return context.waiting.reduce(hear, found)
  if (answered(step, "open.storage.reloading")) {
    return commands([...context.batch, ...context.decided]).reduce(hear, found)
  }
  if (faulted(step)) return { ...room, draft: context.saved }
  const heard = hear(room, event)
  const leavesTrouble = storageOf(before) === "troubled" && storageOf(after) !== "troubled"
  return leavesTrouble ? context.owed.reduce(hear, heard) : heard
}

const nextDeadline = ({ seated, expiresAt, spokenAt }: RoomContext): number =>
  seated.length > 0 ? expiresAt - timeToLiveMs / 2 : Math.min(expiresAt, spokenAt + restMs)

const laws: readonly Law[] = [
  {
    sentence: "A new room writes its row first, another reads its own.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did, effects }) => {
      const { creation, expiresAt } = after.context
      return (
        effects.length === 1 &&
        (creation === undefined
          ? same(did("loadRow"), [{ code, at: opened }])
          : same(did("insertRow"), [{ room: { code, host: newParticipant(creation.host, "Host"), guest: null, expiresAt } }]))
      )
    }
  },
  {
    sentence: "Before its row is known it keeps whatever comes, in order, and answers nobody.",
    when: (step) => ["creating", "loading"].includes(step.before?.value) && !step.event.type.startsWith("xstate."),
    holds: ({ before, event, after, effects }) =>
      effects.length === 0 &&
      after.value === before.value &&
      same(after.context.waiting, [...before.context.waiting, event])
  },
  {
    sentence: "Everybody who asks is answered once, and nobody is forgotten when the actor ends.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const asked = "replyTo" in step.event ? 1 : 0
      return answers(step).length + questionsIn(step.after) === questionsIn(step.before) + asked
    }
  },
  {
    sentence: "What counts as saved is what the database has said it holds.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { saved, writing } = step.before.context
      const written = answered(step, "creating", "inserted") || answered(step, "open.storage.saving", "saved")
      return same(step.after.context.saved, written ? writing : loaded(step) ? step.event.output : saved)
    }
  },
  {
    sentence: "No answer speaks of anything but what is saved, and of how long the room lives.",
    holds: (step) => {
      const { saved, expiresAt } = step.after.context
      return answers(step).every((answer) => {
        if (answer.type === "room.answered") {
          const life = answer.room.expiresAt
          const since = step.before?.context.expiresAt ?? 0
          return same({ ...answer.room, expiresAt: 0 }, { ...saved, expiresAt: 0 }) && since <= life && life <= expiresAt
        }
        if (answer.type !== "room.admitted") return true
        return (
          same(answer.participant, saved.host.id === answer.participant.id ? saved.host : saved.guest) &&
          same(answer.peer, peerOf(saved, answer.participant.id)) &&
          answer.role === roleOf(saved, answer.participant.id)
        )
      })
    }
  },
  {
    sentence: "When a save has succeeded all who waited for it are answered as it was decided, and when nothing is to be saved at once.",
    when: (step) => answered(step, "open.storage.saving", "saved"),
    holds: (step) => {
      const { batch } = step.before.context as RoomContext
      const { saved, expiresAt } = step.after.context
      const expected = batch.map((each) => reply(each, { ...saved, expiresAt })).filter((answer) => answer !== null)
      return same(answers(step).slice(0, expected.length), expected)
    }
  },
  {
    sentence: "A command is put in line with what was decided upon it.",
    when: ({ before, event, after }) =>
      isOpen(before) && isOpen(after) && /^room\.(join|ready|chat|attach|screenShare)$/.test(event.type),
    holds: (step) => {
      const { refusal } = hear(meaningOf(step.before), step.event)
      const mine = (snapshot: any) =>
        [...snapshot.context.batch, ...snapshot.context.decided].filter(({ command }) => command === step.event)
      const inLine = mine(step.after)
      if (inLine.length > mine(step.before).length) return inLine.at(-1).refusal === refusal
      const answer = answers(step).at(-1)
      if (refusal === null) return answer.type === "room.answered" || answer.type === "room.admitted"
      return answer.type === "room.denied" || answer.reason === refusal
    }
  },
  {
    sentence: "Somebody in it who polls is answered at once, from what is saved; others and who comes too late are not.",
    when: ({ before, event }) => isOpen(before) && event.type === "room.poll",
    holds: (step) => {
      const { saved, seated, expiresAt } = step.before.context as RoomContext
      const { event } = step
      const lapsed = seated.length === 0 && event.at >= expiresAt
      const inside = saved !== null && roleOf(saved, event.participantId) !== null
      const polled = answers(step).find(({ requestId }) => requestId === event.requestId)
      return polled?.type === (inside && !lapsed ? "room.answered" : "room.refused")
    }
  },
  {
    sentence: "What may be read of it without asking is what it would answer, and the poll would have moved nothing but clocks, by little.",
    when: ({ before, event }) => event.type === "room.poll" && before !== undefined && readQuietly(before, event.participantId, event.at) !== null,
    holds: (step) => {
      const read = readQuietly(step.before, step.event.participantId, step.event.at) as RoomRecord
      const [polled] = answers(step)
      const unmoved = (snapshot: any) => ({ value: snapshot.value, ...meaningOf(snapshot), expiresAt: 0, spokenAt: 0 })
      return (
        polled?.type === "room.answered" &&
        same({ ...polled.room, expiresAt: 0 }, { ...read, expiresAt: 0 }) &&
        polled.room.expiresAt - read.expiresAt < restMs / 10 &&
        same(unmoved(step.before), unmoved(step.after))
      )
    }
  },
  {
    sentence: "An expired room answers nobody who asks for anything.",
    when: ({ before, event }) =>
      isOpen(before) && event.type.startsWith("room.") && before.context.seated.length === 0 && event.at >= before.context.expiresAt,
    holds: ({ before, after }) =>
      same(after.context.draft, before.context.draft) && after.context.expiresAt === before.context.expiresAt
  },
  {
    sentence: "It is what it has been told: who is in it, what they have and want, who is seated, how long it lives.",
    when: (step) => step.before !== undefined && (isOpen(step.after) || (isOpen(step.before) && !isEnd(step))),
    holds: (step) => {
      return same(inPlain(meaningOf(step.after)), inPlain(expectedMeaning(step)))
    }
  },
  {
    sentence: "It waits with a host alone, is paired with a guest, ready with a guest and something on offer, and empty without anybody.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => {
      const { draft } = after.context as RoomContext
      const occupancy =
        draft === null ? "empty" : draft.guest === null ? "waiting" : draft.host.ready || draft.guest.ready ? "ready" : "paired"
      return after.value.open.occupancy === occupancy
    }
  },
  {
    sentence: "It is attended exactly while a transfer seat is taken.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => (after.value.open.attendance === "attended") === after.context.seated.length > 0
  },
  {
    sentence: "Never two things are asked of the database at once, and each is asked once.",
    holds: (step) => {
      const asked = ["loadRow", "insertRow", "saveRow", "removeRow"].flatMap((name) => step.did(name))
      const pending = asking(step.before) !== undefined && !step.event.type.startsWith("xstate.")
      return asked.length <= (pending ? 0 : 1) && (asked.length === 1) === (!pending && asking(step.after) !== undefined)
    }
  },
  {
    sentence: "A write puts the draft over what is saved, and carries all that was decided upon it.",
    when: ({ did }) => did("saveRow").length + did("removeRow").length > 0,
    holds: (step) => {
      const { saved, draft, expiresAt, decided, writing } = step.after.context as RoomContext
      const asked =
        writing === null
          ? same(step.did("removeRow"), [{ before: saved }])
          : same(step.did("saveRow"), [{ before: saved, after: writing }])
      // Of several that are heard in one step, those behind the one that starts a write wait for the next.
      if (!isOpen(step.before) || answered(step, "open.storage.reloading") || storageOf(step.before) === "troubled") return asked
      return asked && decided.length === 0 && same(writing, draft && { ...draft, expiresAt })
    }
  },
  {
    sentence: "A row that somebody else has changed is read again.",
    when: (step) => step.event.output === "conflict" && asking(step.before) !== undefined && step.event.type.includes(asking(step.before) as string),
    holds: (step) =>
      storageOf(step.after) === "reloading" && same(step.did("loadRow"), [{ code, at: step.before.context.spokenAt }])
  },
  {
    sentence: "When the database fails the change is undone and its askers told; it is tried again after a while.",
    when: (step) => isOpen(step.before) && faulted(step),
    holds: (step) => {
      const { batch, decided, owed } = step.before.context as RoomContext
      const all = [...batch, ...decided]
      const expected = all.map(failure).filter((answer) => answer !== null)
      const vacated = all.map(({ command }) => command).filter(({ type }) => type === "seat.vacated")
      return (
        storageOf(step.after) === "troubled" &&
        same(answers(step), expected) &&
        same(step.after.context.owed, [...owed, ...vacated]) &&
        same(
          step.did("requestDeadline").filter((deadline) => "afterMs" in deadline),
          [{ afterMs: retryMs }]
        )
      )
    }
  },
  {
    sentence: "A room in trouble tries again when something is to be decided or the time has come, and repeats who has left.",
    when: (step) => storageOf(step.before) === "troubled" && !isEnd(step),
    holds: (step) => {
      const { type } = step.event
      const tries = /^(room\.(join|ready|chat|attach|screenShare)|deadline)$/.test(type) || (type === "seat.vacated" && roleOf(step.before.context.draft ?? row(), step.event.participantId) !== null)
      const stays = storageOf(step.after) === "troubled"
      return stays ? !tries && same(step.after.context.owed, step.before.context.owed) : tries && step.after.context.owed.length === 0
    }
  },
  {
    sentence: "A settled room owes nothing: no change, no answer, no extension that has grown large or that it would take to its rest.",
    when: ({ after }) => storageOf(after) === "settled",
    holds: ({ after }) => {
      const { saved, draft, expiresAt, decided, resting, closing, owed } = after.context as RoomContext
      const extension = expiresAt - (saved as RoomRecord).expiresAt
      return (
        same(draft, saved) &&
        decided.length === 0 &&
        extension < touchShare * timeToLiveMs &&
        !(resting || closing) &&
        owed.length === 0
      )
    }
  },
  {
    sentence: "Nothing is written for an extension that is small while somebody may still speak.",
    // What was said while the row was read again is heard only after that, when the write has begun.
    when: (step) => {
      const { draft, saved } = step.after.context
      const onlyExtends = same({ ...draft, expiresAt: 0 }, { ...saved, expiresAt: 0 })
      return step.did("saveRow").length > 0 && onlyExtends && !answered(step, "open.storage.reloading")
    },
    holds: ({ after }) => {
      const { saved, draft, expiresAt, resting, closing, batch } = after.context as RoomContext
      const extension = expiresAt - (saved as RoomRecord).expiresAt
      return draft !== saved || batch.length > 0 || extension >= touchShare * timeToLiveMs || ((resting || closing) && extension > 0)
    }
  },
  {
    sentence: "Nothing is written over a row that is as it should be.",
    when: (step) => {
      if (!loaded(step)) return false
      const { saved, expiresAt, resting, closing } = step.after.context as RoomContext
      const { batch, decided } = step.before.context as RoomContext
      const found = { ...meaningOf(step.after), draft: saved }
      const asksNothing = commands([...batch, ...decided]).every((command) => same(hear(found, command).draft, saved))
      const owes = expiresAt - (saved?.expiresAt ?? 0) >= touchShare * timeToLiveMs
      return isOpen(step.before) && asksNothing && !owes && !resting && !closing && !step.before.context.resting
    },
    holds: ({ did }) => did("saveRow").length === 0
  },
  {
    sentence: "It looks at its clock when somebody takes the first seat or gives up the last, when it opens, and each time it has looked.",
    when: ({ before, after }) => before !== undefined && isOpen(after),
    holds: (step) => {
      const wasAttended = step.before.value.open?.attendance
      const isAttended = step.after.value.open.attendance
      const rests =
        step.event.type === "deadline" && wasAttended === "unattended" && step.event.at - step.before.context.spokenAt >= restMs
      const looks = step.did("requestDeadline").filter((deadline) => "at" in deadline)
      const expected = wasAttended !== isAttended || (step.event.type === "deadline" && isOpen(step.before) && !rests)
      if (!expected) return looks.length === 0 || (step.event.type === "deadline" && rests)
      // What has waited until it opened is heard after that, and may put the next look off.
      const opens = !isOpen(step.before)
      const next = nextDeadline(step.after.context)
      return looks.length > 0 && (opens ? looks.at(-1).at <= next : looks.at(-1).at === next)
    }
  },
  {
    sentence: "A room that opens asks who sits in its transfer flight, unless it is new.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      same(
        step.told("flights"),
        answered(step, "loading") && step.event.output !== null
          ? [{ type: "child.tell", id: `${code}/transfer`, event: { type: "seats.asked", replyTo: "actor" } }]
          : []
      )
  },
  {
    sentence: "Every fault of the database is told of by what was asked, and nothing else is.",
    holds: (step) =>
      same(
        step.did("record"),
        faulted(step)
          ? [
              {
                name: "room:error",
                roomCode: code,
                operation: operations[asking(step.before) as string],
                error: step.event.error
              }
            ]
          : []
      )
  },
  {
    sentence: "A room that could not be made or read tells its askers which it was.",
    when: (step) =>
      typeof step.before?.value === "string" && isEnd(step) && !answered(step, "creating", "inserted") && !loaded(step),
    holds: (step) => {
      const { waiting } = step.before.context as RoomContext
      const denies = step.before.value === "loading" && !faulted(step)
      const creation = step.before.value === "creating" ? [answered(step, "creating") ? "room.codeTaken" : "room.unavailable"] : []
      const types = waiting
        .filter((event) => "replyTo" in event)
        .map(({ type }) =>
          type === "room.attach" ? (denies ? "room.denied" : "room.failed") : denies ? "room.refused" : "room.unavailable"
        )
      return same(answers(step).map(({ type }) => type), [...creation, ...types])
    }
  },
  {
    sentence: "It ends when its row is gone or it has expired, or at rest, when nothing is owed; and looks at no clock then.",
    when: (step) => isOpen(step.before) && isEnd(step),
    holds: (step) => {
      const { draft, saved, expiresAt, owed, resting, closing, seated } = step.after.context as RoomContext
      const removed = answered(step, "open.storage.removing", "removed")
      const vanished = answered(step, "open.storage.reloading") && step.event.output === null
      const lapsed = step.event.type === "deadline" && step.before.context.seated.length === 0 && step.event.at >= step.before.context.expiresAt
      const rests = (resting || closing) && same(draft, saved) && saved?.expiresAt === expiresAt && owed.length === 0
      return (removed || vanished || lapsed || (rests && (closing || seated.length === 0))) && step.did("cancelDeadline").length === 1
    }
  },
  {
    sentence: "It ends with its row, its life or its last visitor's word, and does not live on.",
    when: (step) => isOpen(step.before),
    holds: (step) => {
      const removed = answered(step, "open.storage.removing", "removed")
      const vanished = answered(step, "open.storage.reloading") && step.event.output === null
      const lapsed = step.event.type === "deadline" && step.before.context.seated.length === 0 && step.event.at >= step.before.context.expiresAt
      return !(removed || vanished || lapsed) || step.after.status === "done"
    }
  }
]

const settings = (stage: Stage): readonly Setting[] => {
  const replyTo = stage.extra("asker")
  let requests = 0
  const ask = (type: string, fields: object = {}, at = now) => ({ type, requestId: ++requests, replyTo, at, ...fields })
  const attach = (participantId: string, at = now) => ({
    type: "room.attach",
    attempt: ++requests,
    channel: "transfer",
    participantId,
    at,
    replyTo
  })
  const joiner = { guest: { id: "guest", alias: "guest-alias" }, name: "Guest" }
  const join = ask("room.join", joiner)
  const poll = (participantId: string) => ask("room.poll", { participantId })
  const ready = (participantId: string) => ask("room.ready", { participantId, fileCount: 2, totalBytes: 30 })
  const flag = (type: string, participantId: string, active: boolean) => ask(type, { participantId, active })
  const vacated = (participantId: string) => ({ type: "seat.vacated", participantId, at: now })
  const taken = (participantId: string) => ({ type: "seat.taken", participantId })
  const freed = (participantId: string) => ({ type: "seat.freed", participantId })
  const polls = { host: poll("host"), guest: poll("guest"), stranger: poll("stranger") }
  const attaches = { host: attach("host"), stranger: attach("stranger") }
  const readies = { host: ready("host"), guest: ready("guest"), stranger: ready("stranger") }
  const rest = { type: "room.rest" }

  /** The answers that the database may give now. */
  const results = (snapshot: any, rows: readonly (RoomRecord | null)[]) => {
    const actor = asking(snapshot)
    switch (actor) {
      case "creating":
        return [ended(actor, "inserted"), ended(actor, "taken"), failed(actor)]
      case "open.storage.saving":
        return [ended(actor, "saved"), ended(actor, "conflict"), failed(actor)]
      case "open.storage.removing":
        return [ended(actor, "removed"), ended(actor, "conflict"), failed(actor)]
      case "loading":
      case "open.storage.reloading":
        return [...rows.map((found) => ended(actor, found)), failed(actor)]
      default:
        return []
    }
  }
  /** Questions that come when nobody may ask any more, each with its own time. */
  const tooLate = ({ context }: { context: RoomContext }) => {
    const at = context.expiresAt
    return [
      ask("room.join", joiner, at),
      ask("room.ready", { participantId: "host", fileCount: 0, totalBytes: 0 }, at),
      ask("room.chat", { participantId: "host", active: true }, at),
      ask("room.screenShare", { participantId: "host", active: true }, at),
      ask("room.poll", { participantId: "host" }, at),
      attach("host", at)
    ].map((event) => ({ ...event, requestId: 900, ...("attempt" in event ? { attempt: 900 } : {}) }))
  }
  const looks = ({ context }: { context: RoomContext }) => [
    { type: "deadline", at: now },
    { type: "deadline", at: context.spokenAt + restMs },
    { type: "deadline", at: context.expiresAt - timeToLiveMs / 2 },
    { type: "deadline", at: context.expiresAt }
  ]
  const few = (snapshot: any, events: readonly any[]) =>
    // Only so many wait at once: one more is like the last.
    questionsIn(snapshot) < 3 ? events : events.filter((event) => !("replyTo" in event))
  const alone = row()
  const both = row({ guest })

  return [
    {
      name: "new",
      input: { ...input, creation: { host: { id: "host", alias: "host-alias" }, name: "Host", requestId: 1, replyTo } },
      events: (snapshot) => [
        ...results(snapshot, [alone, null]),
        ...few(snapshot, [join, polls.host, polls.stranger, attaches.host, readies.host]),
        vacated("host"),
        rest
      ]
    },
    {
      name: "with a host alone",
      input,
      events: (snapshot) => [
        ...results(snapshot, [alone, both, null]),
        ...few(snapshot, [join, readies.host, polls.host, polls.stranger, attaches.stranger]),
        vacated("host"),
        rest
      ]
    },
    {
      name: "with both, who come and go",
      input,
      events: (snapshot) => [
        ...results(snapshot, [both, row({ host: guest })]),
        ...few(snapshot, [join, readies.guest, readies.stranger, polls.guest]),
        vacated("host"),
        vacated("guest"),
        { type: "deadline", at: now }
      ]
    },
    {
      name: "with both, who want channels",
      input,
      events: (snapshot) => [
        ...results(snapshot, [both]).filter(({ type, ...result }) => !("output" in result) || result.output !== "conflict"),
        ...few(snapshot, [
          ...["host", "guest", "stranger"].flatMap((id) => [
            flagOf("room.screenShare", id, true),
            flagOf("room.screenShare", id, false)
          ]),
          flagOf("room.chat", "host", true),
          flagOf("room.chat", "stranger", true),
          attaches.host
        ])
      ]
    },
    {
      name: "attended and left alone",
      input,
      events: (snapshot) => {
        const answers = results(snapshot, [both]).filter((result) => !("output" in result) || result.output !== "conflict")
        if (!isOpen(snapshot)) return [...answers, taken("host")]
        return [
          ...answers.filter(({ type }) => type.startsWith("xstate.done")),
          taken("host"),
          vacated("host"),
          taken("guest"),
          freed("guest"),
          ...looks(snapshot),
          ...(questionsIn(snapshot) === 0 ? tooLate(snapshot) : [])
        ]
      }
    },
    {
      name: "at rest while the database comes and goes",
      input,
      events: (snapshot) => [
        ...results(snapshot, [alone]),
        taken("host"),
        ...(isOpen(snapshot) ? looks(snapshot) : []),
        ...few(snapshot, [polls.host, attaches.host]),
        vacated("host"),
        rest
      ]
    }
  ]

  function flagOf(type: string, participantId: string, active: boolean) {
    const key = `${type} ${participantId} ${active}`
    const known = flags.get(key)
    if (known !== undefined) return known
    const made = flag(type, participantId, active)
    flags.set(key, made)
    return made
  }
}
const flags = new Map<string, any>()

const inBrief = (record: RoomRecord | null) =>
  record && [record.host, record.guest].map((one) => one && [one.id, one.ready, one.screenShare, one.chat])

export const room: Subject = {
  name: "room",
  machine: roomMachine,
  adapters: {
    actions: ["requestDeadline", "cancelDeadline", "record"],
    promises: ["loadRow", "insertRow", "saveRow", "removeRow"]
  },
  settings,
  facts: ({ context }: { context: RoomContext }) => {
    const { saved, draft, expiresAt, writing, batch, decided, waiting, owed, seated, resting, closing } = context
    const extension = saved === null ? 0 : expiresAt - saved.expiresAt
    return [
      inBrief(draft),
      same(draft, saved),
      writing !== null,
      batch.length > 0,
      decided.length > 0,
      waiting.map(({ type }) => type).slice(0, 2),
      owed.length > 0,
      seated,
      resting,
      closing,
      extension >= touchShare * timeToLiveMs ? "large" : extension > 0 ? "small" : "none"
    ]
  },
  laws
}
