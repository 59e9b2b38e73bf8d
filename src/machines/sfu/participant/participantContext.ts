/** What a participant knows, what it is told, and what follows from both without a state. */
import type { SupervisorReply } from "../../supervisor.ts"
import type { ConferenceNotice } from "../conference/conferenceContext.ts"
import type { Announcement, EngineJson, MediaKind } from "../media.ts"

/** Who comes. */
export interface Newcomer {
  /** Its socket's. */
  readonly id: string
  readonly address: string
  // What its token says
  readonly roomId: string
  readonly userId: string
  readonly userName: string
}

export interface ParticipantSettings {
  /** How long a client may take to join, milliseconds. */
  readonly joinWithinMs: number
  /** How long the conference and the engine may take to answer, milliseconds: less than clients wait. */
  readonly answerWithinMs: number
  /** How long a client that has been sent away may take to close its socket, milliseconds. */
  readonly cutAfterMs: number
  /** How long notices are held back at most, milliseconds: from its coming, and from its first transport. */
  readonly notices: { readonly afterJoiningMs: number; readonly afterTransportMs: number }
  /** What it may have at one time. */
  readonly most: { readonly transports: number; readonly producers: number; readonly consumers: number }
}

export interface Transport {
  readonly id: string
  readonly state: "new" | "connecting" | "connected"
}

export interface OwnProducer {
  readonly id: string
  readonly transportId: string
  readonly kind: MediaKind
}

export interface Consumer {
  readonly id: string
  readonly transportId: string
  readonly producerId: string
}

/** What the engine is asked for the client. */
export interface Asked {
  readonly transport: Request
  readonly connect: { readonly transportId: string; readonly dtlsParameters: EngineJson } & Request
  readonly produce: {
    readonly transportId: string
    readonly kind: MediaKind
    readonly rtpParameters: EngineJson
  } & Request
  readonly consume: {
    readonly transportId: string
    readonly producerId: string
    readonly rtpCapabilities: EngineJson
  } & Request
  readonly resume: { readonly consumerId: string } & Request
}

/** An end that is not told yet, as its owner has other media still. */
export interface Withheld {
  readonly producerId: string
  readonly userId: string
  readonly owner: string
}

export interface ParticipantInput extends Newcomer {
  readonly settings: ParticipantSettings
}

export interface ParticipantContext extends ParticipantInput {
  /** Questions to the conference so far. */
  readonly attempts: number
  /** The request that asked last; null: no answer is wanted. */
  readonly joinRequest: string | null
  /** The name of its conference's router; null: it has not joined. */
  readonly call: string | null
  readonly transports: readonly Transport[]
  /** Transports that there have ever been. */
  readonly opened: number
  readonly producers: readonly OwnProducer[]
  readonly consumers: readonly Consumer[]
  /** Producers of everybody else in the conference, told or not. */
  readonly others: readonly string[]
  /** What it has not been told yet, in order. */
  readonly held: readonly Announcement[]
  readonly withheld: readonly Withheld[]
}

export interface Request {
  /** Null: no answer is wanted. */
  readonly requestId: string | null
}

/** What its client asks. */
export type ClientRequest =
  /** `worker`: where a new conference would be; null: nowhere. `call`: how it would be called. */
  | ({
      readonly type: "join.asked"
      readonly roomId: string
      readonly worker: string | null
      readonly call: string
      readonly at: number
    } & Request)
  | ({ readonly type: "transport.asked" } & Asked["transport"])
  | ({ readonly type: "connect.asked" } & Asked["connect"])
  | ({ readonly type: "produce.asked" } & Asked["produce"])
  | ({ readonly type: "consume.asked" } & Asked["consume"])
  | ({ readonly type: "resume.asked" } & Asked["resume"])

/** What the engine has given, and what it was asked. */
interface Given<Question, Value> {
  readonly asked: Question
  readonly given: Value
}

/** What the engine answers. */
export type EngineAnswer =
  | ({ readonly type: "engine.openedTransport" } & Given<Asked["transport"], OpenedTransport>)
  | ({ readonly type: "engine.connectedTransport" } & Given<Asked["connect"], void>)
  | ({ readonly type: "engine.produced" } & Given<Asked["produce"], { readonly id: string }>)
  | ({ readonly type: "engine.consumed" } & Given<Asked["consume"], OpenedConsumer>)
  | ({ readonly type: "engine.resumed" } & Given<Asked["resume"], void>)
  /** It does not take what the client has sent; the client may read the sentence. */
  | { readonly type: "engine.refused"; readonly asked: Request; readonly sentence: string }
  /** A fault. */
  | { readonly type: "engine.failed"; readonly asked: Request; readonly error: unknown }

/** What it waits for by name. */
export type Timer = "join.due" | "joining.settled" | "transport.settled" | "cut.due"

export type ParticipantEvent =
  | ClientRequest
  | EngineAnswer
  | { readonly type: "socket.closed"; readonly at: number }
  /** What has become of one of its transports, by itself. */
  | {
      readonly type: "transport.changed"
      readonly transportId: string
      readonly state: "connecting" | "connected" | "failed" | "closed"
    }
  | ConferenceNotice
  | SupervisorReply
  | { readonly type: "server.draining" }
  /** Whoever runs the server ends it. */
  | { readonly type: "operator.ends" }
  /** `answer.due`: what frames are held for takes too long. */
  | { readonly type: Timer | "answer.due"; readonly at: number }

// --- What the engine gives, by ids

export interface OpenedTransport {
  readonly id: string
  readonly iceParameters: EngineJson
  readonly iceCandidates: EngineJson
  readonly dtlsParameters: EngineJson
}

export interface OpenedConsumer {
  readonly id: string
  readonly producerId: string
  readonly kind: MediaKind
  readonly rtpParameters: EngineJson
}

export const newParticipantContext = (input: ParticipantInput): ParticipantContext => ({
  ...input,
  attempts: 0,
  joinRequest: null,
  call: null,
  transports: [],
  opened: 0,
  producers: [],
  consumers: [],
  others: [],
  held: [],
  withheld: []
})

export const hasTransport = ({ transports }: ParticipantContext, id: string | undefined): boolean =>
  transports.some((transport) => transport.id === id)

/** Whether there is such a producer in its conference: its own or somebody else's. */
export const isInConference = ({ others, producers }: ParticipantContext, producerId: string | undefined): boolean =>
  others.some((id) => id === producerId) || producers.some(({ id }) => id === producerId)

/** Without a transport, and what was on it. */
export const withoutTransport = (context: ParticipantContext, id: string) => {
  const producers = context.producers.filter(({ transportId }) => transportId !== id)
  return {
    transports: context.transports.filter((transport) => transport.id !== id),
    producers,
    // Of its own producers as well, should it consume one.
    consumers: context.consumers.filter(
      ({ transportId, producerId }) =>
        transportId !== id &&
        !context.producers.some((producer) => producer.id === producerId && producer.transportId === id)
    )
  }
}
