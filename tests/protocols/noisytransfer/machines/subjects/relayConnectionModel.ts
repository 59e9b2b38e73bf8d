/** What a connection is to do at a step, from the contract and not from the chart. */
import type { Step } from "../../../../walking/subject.ts"

export const id = "ann"
export const roomId = "room"
export const address = "192.0.2.1"
export const mark = "an"
export const askTimeoutMs = 100
export const replay = { msPerItem: 1, bytesPerMs: 10, leastMs: 3 }
export const own = { kind: "noisytransfer-connections", id }

export const isSeated = (snapshot: any): boolean => snapshot?.value.seated !== undefined
export const isSeating = (snapshot: any): boolean => snapshot?.value === "seating"
export const isThere = (snapshot: any): boolean => isSeated(snapshot) || isSeating(snapshot)
/** What is under way; undefined: nothing. */
export const businessOf = (snapshot: any): string | undefined => snapshot?.value.seated?.busy
export const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
export const seated =
  (...types: string[]) =>
  (step: Step) =>
    is(...types)(step) && isSeated(step.before)
export const idle =
  (...types: string[]) =>
  (step: Step) =>
    seated(...types)(step) && businessOf(step.before) === undefined
export const busy =
  (business: string, ...types: string[]) =>
  (step: Step) =>
    seated(...types)(step) && businessOf(step.before) === business
const isAwaited = ({ before, event }: Step) => (event.attempt ?? event.requestId) === before.context.attempts
const isMailboxClient = ({ after }: Step) => after.context.sid !== null
export const any =
  <A>(...tests: ((step: Step) => A)[]) =>
  (step: Step) =>
    tests.some((test) => test(step))

export const toConnection = (to: string, event: object, more: object = {}) => ({
  type: "tell",
  from: own,
  to: { kind: "noisytransfer-connections", id: to },
  event,
  ...more
})
export const toRoom = (event: object, more: object = {}) => ({
  type: "tell",
  from: own,
  to: { kind: "noisytransfer-rooms", id: roomId },
  event,
  ...more
})
export const asked = (attempt: number) => ({ replyTo: own, requestId: attempt })
export const envelopeOf = (step: Step, { seq, payload }: { seq: number; payload: string }) =>
  isMailboxClient(step) ? { type: "deliver", seq: seq + 1, payload } : { type: "send", seq, payload }
export const pauseOf = (items: readonly { bytes: number }[]) =>
  Math.ceil(items.length + items.reduce((sum, { bytes }) => sum + bytes, 0) / 10)

/** Its last item, as the room counts: of those that the client says it has, by its own numbers. */
export const lastOf = (step: Step): number | null => {
  const { type, upTo } = step.event
  if (upTo === null) return null
  if (isMailboxClient(step)) return upTo === 0 ? null : upTo - 1
  return type === "mail.hello" && upTo === 0 ? null : upTo
}

export const refusedSeat = (step: Step) => is("seat.refused")(step) && isThere(step.before)
/** What it has asked its room cannot be heard there. */
export const isUnheard = (step: Step) =>
  seated("child.unavailable")(step) && asksRoom(step.before) && isAwaited(step) && step.event.id === roomId
export const losesPeer = (step: Step) => seated("link.broken")(step) && step.event.peer === step.before.context.peer
/** What it leaves goes to somebody on another node, to whom its frames go another way. */
export const mayOvertake = (step: Step) => {
  const { peer, side } = step.before.context
  return idle("mail.put")(step) && step.event.to !== side && peer !== null && !peer.startsWith(mark)
}
/** Nothing that it has sent before is still to come, or nobody can say so. */
export const isInOrder = any(
  (step) =>
    busy("ordering", "frames.arrived", "child.missing", "child.unavailable", "child.crashed")(step) && isAwaited(step),
  busy("ordering", "peer.gone", "deadline")
)
/** The room is given what it leaves. */
export const handsOver = any(
  (step) => idle("mail.put")(step) && !mayOvertake(step),
  isInOrder,
  (step) => busy("ordering", "link.broken")(step) && losesPeer(step)
)
/** What it has left for a side may be lost. */
export const isInDoubt = busy("passing", "room.moved")
export const resumes = (step: Step) => seated("room.moved")(step) && !isInDoubt(step)
export const isLate = (step: Step) => is("deadline")(step) && isSeating(step.before)
export const cannotAnswer = (step: Step) =>
  is("child.unavailable", "child.crashed")(step) && isSeating(step.before) && isAwaited(step)
const roomLost = (step: Step) => is("room.lost")(step) && isThere(step.before)
export const drains = (step: Step) => is("server.draining")(step) && isThere(step.before)
export const isEnded = (step: Step) => is("operator.ends")(step) && isThere(step.before)
const roomEnded = (step: Step) => is("room.ended")(step) && isThere(step.before)

/** Something that it has asked, or was sent, is done with. */
export const settles = any(
  (step) => busy("passing", "mail.kept", "mail.refused")(step) && isAwaited(step),
  (step) =>
    seated("child.missing", "child.unavailable", "child.crashed")(step) &&
    asksRoom(step.before) &&
    isAwaited(step) &&
    !isUnheard(step),
  busy("passing", "peer.gone"),
  (step) => (busy("passing", "link.broken")(step) || busy("ordering", "link.broken")(step)) && losesPeer(step),
  busy("recalling", "room.moved"),
  (step) => seated("deadline")(step) && asksRoom(step.before),
  busy("flushing", "socket.flushed")
)
const asksRoom = (snapshot: any) => ["passing", "recalling"].includes(businessOf(snapshot) ?? "")
export const isReplay = (step: Step) => busy("recalling", "mail.replayed")(step) && isAwaited(step)

/** How the socket is closed in this step. */
export const closingOf = (step: Step): object | undefined => {
  if (refusedSeat(step)) return { code: 1008, reason: `side ${step.after.context.side} busy` }
  if (isLate(step) || cannotAnswer(step) || isUnheard(step) || isInDoubt(step))
    return { code: 1013, reason: "Try again later" }
  if (roomLost(step)) return { code: 1011, reason: "Internal error" }
  if (isEnded(step) || roomEnded(step)) return { code: 1008, reason: "Ended by the operator" }
  return drains(step) ? { code: 1001, reason: "Server shutdown" } : undefined
}
