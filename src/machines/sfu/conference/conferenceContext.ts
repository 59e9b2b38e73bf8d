/** What a conference knows, what it is told and tells, and what follows from both without a state. */
import type { SupervisorReply } from "../../supervisor.ts"
import type { Ending, Story } from "../events.ts"
import type { Announcement, EngineJson, MediaKind } from "../media.ts"
import type { WorkerNotice } from "../mediaWorker/mediaWorkerContext.ts"

export interface ConferenceInput {
  /** The room's. */
  readonly id: string
  /** Tells conferences of one room apart; the name of its router. */
  readonly call: string
  /** The media worker that it is on. */
  readonly worker: string
}

export interface ConferenceSettings {
  /** Participants at one time. */
  readonly most: number
  /** How long an empty one stays, milliseconds: whoever comes back finds the router there. */
  readonly lingerMs: number
}

export interface Member {
  readonly participantId: string
  readonly userId: string
  readonly userName: string
  /** Which of its questions is to be answered; null: none waits. */
  readonly attempt: number | null
}

export interface Producer {
  readonly producerId: string
  readonly kind: MediaKind
  /** Whose it is. */
  readonly participantId: string
}

export interface ConferenceContext extends ConferenceInput, ConferenceSettings {
  /** In the order in which they came. */
  readonly members: readonly Member[]
  /** In the order in which they came. */
  readonly producers: readonly Producer[]
  /** Null until there is a router. */
  readonly rtpCapabilities: EngineJson
  /** What its story will tell. Times are epoch milliseconds. */
  readonly tally: {
    readonly joined: number
    readonly audio: number
    readonly video: number
    readonly firstAt: number
    /** When the last one left; null: that is not known, or somebody is there. */
    readonly lastAt: number | null
  }
}

export type ConferenceEvent =
  /** `attempt` comes back with the answer; `at`: epoch milliseconds, as everywhere. */
  | {
      readonly type: "member.join"
      readonly participantId: string
      readonly userId: string
      readonly userName: string
      readonly attempt: number
      readonly at: number
    }
  /** `at`: null where whoever says so does not know the time: at this moment. */
  | { readonly type: "member.leave"; readonly participantId: string; readonly at: number | null }
  /** Its owner's client knows already. */
  | {
      readonly type: "producer.opened"
      readonly participantId: string
      readonly producerId: string
      readonly kind: MediaKind
    }
  /** One of its owner's transports has gone, and these with it. */
  | { readonly type: "producers.ended"; readonly participantId: string; readonly producerIds: readonly string[] }
  | WorkerNotice
  | SupervisorReply
  | { readonly type: "deadline"; readonly at: number }
  | { readonly type: "server.draining" }
  /** Whoever runs the server ends it. */
  | { readonly type: "operator.ends" }

/** What a conference tells its participants. */
export type ConferenceNotice =
  /** It is in. `producers`: those of everybody else, whatever they are called. */
  | {
      readonly type: "conference.joined"
      readonly attempt: number
      readonly call: string
      readonly rtpCapabilities: EngineJson
      readonly producers: readonly Announcement[]
    }
  | { readonly type: "conference.full"; readonly attempt: number }
  | { readonly type: "producer.announced"; readonly producer: Announcement }
  /** `isLast`: its owner, known by `owner`, has no other media now. */
  | {
      readonly type: "producer.closed"
      readonly producerId: string
      readonly userId: string
      readonly owner: string
      readonly isLast: boolean
    }
  | { readonly type: "conference.lost"; readonly how: Ending }

export const newConferenceContext = (input: ConferenceInput & ConferenceSettings): ConferenceContext => ({
  ...input,
  members: [],
  producers: [],
  rtpCapabilities: null,
  tally: { joined: 0, audio: 0, video: 0, firstAt: 0, lastAt: null }
})

export const memberOf = ({ members }: ConferenceContext, id: string): Member | undefined =>
  members.find(({ participantId }) => participantId === id)

export const producersOf = ({ producers }: ConferenceContext, id: string): readonly Producer[] =>
  producers.filter(({ participantId }) => participantId === id)

/** All producers but one participant's, as that one hears of them. */
export const announcedTo = (context: ConferenceContext, id: string): readonly Announcement[] =>
  context.producers.flatMap(({ producerId, kind, participantId }) => {
    const owner = memberOf(context, participantId)
    if (owner === undefined || participantId === id) return []
    return [{ producerId, kind, userName: owner.userName, userId: owner.userId }]
  })

/** What is told of it when it has ended so. */
export const storyOf = ({ tally }: ConferenceContext, how: Ending): Story => {
  const { joined: participants, audio, video, firstAt, lastAt } = tally
  return { participants, audio, video, firstAt, lastAt, how }
}
