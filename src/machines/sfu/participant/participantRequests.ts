/** What a participant's client asks, one thing after the other: a region of its chart. */

import { participantSetup } from "./participantActions.ts"
import type { EngineAnswer } from "./participantContext.ts"
import {
  asked,
  awaited,
  awaitedReply,
  begin,
  dismiss,
  end,
  idle,
  lacksTransport,
  ofTransport,
  refuse,
  refuseAsked,
  succeed,
  trouble,
  troubleInIdle
} from "./participantReplies.ts"

type Produced = Extract<EngineAnswer, { type: "engine.produced" }>

/** What a request asks. */
const request = <Request>({ event }: { readonly event: Request }) => event

/** What was asked for something of its own that has gone meanwhile. */
const askedLacksTransport = { type: "lacksTransport", params: asked } as const

const producerOf = ({ event: { asked, given } }: { readonly event: Produced }) => ({
  id: given.id,
  transportId: asked.transportId,
  kind: asked.kind
})

/** A phase of its negotiation. */
const busy = { entry: begin, exit: end } as const

/** Neither the conference nor the engine has answered. */
const overdue = { "answer.due": { target: "#participant.dismissed", actions: dismiss("unavailable") } } as const

export const requests = participantSetup.createStateConfig({
  initial: "idle",
  states: {
    idle: {
      description:
        "It can ask. What it asks of what it consumes, as often as there are others, is no phase of its own: the engine is asked, and its later frames wait.",
      on: {
        "join.asked": [
          {
            guard: { type: "isOwnRoom", params: ({ event: { roomId } }) => ({ roomId }) },
            target: "joining",
            actions: [{ type: "countAttempt", params: ({ event: { requestId } }) => ({ requestId }) }, "askConference"]
          },
          { actions: refuse("Unauthorized room access") }
        ],
        "transport.asked": [
          { guard: "hasAllTransports", actions: refuse("Too many transports") },
          { guard: "hasJoined", target: "opening", actions: { type: "openTransport", params: request } },
          { actions: refuse("Room not found") }
        ],
        "connect.asked": [
          { guard: lacksTransport, actions: refuse("Transport not found") },
          { guard: { type: "isConnected", params: ofTransport }, actions: refuse("Transport already connected") },
          { target: "connecting", actions: { type: "connectTransport", params: request } }
        ],
        "produce.asked": [
          { guard: lacksTransport, actions: refuse("Transport not found") },
          { guard: "hasAllProducers", actions: refuse("Too many producers") },
          { target: "producing", actions: { type: "produce", params: request } }
        ],
        "consume.asked": [
          { guard: lacksTransport, actions: refuse("Transport or Router not found") },
          {
            guard: { type: "lacksProducer", params: ({ event: { producerId } }) => ({ producerId }) },
            actions: refuse("Cannot consume")
          },
          { guard: "hasAllConsumers", actions: refuse("Too many consumers") },
          { actions: [begin, { type: "consume", params: request }] }
        ],
        "engine.consumed": [
          {
            guard: askedLacksTransport,
            actions: [end, refuseAsked("Transport or Router not found")]
          },
          { guard: { type: "lacksProducer", params: asked }, actions: [end, refuseAsked("Cannot consume")] },
          {
            actions: [
              end,
              {
                type: "answer",
                params: ({ event: { asked, given } }) => {
                  const { id, producerId, kind, rtpParameters } = given
                  return { requestId: asked.requestId, data: { params: { id, producerId, kind, rtpParameters } } }
                }
              },
              {
                type: "addConsumer",
                params: ({ event: { asked, given } }) => ({
                  id: given.id,
                  transportId: asked.transportId,
                  producerId: asked.producerId
                })
              }
            ]
          }
        ],
        "resume.asked": [
          {
            guard: { type: "lacksConsumer", params: ({ event: { consumerId } }) => ({ consumerId }) },
            actions: refuse("Consumer not found")
          },
          { actions: [begin, { type: "resumeConsumer", params: request }] }
        ],
        "engine.resumed": [
          {
            guard: { type: "lacksConsumer", params: asked },
            actions: [end, refuseAsked("Consumer not found")]
          },
          { actions: [end, succeed] }
        ],
        ...troubleInIdle,
        ...overdue
      }
    },
    joining: {
      description: "The conference has been asked; it may have to be given a router first.",
      ...busy,
      on: {
        ...overdue,
        "conference.joined": {
          guard: awaited,
          target: idle,
          actions: [
            {
              type: "answer",
              params: ({ context, event: { rtpCapabilities, producers } }) => ({
                requestId: context.joinRequest,
                data: {
                  rtpCapabilities,
                  existingProducers: producers.filter(({ userId }) => userId !== context.userId)
                }
              })
            },
            "noteJoined"
          ]
        },
        "conference.full": {
          guard: awaited,
          target: "#participant.dismissed",
          actions: [
            {
              type: "refuse",
              params: ({ context: { joinRequest } }) => ({ requestId: joinRequest, error: "Room is full" })
            },
            ...dismiss("room_full")
          ]
        },
        "child.missing": {
          guard: awaitedReply,
          target: "#participant.dismissed",
          actions: dismiss("unavailable")
        },
        "child.unavailable": {
          guard: awaitedReply,
          target: "#participant.dismissed",
          actions: dismiss("unavailable")
        },
        "child.crashed": { guard: awaitedReply, target: "#participant.dismissed", actions: dismiss("fault") }
      }
    },
    opening: {
      ...busy,
      on: {
        ...overdue,
        ...trouble,
        "engine.openedTransport": [
          {
            target: idle,
            actions: [
              {
                type: "answer",
                params: ({ event: { asked, given } }) => {
                  const { id, iceParameters, iceCandidates, dtlsParameters } = given
                  return {
                    requestId: asked.requestId,
                    data: { params: { id, iceParameters, iceCandidates, dtlsParameters } }
                  }
                }
              },
              { type: "addTransport", params: ({ event: { given } }) => ({ id: given.id }) }
            ]
          }
        ]
      }
    },
    connecting: {
      ...busy,
      on: {
        ...overdue,
        ...trouble,
        "engine.connectedTransport": [
          { guard: askedLacksTransport, target: idle, actions: refuseAsked("Transport not found") },
          { target: idle, actions: [succeed, { type: "noteConnecting", params: asked }] }
        ]
      }
    },
    producing: {
      ...busy,
      on: {
        ...overdue,
        ...trouble,
        "engine.produced": [
          { guard: askedLacksTransport, target: idle, actions: refuseAsked("Transport not found") },
          {
            target: idle,
            actions: [
              {
                type: "answer",
                params: ({ event: { asked, given } }) => ({
                  requestId: asked.requestId,
                  data: { id: given.id }
                })
              },
              { type: "addProducer", params: producerOf },
              // Behind the answer: nobody hears of it before its owner does.
              { type: "announceProducer", params: producerOf }
            ]
          }
        ]
      }
    }
  }
})
