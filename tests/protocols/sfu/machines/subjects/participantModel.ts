/** What a participant is to do at a step, from the contract and not from the chart. */
import type { ParticipantContext } from "../../../../../src/machines/sfu/participant/participantContext.ts"
import type { Step } from "../../../../walking/subject.ts"

export const id = "ann"
export const roomId = "room"
export const call = "c1"
export const address = "192.0.2.1"
export const input = {
  ...{ id, address, roomId, userId: "u1", userName: "Ann" },
  settings: {
    ...{ joinWithinMs: 30, answerWithinMs: 9, cutAfterMs: 2 },
    notices: { afterJoiningMs: 5, afterTransportMs: 1 },
    most: { transports: 2, producers: 1, consumers: 1 }
  }
}

export const contextOf = (snapshot: any): ParticipantContext => snapshot.context
export const isPresent = (snapshot: any): boolean => snapshot?.value.present !== undefined
/** Where it stands with its conference: `admitted`, `bare`, `equipped`, `live`; undefined: it is sent away or gone. */
export const membershipOf = (snapshot: any): string | undefined => {
  const membership = snapshot?.value.present?.membership
  if (membership === undefined || typeof membership === "string") return membership
  return typeof membership.joined === "string" ? membership.joined : membership.joined.held
}
export const hasJoined = (snapshot: any): boolean => ["bare", "equipped", "live"].includes(membershipOf(snapshot) ?? "")
/** The phase of its negotiation: `idle`, or the request. */
export const doingOf = (snapshot: any): string | undefined => snapshot?.value.present?.requests
export const isAnswering = (snapshot: any): boolean => isPresent(snapshot) && doingOf(snapshot) !== "idle"

/** What is heard in this step, in some state of its requests. */
export const heard =
  (doing: string, ...types: string[]) =>
  ({ before, event }: Step): boolean =>
    doingOf(before) === doing && types.includes(event.type)
export const is =
  (...types: string[]) =>
  ({ before, event }: Step): boolean =>
    before?.status === "active" && types.includes(event.type)

export const isAwaited = ({ before, event }: Step): boolean =>
  doingOf(before) === "joining" && (event.attempt ?? event.requestId) === contextOf(before).attempts
export const joins = (step: Step): boolean => is("conference.joined")(step) && isAwaited(step)

const has = (list: readonly { readonly id: string }[], wanted: string | undefined): boolean =>
  list.some((each) => each.id === wanted)
const isInRoom = ({ others, producers }: ParticipantContext, producerId: string | undefined): boolean =>
  others.includes(producerId ?? "") || has(producers, producerId)

export type Reply =
  | { readonly says: "answer"; readonly requestId: string | null; readonly data: unknown }
  | { readonly says: "refuse"; readonly requestId: string | null; readonly error: string }

/** Why a request is refused at once; undefined: it is carried out. */
const refusalOf = ({ before, event }: Step): string | undefined => {
  const context = contextOf(before)
  const { transports, producers, consumers, settings } = context
  const { most } = settings
  const transport = transports.find((each) => each.id === event.transportId)
  switch (event.type) {
    case "join.asked":
      return event.roomId === roomId ? undefined : "Unauthorized room access"
    case "transport.asked":
      if (transports.length >= most.transports) return "Too many transports"
      return context.call === null ? "Room not found" : undefined
    case "connect.asked":
      if (transport === undefined) return "Transport not found"
      return transport.state === "new" ? undefined : "Transport already connected"
    case "produce.asked":
      if (transport === undefined) return "Transport not found"
      return producers.length >= most.producers ? "Too many producers" : undefined
    case "consume.asked":
      if (transport === undefined) return "Transport or Router not found"
      if (!isInRoom(context, event.producerId)) return "Cannot consume"
      return consumers.length >= most.consumers ? "Too many consumers" : undefined
    case "resume.asked":
      return has(consumers, event.consumerId) ? undefined : "Consumer not found"
  }
  return undefined
}

const doings: Readonly<Record<string, string>> = {
  "join.asked": "joining",
  "transport.asked": "opening",
  "connect.asked": "connecting",
  "produce.asked": "producing",
  "consume.asked": "consuming",
  "resume.asked": "resuming"
}
const isRequest = (step: Step): boolean => doingOf(step.before) === "idle" && step.event.type in doings

/** The request that begins in this step. */
export const begun = (step: Step): string | undefined =>
  isRequest(step) && refusalOf(step) === undefined ? doings[step.event.type] : undefined

/** What the engine answers in each phase, and beside them. */
export const answersIn: Readonly<Record<string, readonly string[]>> = {
  idle: ["engine.consumed", "engine.resumed"],
  opening: ["engine.openedTransport"],
  connecting: ["engine.connectedTransport"],
  producing: ["engine.produced"]
}
/** Requests that are no phase. */
export const isBeside = (doing: string | undefined): boolean => doing === "consuming" || doing === "resuming"

/** What it answers instead when it does not do what was asked. */
const troubles = ["engine.refused", "engine.failed"]

/** What the engine has come to in this step. */
export const outcomeOf = ({ before, event }: Step): any => {
  const answers = isPresent(before) ? answersIn[doingOf(before) as string] : undefined
  return answers !== undefined && [...answers, ...troubles].includes(event.type) ? event : undefined
}
/** Whether that is of a consumer. */
export const settlesBeside = (step: Step): boolean => outcomeOf(step) !== undefined && doingOf(step.before) === "idle"

/** Why what was asked for cannot be had any more, although the engine has given it. */
const lossOf = ({ before, event }: Step): string | undefined => {
  const context = contextOf(before)
  const { transports, consumers } = context
  const { asked } = event
  switch (event.type) {
    case "engine.connectedTransport":
    case "engine.produced":
      return has(transports, asked.transportId) ? undefined : "Transport not found"
    case "engine.consumed":
      if (!has(transports, asked.transportId)) return "Transport or Router not found"
      return isInRoom(context, asked.producerId) ? undefined : "Cannot consume"
    case "engine.resumed":
      return has(consumers, asked.consumerId) ? undefined : "Consumer not found"
  }
  return undefined
}

/** What is given to the client in this step: the request is done, and what was asked for is its own. */
export const given = (step: Step): any => {
  const outcome = outcomeOf(step)
  if (outcome === undefined || troubles.includes(outcome.type) || lossOf(step) !== undefined) return undefined
  return { value: outcome.given }
}

const dataOf = ({ event }: Step, value: any): unknown => {
  switch (event.type) {
    case "engine.openedTransport":
    case "engine.consumed":
      return { params: value }
    case "engine.produced":
      return { id: value.id }
    default:
      return { success: true }
  }
}

/** What the client is answered in this step; undefined: nothing. */
export const replyOf = (step: Step): Reply | undefined => {
  const { before, event } = step
  if (before === undefined || !isPresent(before)) return undefined
  if (isRequest(step)) {
    const error = refusalOf(step)
    return error === undefined ? undefined : { says: "refuse", requestId: event.requestId, error }
  }
  const requestId = event.asked === undefined ? contextOf(before).joinRequest : event.asked.requestId
  if (joins(step)) {
    const existingProducers = event.producers.filter((each: any) => each.userId !== input.userId)
    return { says: "answer", requestId, data: { rtpCapabilities: event.rtpCapabilities, existingProducers } }
  }
  if (is("conference.full")(step) && isAwaited(step)) return { says: "refuse", requestId, error: "Room is full" }
  const outcome = outcomeOf(step)
  if (outcome === undefined) return undefined
  if (outcome.type === "engine.refused") return { says: "refuse", requestId, error: outcome.sentence }
  if (outcome.type === "engine.failed") return { says: "refuse", requestId, error: "Internal error" }
  const loss = lossOf(step)
  if (loss !== undefined) return { says: "refuse", requestId, error: loss }
  return { says: "answer", requestId, data: dataOf(step, outcome.given) }
}

const causes: Readonly<Record<string, string>> = {
  worker_died: "engine_restarted",
  unavailable: "unavailable",
  fault: "fault",
  shutdown: "shutdown",
  operator: "operator"
}

/** Why the client is sent away in this step; undefined: it is not. */
export const dismissalOf = (step: Step): string | undefined => {
  const { before, event } = step
  if (before === undefined || !isPresent(before)) return undefined
  if (is("conference.lost")(step)) return causes[event.how]
  if (is("server.draining")(step)) return "shutdown"
  if (is("operator.ends")(step)) return "operator"
  if (is("join.due")(step) && membershipOf(before) === "admitted") return "join_timeout"
  if (is("answer.due")(step)) return "unavailable"
  if (!isAwaited(step)) return undefined
  if (is("conference.full")(step)) return "room_full"
  if (is("child.missing", "child.unavailable")(step)) return "unavailable"
  return is("child.crashed")(step) ? "fault" : undefined
}

/** A transport that is over in this step. */
export const lostTransport = ({ before, event }: Step): string | undefined =>
  isPresent(before) &&
  event.type === "transport.changed" &&
  ["failed", "closed"].includes(event.state) &&
  has(contextOf(before).transports, event.transportId)
    ? event.transportId
    : undefined

/** Whether what was held back is told in this step. */
export const settles = (step: Step): boolean =>
  ["bare", "equipped"].includes(membershipOf(step.before) ?? "") && membershipOf(step.after) === "live"
