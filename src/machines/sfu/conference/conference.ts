/**
 * A conference: who takes part in the call of a room, and which producers there are. It alone changes both lists, and
 * whoever is told of them or of a change in them is told by this actor, so that lists and events fit together.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { mediaRouterAt, mediaWorkerAt, participantAt } from "../addresses.ts"
import type { SfuEvent } from "../events.ts"
import type { EngineJson } from "../media.ts"
import type { MediaWorkerEvent } from "../mediaWorker/mediaWorkerContext.ts"
import { conferenceSetup } from "./conferenceActions.ts"
import { type ConferenceContext, type ConferenceNotice, newConferenceContext, storyOf } from "./conferenceContext.ts"

const ofParticipant = ({ event: { participantId } }: { event: { participantId: string } }) => ({ participantId })
const meant = { type: "isMeant", params: ({ event: { call } }: { event: { call: string } }) => ({ call }) } as const
/** What its worker has given. */
const given = ({ event }: { event: { output: EngineJson } }) => event.output
const member = { type: "isMember", params: ofParticipant } as const

const refusal = {
  guard: { type: "isFullFor", params: ofParticipant },
  actions: {
    type: "refuse",
    params: ({ event: { participantId, attempt } }: { event: { participantId: string; attempt: number } }) => ({
      participantId,
      attempt
    })
  }
} as const

export const conferenceMachine = conferenceSetup.createMachine({
  id: "conference",
  description:
    "The call of one room: it gets a router on a media worker, its participants hear of each other's producers, and it goes some time after the last one has.",
  context: ({ input }) => newConferenceContext(input),
  initial: "opening",
  on: {
    "worker.died": { guard: meant, target: ".lost", actions: "endWithWorker" },
    "worker.unavailable": { guard: meant, target: ".lost", actions: "endUnplaced" },
    // Its worker is not there to be asked.
    "child.missing": { target: ".lost", actions: "endUnplaced" },
    "child.unavailable": { target: ".lost", actions: "endUnplaced" },
    "child.crashed": { target: ".lost", actions: "endUnplaced" },
    "server.draining": { target: ".closed", actions: "endWithServer" },
    "operator.ends": { target: ".closed", actions: "endByHand" }
  },
  states: {
    opening: {
      description: "There is no router yet; whoever joins waits for it.",
      entry: "reportOpened",
      initial: "placing",
      on: {
        "member.join": [refusal, { actions: "admit" }],
        "member.leave": { guard: member, actions: "removeMember" }
      },
      states: {
        placing: {
          description: "Its media worker does not run yet, or has not said so.",
          on: { "worker.ready": { guard: meant, target: "routing" } }
        },
        routing: {
          description: "Its router is being made.",
          invoke: {
            src: "openRouter",
            input: ({ context: { worker, call } }) => ({ worker, call }),
            onDone: {
              target: "#conference.live",
              actions: [
                { type: "noteRouter", params: given },
                {
                  type: "record",
                  params: ({ context: { id, call, worker } }) => ({
                    name: "sfu:conference_opened",
                    roomId: id,
                    call,
                    worker
                  })
                },
                "answer"
              ]
            },
            onError: {
              target: "#conference.lost",
              actions: [
                {
                  type: "record",
                  params: ({ context: { id, call, worker }, event: { error } }) => ({
                    name: "sfu:router_error",
                    roomId: id,
                    call,
                    worker,
                    error
                  })
                },
                "endByFault"
              ]
            }
          }
        }
      }
    },
    live: {
      description: "Somebody takes part.",
      always: { guard: "isEmpty", target: "lingering" },
      on: {
        "member.join": [refusal, { actions: ["admit", "answer"] }],
        "member.leave": { guard: member, actions: "removeMember" },
        "producer.opened": { guard: member, actions: "addProducer" },
        "producers.ended": { guard: member, actions: "endProducers" }
      }
    },
    lingering: {
      description: "Nobody is there. Whoever comes in time finds the router.",
      entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.lingerMs }) },
      exit: "cancelDeadline",
      on: {
        "member.join": { target: "live", actions: ["admit", "answer"] },
        deadline: { target: "closed", actions: "endEmpty" }
      }
    },
    closed: {
      type: "final",
      description: "Nobody has come back, the server goes, or whoever runs it has ended it.",
      entry: [{ type: "closeRouter", params: ({ context }) => ({ call: context.call }) }, "reportClosed"]
    },
    lost: {
      type: "final",
      description:
        "There is no router for it, or none any more. Who was in it has been told; the next to join begins another.",
      entry: [{ type: "closeRouter", params: ({ context }) => ({ call: context.call }) }, "reportClosed"]
    }
  }
})

/** Nobody knows any more who takes part: all are sent away and come again to another. */
export const conferenceCrash = ({ id, context }: Crash<ConferenceContext>): Aftermath<SfuEvent> => {
  if (context === undefined) return { tell: [], record: [] }
  const { call, worker, members } = context
  return {
    tell: [
      ...members.map(({ participantId }) => ({
        to: participantAt(participantId),
        event: { type: "conference.lost", how: "fault" } satisfies ConferenceNotice
      })),
      { to: mediaRouterAt(call), event: { type: "router.abandoned" } },
      { to: mediaWorkerAt(worker), event: { type: "conference.closed", call } satisfies MediaWorkerEvent }
    ],
    record: [{ name: "sfu:conference_ended", roomId: id, call, ...storyOf(context, "fault") }]
  }
}
