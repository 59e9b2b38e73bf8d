import { readQuietly, roomMachine } from "../../../../../src/machines/dropsilk/room/room.ts"
import type { RoomContext } from "../../../../../src/machines/dropsilk/room/roomContext.ts"
import { type Around, type LastWord, withWord } from "../../../../../src/machines/dropsilk/room/roomHearing.ts"
import { type Decided, failure, reply, replyToOf } from "../../../../../src/machines/dropsilk/room/roomMessages.ts"
import {
  mayReturn,
  newParticipant,
  type Participant,
  participantsOf,
  peerOf,
  type RoomRecord,
  roleOf,
  withoutParticipant,
  withParticipant,
  withReturned
} from "../../../../../src/machines/dropsilk/room/roomRecord.ts"
import { roomCrash } from "../../../../../src/machines/dropsilk/room/roomSetup.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const code = "ROOM22"
const own = { kind: "rooms", id: code }
const opened = 1_000_000
const now = opened + 5
const timeToLiveMs = 60_000
const restMs = 10_000
const touchShare = 0.1
const retryMs = 5_000
const listeningSince = opened - 100
const returnMs = 3_000
const reloadMs = 500
const silenceMs = 9_000
const input = {
  code,
  at: opened,
  settings: {
    listeningSince,
    returnMs,
    returners: 2,
    reloadMs,
    silenceMs,
    timeToLiveMs,
    restMs,
    touchShare,
    retryMs
  }
}
const home = "192.0.2.1"
const elsewhere = "192.0.2.9"

const host = newParticipant({ id: "host", alias: "host-alias" }, "Host")
const guest = newParticipant({ id: "guest", alias: "guest-alias" }, "Guest")
const row = (change: Partial<RoomRecord> = {}): RoomRecord => ({
  code,
  host,
  guest: null,
  departed: [],
  expiresAt: opened + timeToLiveMs,
  ...change
})
/** As it is read: what was heard while there was no server is older than it. */
const read = (room: RoomRecord, from = home) => ({
  room,
  words: participantsOf(room).map(({ id }) => ({
    participantId: id,
    at: listeningSince - 50,
    address: from,
    firstAddress: from
  }))
})

const ended = (actor: string, output: unknown) => ({ type: `xstate.done.actor.0.room.${actor}`, output })
const failed = (actor: string) => ({
  type: `xstate.error.actor.0.room.${actor}`,
  error: new Error("the database is away")
})
/** Until somebody has seen to it. */
const refused = (actor: string) => ({
  type: `xstate.error.actor.0.room.${actor}`,
  error: Object.assign(new Error("the database refuses"), { lasting: true })
})
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
const attendanceOf = (snapshot: any): string | undefined => snapshot?.value.open?.attendance
const isVacant = (snapshot: any): boolean => snapshot?.value.open?.occupancy === "vacant"
const isTroubled = (snapshot: any): boolean => storageOf(snapshot) === "troubled"
/** It goes as soon as it can. */
const isEnding = (snapshot: any): boolean => ["resting", "closing"].includes(attendanceOf(snapshot) ?? "")
const isEnd = (step: Step): boolean => step.before?.status === "active" && step.after.status === "done"

/** Those who wait for an answer. */
const questionsIn = (snapshot: any): number => {
  if (snapshot === undefined || snapshot.status === "done") return 0
  const { batch, decided, waiting, creation } = snapshot.context as RoomContext
  return (
    [...batch, ...decided].filter((each) => replyToOf(each) !== undefined).length +
    waiting.filter(isQuestion).length +
    (creation !== undefined && snapshot.value === "creating" ? 1 : 0)
  )
}
const answers = (step: Step) => step.told("asker")
/** An invitation is a question that nobody waits for. */
const isQuestion = (event: any): boolean => "replyTo" in event && event.type !== "room.invite"

// --- What a room makes of what it is told, apart from when it is saved

interface Meaning {
  readonly saved: RoomRecord | null
  readonly draft: RoomRecord | null
  readonly seated: readonly string[]
  readonly sideSeats: readonly { readonly participantId: string; readonly channel: string }[]
  readonly words: readonly LastWord[]
  readonly expiresAt: number
  readonly spokenAt: number
  readonly resting: boolean
  readonly closing: boolean
  readonly restedAt: number
  readonly returnMs: number
  readonly returners: number
  /** Who has left, as far as that is not saved. */
  readonly facts: readonly any[]
  /** What a command is put in line with; undefined: it is not put in line. */
  readonly refusal?: string | null
  readonly asksAround?: boolean
}

const factsIn = ({ batch, decided, owed }: RoomContext): readonly any[] => [
  ...owed,
  ...[...batch, ...decided].map(({ command }) => command).filter(({ type }) => type === "seat.vacated")
]
/** Those of them that the row does not know. */
const owedIn = (context: RoomContext): readonly any[] =>
  factsIn(context).filter(({ participantId }) => roleOf(context.saved as RoomRecord, participantId) !== null)
const meaningOf = (snapshot: any): Meaning => {
  const { saved, draft, seated, sideSeats, words, expiresAt, spokenAt, restedAt, settings }: RoomContext =
    snapshot.context
  const { returnMs, returners } = settings
  const known = { saved, draft, seated, sideSeats, words, expiresAt, spokenAt, restedAt, returnMs, returners }
  const attendance = attendanceOf(snapshot)
  return {
    ...known,
    resting: attendance === "resting",
    closing: attendance === "closing",
    facts: factsIn(snapshot.context)
  }
}

/** A seat keeps a room alive, but not one that nobody is in. */
const isKept = ({ seated, draft }: Pick<Meaning, "seated" | "draft">): boolean =>
  seated.length > 0 && draft?.host !== null

/** What may be told of the room. */
const toldOf = ({
  saved,
  facts,
  ...remembrance
}: Pick<Meaning, "saved" | "facts" | "returnMs" | "returners">): RoomRecord | null =>
  facts.reduce((room, { participantId, at }) => room && withoutParticipant(room, participantId, at, remembrance), saved)

/** What may have been told in this step: some of those who have left may have been heard of only after the answer. */
const toldIn = (step: Step): readonly (RoomRecord | null)[] => {
  const { before, after } = step
  const room = meaningOf(after)
  const { facts } = room
  const isReheard = !isOpen(before) || answered(step, "open.storage.reloading")
  const known = !isReheard ? factsIn(before.context).filter((fact) => facts.includes(fact)).length : 0
  return facts
    .map((_, at) => facts.slice(0, at))
    .concat([facts])
    .slice(known)
    .map((heard) => toldOf({ ...room, facts: heard }))
}

/** Whether a newcomer may take somebody for gone. */
const isGone = (
  room: Meaning,
  { id, name }: Participant,
  newcomer: any,
  around: readonly Around[]
): "reload" | "near" | "long" | null => {
  const written = room.words.find(({ participantId }) => participantId === id)
  if (written === undefined) return null
  const polled = newcomer.polled.find((poll: { participantId: string }) => poll.participantId === id)?.at ?? 0
  const word = { ...written, at: Math.max(written.at, polled) }
  if (room.seated.includes(id) || room.sideSeats.some(({ participantId }) => participantId === id)) return null
  const near =
    newcomer.address !== "unknown" && (word.address === newcomer.address || word.firstAddress === newcomer.address)
  const socket = around.find(({ participantId }) => participantId === id)
  const silent = newcomer.at - word.at
  const isOwn = socket === undefined || socket.since > word.at || (socket.sockets === 1 && silent >= reloadMs)
  if (near && name === newcomer.name && isOwn) return "reload"
  if (socket !== undefined) return null
  if (near && silent >= reloadMs) return "near"
  return silent >= silenceMs ? "long" : null
}
const goneIn = (room: Meaning, newcomer: any, around: readonly Around[]): Participant | undefined => {
  const wordOf = ({ id }: Participant) =>
    Math.max(
      ...[...room.words, ...newcomer.polled].filter(({ participantId }) => participantId === id).map(({ at }) => at)
    )
  const inside = [...participantsOf(room.draft as RoomRecord)].sort((one, other) => wordOf(one) - wordOf(other))
  return ["reload", "near", "long"]
    .flatMap((reason) => inside.filter((each) => isGone(room, each, newcomer, around) === reason))
    .at(0)
}

const hear = (room: Meaning, event: any): Meaning => {
  const { participantId, at, address } = event
  const { draft, seated } = room
  const lapsed = !isKept(room) && at >= room.expiresAt
  const touch = (before: Meaning): Meaning => ({
    ...before,
    expiresAt: Math.max(before.expiresAt, at + timeToLiveMs),
    spokenAt: at,
    resting: before.resting && at < before.restedAt
  })
  const say = (before: Meaning, id = participantId): Meaning => ({
    ...touch(before),
    words: withWord(before.words, { participantId: id, at, address })
  })
  const inside = draft !== null && roleOf(draft, participantId) !== null
  const returns = !inside && draft !== null && mayReturn(draft, participantId, at, returnMs)
  const change = (changed: Parameters<typeof withParticipant>[2], comesBack: boolean): Meaning => {
    if (lapsed || !(inside || (comesBack && returns))) return { ...room, refusal: "not-found" }
    const there = inside ? (draft as RoomRecord) : withReturned(draft as RoomRecord, participantId)
    return { ...say(room), draft: withParticipant(there, participantId, changed), refusal: null }
  }
  const stands = seated.filter((id) => id !== participantId)
  const sideSeats = room.sideSeats.filter(
    (seat) => seat.participantId !== participantId || seat.channel !== event.channel
  )
  switch (event.type) {
    case "room.join": {
      if (draft === null || draft.host === null || lapsed) return { ...room, refusal: "not-found" }
      const admitted = (there: RoomRecord, before: Meaning): Meaning => ({
        ...say(before, event.guest.id),
        draft: { ...there, guest: newParticipant(event.guest, event.name) },
        refusal: null
      })
      if (draft.guest === null) return admitted(draft, room)
      if (event.around === null && goneIn(room, event, []) !== undefined) return { ...room, asksAround: true }
      const gone = event.around === null ? undefined : goneIn(room, event, event.around)
      if (gone === undefined) return { ...room, refusal: "full" }
      const without = withoutParticipant(draft, gone.id, at, room) as RoomRecord
      return admitted(without, {
        ...room,
        words: room.words.filter((word) => roleOf(without, word.participantId) !== null)
      })
    }
    case "room.ready":
      return change({ ready: true, fileCount: event.fileCount, totalBytes: event.totalBytes }, true)
    case "room.chat":
      return change({ chat: event.active }, false)
    case "room.attach":
      return change({}, true)
    case "room.screenShare":
      return inside && !lapsed && event.active && peerOf(draft, participantId)?.screenShare === true
        ? { ...say(room), refusal: "peer-sharing" }
        : change({ screenShare: event.active }, false)
    case "room.poll": {
      const told = toldOf(room)
      if (lapsed) return room
      if (told !== null && roleOf(told, participantId) !== null) return say(room)
      return inside || returns ? change({}, true) : room
    }
    case "seat.vacated": {
      if (!inside) return { ...room, seated: stands }
      const left = withoutParticipant(draft, participantId, at, room)
      const words = room.words.filter((word) => left !== null && roleOf(left, word.participantId) !== null)
      const touched = { ...touch(room), draft: left, words, seated: stands, facts: [...room.facts, event] }
      return left?.host === null ? { ...touched, expiresAt: at + returnMs } : touched
    }
    case "seat.freed":
      return { ...room, seated: stands }
    case "seat.taken":
      return { ...room, resting: false, seated: seated.includes(participantId) ? seated : [...seated, participantId] }
    case "sideSeat.taken":
      return { ...room, sideSeats: [...sideSeats, { participantId, channel: event.channel }] }
    case "sideSeat.freed":
      return { ...room, sideSeats }
    case "room.rest":
      return { ...room, closing: true, resting: false }
    case "life.due":
      if (isKept(room))
        return room.expiresAt - at <= timeToLiveMs / 2 ? { ...room, expiresAt: at + timeToLiveMs } : room
      if (seated.length > 0 || room.resting || room.closing) return room
      return !lapsed && at - room.spokenAt >= restMs ? { ...room, resting: true, restedAt: at } : room
    default:
      return room
  }
}

/** How long the room lives, `expiresAt` of the room says, not that of its draft. */
const inPlain = ({ saved: _, refusal: __, asksAround: ___, facts: ____, draft, ...rest }: Meaning) => ({
  ...rest,
  draft: draft && { ...draft, expiresAt: 0 }
})

const commands = (each: readonly Decided[]) =>
  each.map(({ command }) => command).filter(({ type }) => type !== "room.create")

/** A room as it has been read. */
const found = (room: Meaning, { room: record, words }: { room: RoomRecord; words: readonly LastWord[] }): Meaning => ({
  ...room,
  saved: record,
  draft: record,
  facts: [],
  words: participantsOf(record).map(({ id }) => {
    const word = [...room.words, ...words].find(({ participantId }) => participantId === id)
    const known = word ?? { participantId: id, at: 0, address: "", firstAddress: "" }
    return { ...known, at: Math.max(known.at, listeningSince) }
  }),
  expiresAt: record.host === null ? record.expiresAt : Math.max(room.expiresAt, record.expiresAt)
})

/** What an open room should be after a step. */
const expectedMeaning = (step: Step): Meaning => {
  const { before, event, after } = step
  const context = before.context as RoomContext
  const room = meaningOf(before)
  if (answered(step, "creating"))
    return context.waiting.reduce(hear, { ...room, saved: context.writing, draft: context.writing })
  if (answered(step, "loading")) return context.waiting.reduce(hear, found(room, event.output))
  if (answered(step, "open.storage.reloading")) {
    return commands([...context.batch, ...context.decided]).reduce(hear, found(room, event.output))
  }
  if (faulted(step)) {
    const { saved, expiresAt } = context
    const draft = toldOf({ ...room, facts: owedIn(context) })
    return {
      ...room,
      draft,
      expiresAt: saved!.host === null ? saved!.expiresAt : Math.max(expiresAt, saved!.expiresAt)
    }
  }
  const heard = hear(room, event)
  // While it could not be written that nobody is in it any more, it lived on.
  const writes = storageOf(before) === "troubled" && storageOf(after) !== "troubled" && heard.draft?.host === null
  return writes ? { ...heard, expiresAt: heard.draft!.departed.at(-1)!.at + returnMs } : heard
}

/** When an open room looks at its clock next; a rest that is not for it, or that it is at, it does not wait for. */
const nextLook = ({ before, after, event }: Step): number => {
  const { draft, seated, expiresAt, spokenAt } = after.context as RoomContext
  if (isKept({ draft, seated })) return expiresAt - timeToLiveMs / 2
  const isOverdue = event.type === "life.due" && event.at >= spokenAt + restMs
  const goesToRest = attendanceOf(before) !== "resting" && attendanceOf(after) === "resting"
  return isOverdue || goesToRest ? expiresAt : Math.min(expiresAt, spokenAt + restMs)
}
/** The times that were asked for under a name. */
const requests = (step: Step, event: string): readonly any[] =>
  step.did("requestDeadline").filter((request) => request.event === event)
const cancelled = (step: Step, event: string): number =>
  step.did("cancelDeadline").filter((timer) => timer.event === event).length
/** A clock that it has asked for shows that its life has ended. */
const lapsesIn = ({ before, event }: Step): boolean =>
  (event.type === "life.due" ||
    (event.type === "return.due" && isVacant(before)) ||
    (event.type === "retry.due" && isTroubled(before))) &&
  !isKept(before.context) &&
  event.at >= before.context.expiresAt

const laws: readonly Law[] = [
  {
    sentence: "A new room writes its row first, another reads its own.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did, effects }) => {
      const { creation, expiresAt } = after.context
      const written = {
        code,
        host: newParticipant(creation?.host ?? host, "Host"),
        guest: null,
        departed: [],
        expiresAt
      }
      const words = [{ participantId: "host", at: opened, address: home, firstAddress: home }]
      return (
        effects.length === 1 &&
        (creation === undefined
          ? same(did("loadRow"), [{ code, at: opened }])
          : same(did("insertRow"), [{ room: written, words }]))
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
    sentence: "Should it crash, everybody who waits for an answer hears so at once, and nobody else.",
    holds: ({ after }) => {
      const { tell, record } = roomCrash({ id: code, error: "a fault", at: now, context: after.context })
      const isOver = after.status === "done"
      return record.length === 0 && (isOver || tell.length === questionsIn(after)) && tell.every((each) => "to" in each)
    }
  },
  {
    sentence: "Everybody who asks is answered once, and nobody is forgotten when the actor ends.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const asked = isQuestion(step.event) ? 1 : 0
      return answers(step).length + questionsIn(step.after) === questionsIn(step.before) + asked
    }
  },
  {
    sentence: "What counts as saved is what the database has said it holds.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { saved, writing } = step.before.context
      const written = answered(step, "creating", "inserted") || answered(step, "open.storage.saving", "saved")
      return same(step.after.context.saved, written ? writing : loaded(step) ? step.event.output.room : saved)
    }
  },
  {
    sentence:
      "No answer speaks of anything but what is saved, less whoever has left since, and of how long the room lives.",
    holds: (step) => {
      const { expiresAt } = step.after.context
      return answers(step).every((answer) => {
        if (answer.type === "room.answered") {
          const life = answer.room.expiresAt
          const before = (step.before ?? step.after).context.expiresAt
          // One that nobody is in any more, heard of behind this answer, lives shorter.
          // Whoever is answered may have spoken later than those behind it say that it is: clocks are set back.
          const { waiting = [], batch = [], decided = [] }: Partial<RoomContext> = step.before?.context ?? {}
          const heard = [...waiting, ...[...batch, ...decided].map(({ command }) => command)]
          const spoken = [step.after.context.spokenAt, ...heard.map(({ at }: any) => at ?? 0)]
          const longest = Math.max(expiresAt, before, Math.max(...spoken) + timeToLiveMs)
          const isTold = toldIn(step).some((told) =>
            same({ ...answer.room, expiresAt: 0 }, told && { ...told, expiresAt: 0 })
          )
          return isTold && Math.min(before, expiresAt) <= life && life <= longest
        }
        if (answer.type !== "room.admitted") return true
        const { id } = answer.participant
        return toldIn(step).some(
          (told) =>
            told !== null &&
            same(answer.participant, told.host?.id === id ? told.host : told.guest) &&
            same(answer.peer, peerOf(told, id)) &&
            answer.role === roleOf(told, id)
        )
      })
    }
  },
  {
    sentence:
      "When a save has succeeded all who waited for it are answered as it was decided, and when nothing is to be saved at once.",
    when: (step) => answered(step, "open.storage.saving", "saved"),
    holds: (step) => {
      const { batch } = step.before.context as RoomContext
      const { expiresAt } = step.after.context
      const told = toldOf(meaningOf(step.after))
      const expected = batch
        .map((each) => reply(each, told && { ...told, expiresAt }))
        .filter((answer) => answer !== null)
      return same(answers(step).slice(0, expected.length), expected)
    }
  },
  {
    sentence: "A command is put in line with what was decided upon it.",
    when: ({ before, event, after }) =>
      isOpen(before) && isOpen(after) && isQuestion(event) && hear(meaningOf(before), event).refusal !== undefined,
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
    sentence:
      "Somebody in it who polls is answered at once, from what is saved, less whoever has left since; others and who comes too late are not.",
    when: ({ before, event }) =>
      isOpen(before) && event.type === "room.poll" && hear(meaningOf(before), event).refusal === undefined,
    holds: (step) => {
      const { event } = step
      const room = meaningOf(step.before)
      const told = toldOf(room)
      const lapsed = !isKept(room) && event.at >= room.expiresAt
      const inside = told !== null && roleOf(told, event.participantId) !== null
      const polled = answers(step).find(({ requestId }) => requestId === event.requestId)
      return polled?.type === (inside && !lapsed ? "room.answered" : "room.refused")
    }
  },
  {
    sentence: "No poll shows somebody who has left, saved or not.",
    when: ({ before, event }) => isOpen(before) && event.type === "room.poll" && factsIn(before.context).length > 0,
    holds: (step) => {
      const gone = factsIn(step.before.context).map(({ participantId }) => participantId)
      const polled = answers(step).filter(({ requestId }) => requestId === step.event.requestId)
      return polled.every(
        ({ type, room }) =>
          type !== "room.answered" || gone.every((participantId) => roleOf(room, participantId) === null)
      )
    }
  },
  {
    sentence:
      "Who has left comes back by a poll, by being ready and by an attach, as who it was but without channels, while a seat is free and not too late.",
    when: ({ before, event }) => {
      if (!isOpen(before) || !/^room\.(poll|ready|attach|chat|screenShare)$/.test(event.type)) return false
      const { draft } = before.context as RoomContext
      const hasLeft = draft?.departed.some(({ participant: { id } }) => id === event.participantId) === true
      return hasLeft
    },
    holds: ({ before, event, after }) => {
      if (!isOpen(after)) return true
      const { draft, seated, expiresAt } = before.context as RoomContext
      const left = draft!.departed.find(({ participant: { id } }) => id === event.participantId)!
      const isLate = event.at - left.at >= returnMs || (!isKept({ draft, seated }) && event.at >= expiresAt)
      const comesBack = /^room\.(poll|ready|attach)$/.test(event.type) && draft!.guest === null && !isLate
      const back = [after.context.draft.host, after.context.draft.guest].find(
        (each) => each?.id === event.participantId
      )
      if (!comesBack) return back === undefined
      const { ready, fileCount, totalBytes, ...rest } = left.participant
      return (
        same(
          back,
          event.type === "room.ready"
            ? { ...rest, ready: true, fileCount: event.fileCount, totalBytes: event.totalBytes }
            : left.participant
        ) &&
        !back.chat &&
        !back.screenShare &&
        roleOf(after.context.draft, event.participantId) === (draft!.host === null ? "host" : "guest")
      )
    }
  },
  {
    sentence: "Nobody comes into a room that nobody is in but who has been in it.",
    when: ({ before, event }) => isOpen(before) && before.context.draft?.host === null && event.type === "room.join",
    holds: ({ before, after }) => same(after.context.draft, before.context.draft)
  },
  {
    sentence: "Before somebody gives way the room asks who is around, of all who hold no seat, and does nothing else.",
    when: ({ before, event }) =>
      isOpen(before) && event.type === "room.join" && hear(meaningOf(before), event).asksAround === true,
    holds: (step) => {
      const room = meaningOf(step.before)
      const suspects = participantsOf(room.draft as RoomRecord)
        .filter(
          ({ id }) => !room.seated.includes(id) && !room.sideSeats.some(({ participantId }) => participantId === id)
        )
        .map(({ id, name }) => {
          const { address, firstAddress } = room.words.find(({ participantId }) => participantId === id) as LastWord
          return { participantId: id, name, addresses: [...new Set([address, firstAddress])] }
        })
      return (
        step.effects.length === 1 &&
        same(answers(step), [{ type: "room.asksAround", requestId: step.event.requestId, suspects }])
      )
    }
  },
  {
    sentence:
      "Nobody gives way who holds a seat, or whose socket has been there since its last word, unless that was long ago and the socket may be the newcomer's; and one at most.",
    when: ({ before, event, after }) =>
      isOpen(before) && isOpen(after) && event.type === "room.join" && before.context.draft?.guest != null,
    holds: ({ before, event, after }) => {
      const { draft, seated, sideSeats, words } = before.context as RoomContext
      const there = (id: string) => roleOf(after.context.draft, id) !== null
      const gone = participantsOf(draft as RoomRecord).filter(({ id }) => !there(id))
      return (
        gone.length <= 1 &&
        gone.every(
          ({ id }) =>
            !seated.includes(id) &&
            !sideSeats.some(({ participantId }) => participantId === id) &&
            !event.around.some(
              ({ participantId, since, sockets }: Around) =>
                participantId === id &&
                (sockets > 1 || words.every((word) => word.participantId !== id || event.at - word.at < reloadMs)) &&
                [...words, ...event.polled].some((word) => word.participantId === id && since <= word.at)
            )
        )
      )
    }
  },
  {
    sentence:
      "It vouches for an invitation from an address that it was made or polled from, while its host waits, and for no other.",
    // What has waited until it opened is heard then.
    when: ({ before }) => before === undefined || isOpen(before),
    holds: (step) => {
      const { event, before } = step
      const vouches =
        isOpen(before) &&
        event.type === "room.invite" &&
        before.value.open.occupancy === "waiting" &&
        before.context.words.some(
          (word: LastWord) => word.address === event.address || word.firstAddress === event.address
        )
      return same(step.told("inviter"), vouches ? [{ type: "room.vouched", code, inviteeId: event.inviteeId }] : [])
    }
  },
  {
    sentence:
      "What may be read of it without asking is what it would answer, and the poll would have moved nothing but clocks, by little.",
    when: ({ before, event }) =>
      event.type === "room.poll" && before !== undefined && readQuietly(before, event.participantId, event.at) !== null,
    holds: (step) => {
      const read = readQuietly(step.before, step.event.participantId, step.event.at) as RoomRecord
      const [polled] = answers(step)
      const unmoved = (snapshot: any) => ({
        value: snapshot.value,
        ...meaningOf(snapshot),
        expiresAt: 0,
        spokenAt: 0,
        words: snapshot.context.words.map(({ participantId }: LastWord) => participantId).sort()
      })
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
      isOpen(before) &&
      event.type.startsWith("room.") &&
      !isKept(before.context) &&
      event.at >= before.context.expiresAt,
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
    sentence:
      "It waits with a host alone, is paired with a guest, ready with a guest and something on offer, vacant while somebody may return, and empty without anybody.",
    when: ({ after }) => isOpen(after),
    holds: ({ after }) => {
      const { draft } = after.context as RoomContext
      const occupancy =
        draft === null
          ? "empty"
          : draft.host === null
            ? "vacant"
            : draft.guest === null
              ? "waiting"
              : draft.host.ready || draft.guest.ready
                ? "ready"
                : "paired"
      return after.value.open.occupancy === occupancy
    }
  },
  {
    sentence: "It is attended exactly while a transfer seat is taken, until the server goes.",
    when: ({ after }) => isOpen(after) && attendanceOf(after) !== "closing",
    holds: ({ after }) => (attendanceOf(after) === "attended") === after.context.seated.length > 0
  },
  {
    sentence: "Never two things are asked of the database at once, and each is asked once.",
    holds: (step) => {
      const asked = ["loadRow", "insertRow", "saveRow", "removeRow"].flatMap((name) => step.did(name))
      const pending = asking(step.before) !== undefined && !step.event.type.startsWith("xstate.")
      return (
        asked.length <= (pending ? 0 : 1) && (asked.length === 1) === (!pending && asking(step.after) !== undefined)
      )
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
          : same(
              step.did("saveRow").map(({ before, after }) => ({ before, after })),
              [{ before: saved, after: writing }]
            )
      return (
        asked &&
        decided.length === 0 &&
        same(writing, draft && { ...draft, expiresAt }) &&
        step.did("saveRow").every(({ words }) => same(words, step.after.context.words))
      )
    }
  },
  {
    sentence: "A row that somebody else has changed is read again.",
    when: (step) =>
      step.event.output === "conflict" &&
      asking(step.before) !== undefined &&
      step.event.type.includes(asking(step.before) as string),
    holds: (step) =>
      storageOf(step.after) === "reloading" && same(step.did("loadRow"), [{ code, at: step.before.context.spokenAt }])
  },
  {
    sentence: "When the database fails the change is undone and its askers told; it is tried again after a while.",
    when: (step) => isOpen(step.before) && faulted(step),
    holds: (step) => {
      const { batch, decided } = step.before.context as RoomContext
      const expected = [...batch, ...decided]
        .map((each) => failure(each, step.event.error))
        .filter((answer) => answer !== null)
      return (
        storageOf(step.after) === "troubled" &&
        same(answers(step), expected) &&
        same(step.after.context.owed, owedIn(step.before.context)) &&
        same(requests(step, "retry.due"), [{ event: "retry.due", afterMs: retryMs }])
      )
    }
  },
  {
    sentence:
      "A room in trouble tries again when something is to be decided or the time has come, without whoever has left meanwhile.",
    when: (step) => storageOf(step.before) === "troubled" && !isEnd(step),
    holds: (step) => {
      const { type } = step.event
      const tries =
        type === "retry.due" ||
        (isQuestion(step.event) && hear(meaningOf(step.before), step.event).refusal !== undefined) ||
        (type === "seat.vacated" &&
          step.before.context.draft !== null &&
          roleOf(step.before.context.draft, step.event.participantId) !== null)
      const stays = storageOf(step.after) === "troubled"
      return stays
        ? !tries && same(step.after.context.owed, step.before.context.owed)
        : tries && step.after.context.owed.length === 0
    }
  },
  {
    sentence:
      "A settled room owes nothing: no change, no answer, no extension that has grown large or that it would take to its rest.",
    when: ({ after }) => storageOf(after) === "settled",
    holds: ({ after }) => {
      const { saved, draft, expiresAt, decided, owed } = after.context as RoomContext
      const extension = expiresAt - (saved as RoomRecord).expiresAt
      return (
        same(draft, saved) &&
        decided.length === 0 &&
        extension < touchShare * timeToLiveMs &&
        !isEnding(after) &&
        owed.length === 0
      )
    }
  },
  {
    sentence:
      "What waited for the row is heard in the moment in which the row is known, and nobody waits for that any more.",
    holds: ({ after }) => storageOf(after) !== "rehearing"
  },
  {
    sentence: "Nothing is written for an extension that is small while somebody may still speak.",
    when: (step) => {
      const { draft, saved } = step.after.context
      const onlyExtends = same({ ...draft, expiresAt: 0 }, { ...saved, expiresAt: 0 })
      return step.did("saveRow").length > 0 && onlyExtends
    },
    holds: ({ after }) => {
      const { saved, draft, expiresAt, batch } = after.context as RoomContext
      const extension = expiresAt - (saved as RoomRecord).expiresAt
      return (
        draft !== saved ||
        batch.length > 0 ||
        extension >= touchShare * timeToLiveMs ||
        (isEnding(after) && extension > 0)
      )
    }
  },
  {
    sentence: "Nothing is written over a row that is as it should be.",
    when: (step) => {
      if (!loaded(step)) return false
      const { saved, expiresAt } = step.after.context as RoomContext
      const { batch, decided } = step.before.context as RoomContext
      const asFound = { ...meaningOf(step.after), draft: saved }
      const asksNothing = commands([...batch, ...decided]).every((command) => same(hear(asFound, command).draft, saved))
      const owes = expiresAt - (saved?.expiresAt ?? 0) >= touchShare * timeToLiveMs
      return isOpen(step.before) && asksNothing && !owes && !isEnding(step.after) && !isEnding(step.before)
    },
    holds: ({ did }) => did("saveRow").length === 0
  },
  {
    sentence:
      "It looks at its clock when it opens, when somebody takes the first seat or gives up the last, when it goes to rest or wakes, and each time it has looked.",
    when: ({ before, after }) => before !== undefined && isOpen(after),
    holds: (step) => {
      const { before, after, event } = step
      const looks = requests(step, "life.due")
      const isMoved = attendanceOf(before) !== attendanceOf(after) && attendanceOf(after) !== "closing"
      // What is heard again after that may put the next look off, or leave it to whoever may come back.
      if (!isOpen(before) || answered(step, "open.storage.reloading")) {
        // One that is closing ends when nothing is owed: it asks for no other look, though its seats are given up.
        const latest = attendanceOf(after) === "closing" ? after.context.expiresAt : nextLook(step)
        const isInTime = looks.length === 0 || isVacant(after) || looks.at(-1).at <= latest
        return isInTime && (looks.length > 0 || !isMoved)
      }
      if (!isMoved && event.type !== "life.due") return looks.length === 0
      return looks.length === 1 && looks[0].at === nextLook(step)
    }
  },
  {
    sentence: "While nobody is in it it waits for whoever may come back, and no longer than they may.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const asked = requests(step, "return.due")
      const waits = Number(isVacant(step.after)) - Number(isVacant(step.before))
      return (
        asked.length - cancelled(step, "return.due") === waits &&
        // What is written of it in the same step may shorten its life.
        (!isVacant(step.after) ||
          asked.length === 0 ||
          isTroubled(step.before) ||
          asked.at(-1).at === step.after.context.expiresAt)
      )
    }
  },
  {
    sentence: "It waits to try again exactly while it is in trouble, and gives its clocks back when it ends.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const waits = Number(isTroubled(step.after)) - Number(isTroubled(step.before))
      const wasOpen = isOpen(step.before) || requests(step, "life.due").length > 0
      return (
        requests(step, "retry.due").length - cancelled(step, "retry.due") === waits &&
        cancelled(step, "life.due") === (wasOpen && isEnd(step) ? 1 : 0)
      )
    }
  },
  {
    sentence: "A room that opens asks who sits in its flights, unless it is new.",
    when: ({ before }) => before !== undefined,
    holds: (step) =>
      same(
        step.sent("flights").filter(({ event }) => event.type === "seats.asked"),
        answered(step, "loading") && step.event.output !== null
          ? ["transfer", "screen-share", "chat"].map((channel) => ({
              type: "tell",
              from: own,
              to: { kind: "flights", id: `${code}/${channel}` },
              event: { type: "seats.asked", replyTo: own }
            }))
          : []
      )
  },
  {
    sentence: "Who finds the room full has those in its transfer seats looked after, and nobody else has.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const wanted = step.sent("flights").filter(({ event }) => event.type !== "seats.asked")
      const allRight = wanted.every((each) =>
        same(each, {
          type: "tell",
          from: own,
          to: { kind: "flights", id: `${code}/transfer` },
          event: { type: "seats.wanted" }
        })
      )
      // What has waited is heard all at once.
      if (!isOpen(step.before) || answered(step, "open.storage.reloading")) return allRight
      const isFull =
        isOpen(step.after) &&
        step.event.type === "room.join" &&
        hear(meaningOf(step.before), step.event).refusal === "full"
      return allRight && wanted.length === (isFull ? 1 : 0)
    }
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
      const fault = step.event.error?.lasting === true ? "room.broken" : "room.unavailable"
      const creation = step.before.value === "creating" ? [answered(step, "creating") ? "room.codeTaken" : fault] : []
      const types = waiting
        .filter(isQuestion)
        .map(({ type }) =>
          type === "room.attach" ? (denies ? "room.denied" : "room.failed") : denies ? "room.refused" : fault
        )
      return same(
        answers(step).map(({ type }) => type),
        [...creation, ...types]
      )
    }
  },
  {
    sentence: "It ends when its row is gone or it has expired, or at rest or closing when nothing is owed.",
    when: (step) => isOpen(step.before) && isEnd(step),
    holds: (step) => {
      const removed = answered(step, "open.storage.removing", "removed")
      const vanished = answered(step, "open.storage.reloading") && step.event.output === null
      if (removed || vanished || lapsesIn(step)) return true
      const { draft, saved, expiresAt, owed, seated } = step.after.context as RoomContext
      // Where it was in the end the snapshot does not say.
      const { resting, closing } = expectedMeaning(step)
      const owesNothing = same(draft, saved) && saved?.expiresAt === expiresAt && owed.length === 0
      return owesNothing && (closing || (resting && seated.length === 0))
    }
  },
  {
    sentence: "It ends with its row, its life or its last visitor's word, and does not live on.",
    when: (step) => isOpen(step.before),
    holds: (step) => {
      const removed = answered(step, "open.storage.removing", "removed")
      const vanished = answered(step, "open.storage.reloading") && step.event.output === null
      return !(removed || vanished || lapsesIn(step)) || step.after.status === "done"
    }
  }
]

const settings = (): readonly Setting[] => {
  const replyTo = { kind: "desk", id: "asker" }
  let requests = 0
  /** Each is the same event every time, or no two situations would be. */
  const flags = new Map<string, any>()
  const ask = (type: string, fields: object = {}, at = now) => ({
    type,
    requestId: ++requests,
    replyTo,
    address: home,
    at,
    ...fields
  })
  const attach = (participantId: string, at = now) => ({
    type: "room.attach",
    attempt: ++requests,
    channel: "transfer",
    participantId,
    address: home,
    at,
    replyTo
  })
  const joiner = { guest: { id: "guest", alias: "guest-alias" }, name: "Guest", around: null, polled: [] }
  const join = ask("room.join", joiner)
  const poll = (participantId: string) => ask("room.poll", { participantId })
  const ready = (participantId: string) => ask("room.ready", { participantId, fileCount: 2, totalBytes: 30 })
  // The guest's come a moment later: that a refused one counts as a word shows only then.
  const flag = (type: string, participantId: string, active: boolean) =>
    ask(type, { participantId, active }, participantId === "guest" ? now + 1 : now)
  const vacated = (participantId: string) => ({ type: "seat.vacated", participantId, at: now })
  const taken = (participantId: string) => ({ type: "seat.taken", participantId })
  const freed = (participantId: string) => ({ type: "seat.freed", participantId })
  const polls = { host: poll("host"), guest: poll("guest"), stranger: poll("stranger") }
  const attaches = { host: attach("host"), stranger: attach("stranger") }
  const readies = { host: ready("host"), guest: ready("guest"), stranger: ready("stranger") }
  const rest = { type: "room.rest" }
  const invite = (address: string) => ({
    type: "room.invite",
    inviteeId: "bob",
    address,
    at: now,
    replyTo: { kind: "connections", id: "inviter" }
  })
  const comes = (
    name: string,
    address: string,
    at: number,
    around: readonly Around[] | null,
    polled: readonly { participantId: string; at: number }[] = []
  ) =>
    ask("room.join", { guest: { id: `new ${name}`, alias: `alias of new ${name}` }, name, around, polled, address }, at)
  const socketOf = (participantId: string, since: number, sockets = 1): Around => ({ participantId, since, sockets })
  const newcomers = [
    ...[null, [], [socketOf("host", listeningSince - 1)], [socketOf("host", now + 1)], [socketOf("guest", 0)]].map(
      (around) => comes("Host", home, now, around)
    ),
    comes("Host", "unknown", now, []),
    ...[null, [], [socketOf("guest", 0)], [socketOf("guest", 0), socketOf("host", 0)]].flatMap((around) => [
      comes("Next", home, now + reloadMs, around),
      comes("Next", elsewhere, now + silenceMs, around)
    ]),
    comes("Next", home, now, []),
    comes("Host", home, now + reloadMs, [socketOf("host", 0)]),
    comes("Host", home, now + reloadMs, [socketOf("host", 0, 2)]),
    comes("Host", elsewhere, now + reloadMs, []),
    // Polls that were answered without the room's hearing of them.
    ...[null, []].map((around) =>
      comes("Next", home, now + reloadMs, around, [
        { participantId: "host", at: now + 1 },
        { participantId: "guest", at: now + 1 }
      ])
    ),
    comes("Next", elsewhere, now + silenceMs, [], [{ participantId: "host", at: now }]),
    comes("Host", home, now, [socketOf("host", now - 2)], [{ participantId: "host", at: now - 1 }])
  ]
  const guestPollsFromNowhere = ask("room.poll", { participantId: "guest", address: "unknown" })
  const guestPollsLater = ask("room.poll", { participantId: "guest" }, now + 1)
  const hostPollsTooLate = ask("room.poll", { participantId: "host" }, now + returnMs)
  const comesToo = comes("Next", home, now, [])
  const sideSeat = (type: "taken" | "freed", participantId: string, channel: string) => ({
    type: `sideSeat.${type}`,
    participantId,
    channel
  })

  /** The answers that the database may give now. */
  const results = (snapshot: any, rooms: readonly (RoomRecord | null)[]) => {
    const rows = rooms.map((each) => each && read(each))
    const actor = asking(snapshot)
    switch (actor) {
      case "creating":
        return [ended(actor, "inserted"), ended(actor, "taken"), failed(actor), refused(actor)]
      case "open.storage.saving":
        return [ended(actor, "saved"), ended(actor, "conflict"), failed(actor), refused(actor)]
      case "open.storage.removing":
        return [ended(actor, "removed"), ended(actor, "conflict"), failed(actor), refused(actor)]
      case "loading":
      case "open.storage.reloading":
        return [...rows.map((found) => ended(actor, found)), failed(actor), refused(actor)]
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
    { type: "life.due", at: now },
    { type: "life.due", at: context.spokenAt + restMs },
    { type: "life.due", at: context.expiresAt - timeToLiveMs / 2 },
    { type: "life.due", at: context.expiresAt }
  ]
  const retries = (snapshot: any) =>
    isTroubled(snapshot)
      ? [
          { type: "retry.due", at: now },
          { type: "retry.due", at: snapshot.context.expiresAt }
        ]
      : []
  /** Words that are said when it has gone to rest. */
  const wakes = (snapshot: any) =>
    attendanceOf(snapshot) === "resting" && questionsIn(snapshot) === 0
      ? [
          { ...ask("room.poll", { participantId: "host" }, snapshot.context.restedAt), requestId: 901 },
          { ...attach("host", snapshot.context.restedAt), attempt: 901 }
        ]
      : []
  const few = (snapshot: any, events: readonly any[], atOnce = 3) =>
    // Only so many wait at once: one more is like the last.
    (questionsIn(snapshot) < atOnce ? events : events.filter((event) => !isQuestion(event))).filter(
      // Each newcomer has an id of its own: who is known already does not come again.
      ({ type, guest: newcomer }) => type !== "room.join" || !isKnown(snapshot, newcomer.id)
    )
  /** Who has come back, and is in it, but is not saved yet. */
  const isGuestUnsaved = ({ context: { saved, draft } }: { context: RoomContext }): boolean =>
    saved !== null && draft !== null && roleOf(saved, "guest") === null && roleOf(draft, "guest") !== null
  const isKnown = ({ context }: { context: RoomContext }, id: string): boolean => {
    const { draft, waiting } = context
    const isWaiting = waiting.some((event) => event.type === "room.join" && event.guest.id === id)
    return (
      isWaiting ||
      (draft !== null &&
        (roleOf(draft, id) !== null || draft.departed.some(({ participant }) => participant.id === id)))
    )
  }
  const alone = row()
  const vacant = row({ host: null, departed: [{ participant: guest, at: now }], expiresAt: now + returnMs })
  const both = row({ guest })

  return [
    {
      name: "new",
      input: {
        ...input,
        creation: { host: { id: "host", alias: "host-alias" }, name: "Host", address: home, requestId: 1, replyTo }
      },
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
        invite(home),
        invite(elsewhere),
        rest
      ]
    },
    {
      name: "full of people who may have gone",
      input,
      events: (snapshot) => [
        ...results(snapshot, [both])
          .filter(({ type }) => type.startsWith("xstate.done"))
          .slice(0, 1),
        ...(isOpen(snapshot)
          ? [
              ...few(snapshot, [guestPollsFromNowhere, readies.guest, ...newcomers], 1),
              taken("host"),
              freed("host"),
              sideSeat("taken", "guest", "chat"),
              sideSeat("taken", "guest", "screen-share"),
              sideSeat("freed", "guest", "chat"),
              sideSeat("freed", "guest", "screen-share")
            ]
          : [])
      ]
    },
    {
      name: "left by both, who come back",
      input,
      events: (snapshot) => [
        // How it fares while the database does not is walked with a host alone.
        ...results(snapshot, [both, vacant]).filter((result) => "output" in result && result.output !== "conflict"),
        ...few(
          snapshot,
          [polls.host, hostPollsTooLate, attaches.host, readies.guest, flagOf("room.chat", "host", true), comesToo],
          1
        ),
        vacated("host"),
        vacated("guest"),
        ...(isOpen(snapshot)
          ? [
              { type: "life.due", at: snapshot.context.expiresAt },
              { type: "return.due", at: now },
              { type: "return.due", at: snapshot.context.expiresAt }
            ]
          : [])
      ]
    },
    {
      name: "whose last one leaves for good",
      input: { ...input, settings: { ...input.settings, returnMs: 0 } },
      events: (snapshot) => [
        ...results(snapshot, [alone, null]),
        ...few(snapshot, [join, polls.host, attaches.host]),
        vacated("host")
      ]
    },
    {
      name: "with both, who come and go",
      input,
      events: (snapshot) => [
        ...results(snapshot, [both, row({ host: guest })]),
        ...few(snapshot, [
          ...[comesToo, readies.guest, readies.stranger, polls.guest],
          ...(isGuestUnsaved(snapshot) ? [guestPollsLater] : [])
        ]),
        vacated("host"),
        vacated("guest"),
        ...retries(snapshot)
      ]
    },
    {
      name: "with both, who want channels",
      input,
      events: (snapshot) => [
        ...results(snapshot, [both]).filter(
          ({ type, ...result }) => !("output" in result) || result.output !== "conflict"
        ),
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
        const answers = results(snapshot, [both]).filter(
          (result) => !("output" in result) || result.output !== "conflict"
        )
        if (!isOpen(snapshot)) return [...answers, taken("host")]
        return [
          ...answers.filter(({ type }) => type.startsWith("xstate.done")),
          taken("host"),
          vacated("host"),
          taken("guest"),
          freed("guest"),
          ...looks(snapshot),
          ...retries(snapshot),
          { type: "return.due", at: snapshot.context.expiresAt },
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
        ...retries(snapshot),
        ...wakes(snapshot),
        ...few(snapshot, [polls.host, attaches.host]),
        vacated("host"),
        freed("host"),
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

const inBrief = (record: RoomRecord | null) =>
  record && [
    ...[record.host, record.guest].map((one) => one && [one.id, one.ready, one.screenShare, one.chat]),
    record.departed.map(({ participant: { id } }) => id)
  ]
const wordsInBrief = (words: readonly LastWord[]) =>
  words
    .map(({ participantId, at, address }) => [
      participantId,
      address,
      at <= opened ? "old" : at === now ? "now" : "new"
    ])
    .sort()

export const room: Subject = {
  name: "room",
  machine: roomMachine,
  adapters: {
    actions: ["requestDeadline", "cancelDeadline", "record"],
    promises: ["loadRow", "insertRow", "saveRow", "removeRow"]
  },
  settings,
  facts: ({ context }: { context: RoomContext }) => {
    const { saved, draft, expiresAt, writing, batch, decided, waiting, owed, seated, sideSeats, words } = context
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
      sideSeats.map(({ participantId, channel }) => `${participantId} ${channel}`).sort(),
      wordsInBrief(words),
      extension >= touchShare * timeToLiveMs ? "large" : extension > 0 ? "small" : "none"
    ]
  },
  laws
}
