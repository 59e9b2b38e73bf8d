/** What a participant's client asks, one thing after the other: a region of its chart. */
import { assertEvent } from "xstate"
import { participantSetup } from "./participantActions.ts"
import {
  answer,
  awaited,
  awaitedReply,
  dismiss,
  given,
  idGiven,
  idle,
  lacksTransport,
  note,
  ofTransport,
  refuse,
  refuseAsked,
  trouble
} from "./participantReplies.ts"

export const requests = participantSetup.createStateConfig({
  initial: "idle",
  states: {
    idle: {
      on: {
        "join.asked": [
          {
            guard: { type: "isOwnRoom", params: ({ event: { roomId } }) => ({ roomId }) },
            target: "answering.joining",
            actions: [note, "countAttempt", "askConference"]
          },
          { actions: refuse("Unauthorized room access") }
        ],
        "transport.asked": [
          { guard: "hasAllTransports", actions: refuse("Too many transports") },
          { guard: "hasJoined", target: "answering.opening", actions: note },
          { actions: refuse("Room not found") }
        ],
        "connect.asked": [
          { guard: lacksTransport, actions: refuse("Transport not found") },
          { guard: { type: "isConnected", params: ofTransport }, actions: refuse("Transport already connected") },
          { target: "answering.connecting", actions: note }
        ],
        "produce.asked": [
          { guard: lacksTransport, actions: refuse("Transport not found") },
          { guard: "hasAllProducers", actions: refuse("Too many producers") },
          { target: "answering.producing", actions: note }
        ],
        "consume.asked": [
          { guard: lacksTransport, actions: refuse("Transport or Router not found") },
          {
            guard: { type: "lacksProducer", params: ({ event: { producerId } }) => ({ producerId }) },
            actions: refuse("Cannot consume")
          },
          { guard: "hasAllConsumers", actions: refuse("Too many consumers") },
          { target: "answering.consuming", actions: note }
        ],
        "resume.asked": [
          {
            guard: { type: "lacksConsumer", params: ({ event: { consumerId } }) => ({ consumerId }) },
            actions: refuse("Consumer not found")
          },
          { target: "answering.resuming", actions: note }
        ]
      }
    },
    answering: {
      description: "Something is being done for the client; its later frames wait.",
      // XState wants one; whoever comes here says where.
      initial: "joining",
      entry: [
        "holdFrames",
        {
          type: "requestDeadline",
          params: ({ context }) => ({ event: "answer.due" as const, afterMs: context.answerWithinMs })
        }
      ],
      exit: [{ type: "cancelDeadline", params: { event: "answer.due" } }, "releaseFrames"],
      on: { "answer.due": { target: "#participant.dismissed", actions: dismiss("unavailable") } },
      states: {
        joining: {
          description: "The conference has been asked; it may have to be given a router first.",
          on: {
            "conference.joined": {
              guard: awaited,
              target: idle,
              actions: [
                {
                  type: "answer",
                  params: ({ context, event: { rtpCapabilities, producers } }) => ({
                    requestId: context.asked.requestId,
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
              actions: [refuseAsked("Room is full"), ...dismiss("room_full")]
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
          invoke: {
            src: "openTransport",
            input: ({ context: { id, call } }) => ({ participantId: id, call: call ?? "" }),
            onDone: [
              ...trouble,
              {
                target: idle,
                actions: [
                  {
                    type: "answer",
                    params: ({ context, event }) => {
                      const { id, iceParameters, iceCandidates, dtlsParameters } = given(event.output)
                      return {
                        requestId: context.asked.requestId,
                        data: { params: { id, iceParameters, iceCandidates, dtlsParameters } }
                      }
                    }
                  },
                  { type: "addTransport", params: idGiven }
                ]
              }
            ]
          }
        },
        connecting: {
          invoke: {
            src: "connectTransport",
            input: ({ event }) => {
              assertEvent(event, "connect.asked")
              const { transportId, dtlsParameters } = event
              return { transportId, dtlsParameters }
            },
            onDone: [
              ...trouble,
              { guard: "hasLostTransport", target: idle, actions: refuseAsked("Transport not found") },
              { target: idle, actions: [answer({ success: true }), "noteConnecting"] }
            ]
          }
        },
        producing: {
          invoke: {
            src: "produce",
            input: ({ event }) => {
              assertEvent(event, "produce.asked")
              const { transportId, kind, rtpParameters } = event
              return { transportId, kind, rtpParameters }
            },
            onDone: [
              ...trouble,
              { guard: "hasLostTransport", target: idle, actions: refuseAsked("Transport not found") },
              {
                target: idle,
                actions: [
                  {
                    type: "answer",
                    params: ({ context, event }) => ({
                      requestId: context.asked.requestId,
                      data: { id: given(event.output).id }
                    })
                  },
                  { type: "addProducer", params: idGiven },
                  // Behind the answer: nobody hears of it before its owner does.
                  { type: "announceProducer", params: idGiven }
                ]
              }
            ]
          }
        },
        consuming: {
          invoke: {
            src: "consume",
            input: ({ event }) => {
              assertEvent(event, "consume.asked")
              const { transportId, producerId, rtpCapabilities } = event
              return { transportId, producerId, rtpCapabilities }
            },
            onDone: [
              ...trouble,
              { guard: "hasLostTransport", target: idle, actions: refuseAsked("Transport or Router not found") },
              { guard: "hasLostProducer", target: idle, actions: refuseAsked("Cannot consume") },
              {
                target: idle,
                actions: [
                  {
                    type: "answer",
                    params: ({ context, event }) => {
                      const { id, producerId, kind, rtpParameters } = given(event.output)
                      return {
                        requestId: context.asked.requestId,
                        data: { params: { id, producerId, kind, rtpParameters } }
                      }
                    }
                  },
                  { type: "addConsumer", params: idGiven }
                ]
              }
            ]
          }
        },
        resuming: {
          invoke: {
            src: "resumeConsumer",
            input: ({ event }) => {
              assertEvent(event, "resume.asked")
              return { consumerId: event.consumerId }
            },
            onDone: [
              ...trouble,
              { guard: "hasLostConsumer", target: idle, actions: refuseAsked("Consumer not found") },
              { target: idle, actions: [answer({ success: true }), "noteFlowing"] }
            ]
          }
        }
      }
    }
  }
})
