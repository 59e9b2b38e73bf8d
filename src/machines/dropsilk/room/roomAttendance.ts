/** Whether anybody is attached, and how long the room and its actor live. */
import { and, not } from "xstate"
import { nextLook, type RoomContext } from "./roomContext.ts"
import { roomSetup } from "./roomSetup.ts"

const lookAtClock = {
  type: "requestDeadline",
  params: ({ context }: { context: RoomContext }) => ({ event: "life.due" as const, at: nextLook(context) })
} as const

const lookAgain = {
  type: "requestDeadline",
  params: ({ context, event }: { context: RoomContext; event: { at: number } }) => ({
    event: "life.due" as const,
    at: nextLook(context, event.at)
  })
} as const

const lapses = { guard: "hasLapsed", target: "#room.gone", actions: "denyAll" } as const

export const attendance = roomSetup.createStateConfig({
  initial: "unattended",
  exit: { type: "cancelDeadline", params: { event: "life.due" } },
  on: {
    "room.rest": { target: ".closing" },
    "life.due": [lapses, { guard: "isHalfSpent", actions: ["extendLife", lookAgain] }, { actions: lookAgain }]
  },
  states: {
    unattended: {
      description: "Nobody holds a transfer seat: the room expires, and its actor goes to rest before that.",
      entry: lookAtClock,
      on: {
        "seat.taken": { target: "attended", actions: "takeSeat" },
        "life.due": { guard: and([not("hasLapsed"), "isUnspoken"]), target: "resting", actions: "noteRest" }
      }
    },
    resting: {
      description:
        "Nobody has spoken for long: the actor ends when nothing is owed, unless somebody speaks before that.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({ event: "life.due" as const, at: context.expiresAt })
      },
      always: { guard: "isSpokenTo", target: "unattended" },
      on: {
        "seat.taken": { target: "attended", actions: "takeSeat" }
      }
    },
    attended: {
      description: "A transfer seat is taken: the room does not expire.",
      entry: lookAtClock,
      on: {
        "seat.taken": { actions: "takeSeat" },
        "seat.vacated": [
          { guard: "isSeatedAlone", target: "unattended", actions: "vacateSeat" },
          { actions: "vacateSeat" }
        ],
        "seat.freed": [
          { guard: "isSeatedAlone", target: "unattended", actions: "vacateSeat" },
          { actions: "vacateSeat" }
        ]
      }
    },
    closing: {
      description: "The server is going: whatever is said now, the actor ends when nothing is owed.",
      on: {
        "seat.taken": { actions: "takeSeat" },
        "seat.vacated": { actions: "vacateSeat" },
        "seat.freed": { actions: "vacateSeat" }
      }
    }
  }
})
