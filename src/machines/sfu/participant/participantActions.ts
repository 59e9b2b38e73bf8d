/** What a participant's chart asks before it decides, and what it does then. */
import { assertEvent, assign, setup } from "xstate"
import { speakAs } from "../../registry.ts"
import { conferenceAt, participantAt } from "../addresses.ts"
import type { ConferenceEvent, ConferenceInput } from "../conference/conferenceContext.ts"
import type { Dismissal, SfuEvent } from "../events.ts"
import type { Announcement, MediaKind } from "../media.ts"
import {
  type Asked,
  type Consumer,
  hasTransport,
  isInConference,
  type OwnProducer,
  type ParticipantContext,
  type ParticipantEvent,
  type ParticipantInput,
  type Timer,
  withoutTransport
} from "./participantContext.ts"

const { tell } = speakAs(({ id }: ParticipantContext) => participantAt(id))

const base = setup({
  types: {
    context: {} as ParticipantContext,
    events: {} as ParticipantEvent,
    input: {} as ParticipantInput
  },
  guards: {
    isOwnRoom: ({ context }, { roomId }: { roomId: string }) => roomId === context.roomId,
    hasJoined: ({ context }) => context.call !== null,
    /** The answer to what was asked last. */
    isAwaited: ({ context }, { attempt }: { attempt: number | undefined }) => attempt === context.attempts,
    lacksTransport: ({ context }, { transportId }: { transportId: string }) => !hasTransport(context, transportId),
    /** Its client has given its side of it before. */
    isConnected: ({ context }, { transportId }: { transportId: string }) =>
      context.transports.some(({ id, state }) => id === transportId && state !== "new"),
    lacksProducer: ({ context }, { producerId }: { producerId: string }) => !isInConference(context, producerId),
    lacksConsumer: ({ context }, { consumerId }: { consumerId: string }) =>
      !context.consumers.some(({ id }) => id === consumerId),
    hasAllTransports: ({ context }) => context.transports.length >= context.settings.most.transports,
    hasAllProducers: ({ context }) => context.producers.length >= context.settings.most.producers,
    hasAllConsumers: ({ context }) => context.consumers.length >= context.settings.most.consumers,
    hasFirstTransport: ({ context }) => context.opened >= 1,
    hasSecondTransport: ({ context }) => context.opened >= 2,
    isOver: (_, { state }: { state: string }) => state === "failed" || state === "closed"
  },
  actions: {
    /** Lets the socket's frames in as events. */
    openSocket: () => {},
    // Frames to the client
    answer: (_, _answer: { requestId: string | null; data: object }) => {},
    refuse: (_, _refusal: { requestId: string | null; error: string }) => {},
    tellProducer: (_, _producer: Announcement) => {},
    tellProducerClosed: (_, _producer: { producerId: string; userId: string }) => {},
    // The socket
    /** Tells the client why it is sent away, and closes its socket. */
    dismissSocket: (_, _parameters: { cause: Dismissal }) => {},
    /** Ends it without a closing handshake. */
    cutSocket: () => {},
    /** Later frames wait, in order, until they are released; should that take so many milliseconds, `answer.due` comes. */
    holdFrames: (_, _wait: { afterMs: number }) => {},
    releaseFrames: () => {},
    // The engine: each of these five is answered by an event
    openTransport: (_, _asked: Asked["transport"]) => {},
    connectTransport: (_, _asked: Asked["connect"]) => {},
    produce: (_, _asked: Asked["produce"]) => {},
    consume: (_, _asked: Asked["consume"]) => {},
    resumeConsumer: (_, _asked: Asked["resume"]) => {},
    closeTransport: (_, _parameters: { transportId: string }) => {},
    /** Nothing that the engine has opened for it stays, nor what it opens for it from now on. */
    releaseMedia: () => {},
    /** Asks for an event of this name in so many milliseconds. */
    requestDeadline: (_, _request: { event: Timer; afterMs: number }) => {},
    cancelDeadline: (_, _timer: { event: Timer }) => {},
    record: (_, _event: SfuEvent) => {},
    // The conference
    countAttempt: assign({
      attempts: ({ context }) => context.attempts + 1,
      joinRequest: (_, { requestId }: { requestId: string | null }) => requestId
    }),
    askConference: tell(({ context, event }) => {
      assertEvent(event, "join.asked")
      const { id, roomId, userId, userName, attempts } = context
      const { worker, call, at } = event
      return {
        to: conferenceAt(roomId),
        // Without a place for a new one only one that is there can take it in.
        input: worker === null ? undefined : ({ id: roomId, call, worker } satisfies ConferenceInput),
        event: {
          type: "member.join",
          participantId: id,
          userId,
          userName,
          attempt: attempts,
          at
        } satisfies ConferenceEvent,
        replyTo: participantAt(id),
        requestId: attempts
      }
    }),
    /** One of its own, whose client has been answered. */
    announceProducer: tell(({ context }, { id, kind }: { id: string; kind: MediaKind }) => ({
      to: conferenceAt(context.roomId),
      event: {
        type: "producer.opened",
        participantId: context.id,
        producerId: id,
        kind
      } satisfies ConferenceEvent
    })),
    reportEnded: tell(({ context }, { producerIds }: { producerIds: readonly string[] }) => ({
      to: conferenceAt(context.roomId),
      event: { type: "producers.ended", participantId: context.id, producerIds } satisfies ConferenceEvent
    })),
    leaveConference: tell(({ context }, { at }: { at: number | null }) => ({
      to: conferenceAt(context.roomId),
      event: { type: "member.leave", participantId: context.id, at } satisfies ConferenceEvent
    })),
    // What it has
    noteJoined: assign(({ event }) => {
      assertEvent(event, "conference.joined")
      // What was held back is in the list.
      return { call: event.call, others: event.producers.map(({ producerId }) => producerId), held: [] }
    }),
    addTransport: assign(({ context }, { id }: { id: string }) => ({
      transports: [...context.transports, { id, state: "new" as const }],
      opened: context.opened + 1
    })),
    /** It is so until the engine says otherwise, which it may have done already. */
    noteConnecting: assign({
      transports: ({ context }, { transportId }: { transportId: string }) =>
        context.transports.map((each) =>
          each.id === transportId && each.state === "new" ? { ...each, state: "connecting" as const } : each
        )
    }),
    noteTransport: assign({
      transports: ({ context }, { transportId, state }: { transportId: string; state: "connecting" | "connected" }) =>
        context.transports.map((each) => (each.id === transportId ? { ...each, state } : each))
    }),
    addProducer: assign({
      producers: ({ context }, producer: OwnProducer) => [...context.producers, producer]
    }),
    addConsumer: assign({
      consumers: ({ context }, consumer: Consumer) => [...context.consumers, consumer]
    }),
    noteOther: assign({
      others: ({ context }, { producerId }: Announcement) => [...context.others, producerId]
    }),
    holdNotice: assign({ held: ({ context }, producer: Announcement) => [...context.held, producer] })
  }
})

/** What was held back is told, in order, and what comes from now on at once. */
const tellHeld = base.enqueueActions(({ context, enqueue }) => {
  for (const params of context.held) enqueue({ type: "tellProducer", params })
  enqueue.assign({ held: [] })
})

/**
 * Somebody's producer has gone. One that the client has not heard of it never hears of; of any other it hears when its
 * owner has no media any more, as clients drop all that they show of somebody at the first such word.
 */
const forgetProducer = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "producer.closed")
  const { producerId, userId, owner, isLast } = event
  const wasHeld = context.held.some((producer) => producer.producerId === producerId)
  const ended = [...context.withheld, ...(wasHeld ? [] : [{ producerId, userId, owner }])]
  const isTold = (end: { readonly owner: string }) => isLast && end.owner === owner
  for (const end of ended.filter(isTold)) {
    enqueue({ type: "tellProducerClosed", params: { producerId: end.producerId, userId: end.userId } })
  }
  enqueue.assign({
    others: context.others.filter((id) => id !== producerId),
    held: context.held.filter((producer) => producer.producerId !== producerId),
    withheld: ended.filter((end) => !isTold(end)),
    consumers: context.consumers.filter((consumer) => consumer.producerId !== producerId)
  })
})

/** One of its transports is over, and takes along what was on it; the others hear of the producers. */
const loseTransport = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "transport.changed")
  const { transportId } = event
  if (!hasTransport(context, transportId)) return
  const producerIds = context.producers.filter((producer) => producer.transportId === transportId).map(({ id }) => id)
  enqueue.assign(withoutTransport(context, transportId))
  enqueue({ type: "closeTransport", params: { transportId } })
  if (producerIds.length > 0) enqueue({ type: "reportEnded", params: { producerIds } })
})

export const participantSetup = base.extend({ actions: { tellHeld, forgetProducer, loseTransport } })
