/**
 * A participant: one client of the SFU, from its coming to its going. Its requests are carried out one after the other;
 * beside that it is told of the others' producers, which is held back at first, as a client that sets up would lose them.
 *
 * What it has is looked up among its own and nobody else's, and ends with it. Media never reach an actor.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { conferenceAt, participantSocketAt } from "../addresses.ts"
import type { ConferenceEvent } from "../conference/conferenceContext.ts"
import type { Dismissal, Ending, SfuEvent } from "../events.ts"
import type { Announcement } from "../media.ts"
import { participantSetup } from "./participantActions.ts"
import { newParticipantContext, type ParticipantContext } from "./participantContext.ts"
import { dismiss } from "./participantReplies.ts"
import { requests } from "./participantRequests.ts"

type InContext = { readonly context: ParticipantContext }

/** Why a client is sent away whose conference has ended so. */
const causes: Readonly<Record<Ending, Dismissal>> = {
  worker_died: "engine_restarted",
  unavailable: "unavailable",
  fault: "fault",
  shutdown: "shutdown",
  operator: "operator",
  // Nobody is in one that is empty.
  empty: "fault"
}

const lost = ({ event: { how } }: { readonly event: { readonly how: Ending } }) => ({ cause: causes[how] })
const announced = ({ event: { producer } }: { readonly event: { readonly producer: Announcement } }) => producer
const record = (name: "sfu:joined" | "sfu:left") =>
  ({
    type: "record",
    params: ({ context: { id, userName, roomId, address } }: InContext) => ({
      name,
      participantId: id,
      userName,
      roomId,
      ip: address
    })
  }) as const

export const participantMachine = participantSetup.createMachine({
  id: "participant",
  description:
    "One client: admitted by its token, in its conference, gone. What it asks is done one thing after the other, and what it owns ends with it.",
  context: ({ input }) => newParticipantContext(input),
  initial: "present",
  states: {
    present: {
      type: "parallel",
      entry: "openSocket",
      exit: [
        { type: "leaveConference", params: ({ event }) => ({ at: "at" in event ? event.at : null }) },
        // Should the engine have been asked for a consumer.
        "releaseFrames",
        "releaseMedia"
      ],
      on: {
        "transport.changed": [
          {
            guard: { type: "isOver", params: ({ event: { state } }) => ({ state }) },
            actions: "loseTransport"
          },
          {
            actions: {
              type: "noteTransport",
              params: ({ event: { transportId, state } }) => ({
                transportId,
                state: state === "connected" ? ("connected" as const) : ("connecting" as const)
              })
            }
          }
        ],
        "conference.lost": {
          target: "dismissed",
          actions: [
            { type: "dismissSocket", params: lost },
            {
              type: "record",
              params: ({ context: { id, address }, event: { how } }) => ({
                name: "sfu:dismissed",
                participantId: id,
                ip: address,
                cause: causes[how]
              })
            }
          ]
        },
        "server.draining": { target: "dismissed", actions: dismiss("shutdown") },
        "operator.ends": { target: "dismissed", actions: dismiss("operator") },
        "socket.closed": { target: "gone" }
      },
      states: {
        membership: {
          initial: "admitted",
          states: {
            admitted: {
              description: "Its token lets it in; it has not joined its conference.",
              entry: {
                type: "requestDeadline",
                params: ({ context }) => ({ event: "join.due" as const, afterMs: context.settings.joinWithinMs })
              },
              exit: { type: "cancelDeadline", params: { event: "join.due" } },
              always: { guard: "hasJoined", target: "joined" },
              on: { "join.due": { target: "#participant.dismissed", actions: dismiss("join_timeout") } }
            },
            joined: {
              description: "It is in its conference.",
              entry: record("sfu:joined"),
              exit: record("sfu:left"),
              on: { "producer.closed": { actions: "forgetProducer" } },
              initial: "held",
              states: {
                held: {
                  description: "It is setting up: what it would be told of others' producers waits, in order.",
                  entry: {
                    type: "requestDeadline",
                    params: ({ context }) => ({
                      event: "joining.settled" as const,
                      afterMs: context.settings.notices.afterJoiningMs
                    })
                  },
                  exit: { type: "cancelDeadline", params: { event: "joining.settled" } },
                  always: { guard: "hasSecondTransport", target: "live" },
                  on: {
                    "producer.announced": {
                      actions: [
                        { type: "noteOther", params: announced },
                        { type: "holdNotice", params: announced }
                      ]
                    },
                    "consume.asked": { target: "live" },
                    "joining.settled": { target: "live" }
                  },
                  initial: "bare",
                  states: {
                    bare: {
                      description: "It has no transport yet.",
                      always: { guard: "hasFirstTransport", target: "equipped" }
                    },
                    equipped: {
                      description: "It has its first transport; the second comes right behind, or not at all.",
                      entry: {
                        type: "requestDeadline",
                        params: ({ context }) => ({
                          event: "transport.settled" as const,
                          afterMs: context.settings.notices.afterTransportMs
                        })
                      },
                      exit: { type: "cancelDeadline", params: { event: "transport.settled" } },
                      on: { "transport.settled": { target: "#participant.present.membership.joined.live" } }
                    }
                  }
                },
                live: {
                  description: "It can consume: it is told at once.",
                  entry: "tellHeld",
                  on: {
                    "producer.announced": {
                      actions: [
                        { type: "noteOther", params: announced },
                        { type: "tellProducer", params: announced }
                      ]
                    }
                  }
                }
              }
            }
          }
        },
        requests
      }
    },
    dismissed: {
      description: "Has been told to go. One that does not answer that is cut.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({ event: "cut.due" as const, afterMs: context.settings.cutAfterMs })
      },
      exit: { type: "cancelDeadline", params: { event: "cut.due" } },
      on: {
        "cut.due": { actions: "cutSocket" },
        "socket.closed": { target: "gone" }
      }
    },
    gone: { type: "final" }
  }
})

/** Its socket is closed, what the engine holds for it freed, and the others hear that its media have ended. */
export const participantCrash = ({ id, at, context }: Crash<ParticipantContext>): Aftermath<SfuEvent> => ({
  tell: [
    { to: participantSocketAt(id), event: { type: "socket.abandoned" } },
    ...(context === undefined
      ? []
      : [
          {
            to: conferenceAt(context.roomId),
            event: { type: "member.leave", participantId: id, at } satisfies ConferenceEvent
          }
        ])
  ],
  record: []
})
