/** Who is in a room: what its participants say is decided here, upon the draft. */
import { and } from "xstate"
import { granted, refused, roomSetup } from "./roomSetup.ts"

/** Somebody comes to a room that is full, or seems to be. */
const joinsFull = [
  { guard: "hasLapsed", actions: refused("not-found") },
  { guard: "mustAskAround", actions: "askAround" },
  {
    guard: "isSomebodyGone",
    target: "deciding",
    actions: ["touch", "removeGone", "admitGuest", "hear", granted]
  },
  { actions: ["wantSeats", refused("full")] }
] as const

/** Whoever has left comes back by it. */
const comesBack = {
  guard: "mayReturn",
  target: ".deciding",
  actions: ["touch", "hear", "readmit", granted]
} as const

export const occupancy = roomSetup.createStateConfig({
  initial: "deciding",
  on: {
    "record.reloaded": { target: ".deciding" },
    "room.poll": [
      { guard: "isTold", actions: ["touch", "hear", "answerPoll"] },
      // It has just come or come back, and is answered when that is saved.
      { guard: "isInside", actions: ["touch", "hear", granted] },
      comesBack,
      { actions: "refusePoll" }
    ],
    "room.ready": [
      { guard: "isInside", target: ".deciding", actions: ["touch", "hear", "markReady", granted] },
      { guard: "mayReturn", target: ".deciding", actions: ["touch", "hear", "readmit", "markReady", granted] },
      { actions: refused("not-found") }
    ],
    "room.screenShare": [
      { guard: and(["isInside", "isPeerSharing"]), actions: ["touch", "hear", refused("peer-sharing")] },
      { guard: "isInside", actions: ["touch", "hear", "markScreenShare", granted] },
      { actions: refused("not-found") }
    ],
    "room.chat": [
      { guard: "isInside", actions: ["touch", "hear", "markChat", granted] },
      { actions: refused("not-found") }
    ],
    "room.attach": [
      { guard: "isInside", actions: ["touch", "hear", granted] },
      comesBack,
      { actions: refused("not-found") }
    ],
    "seat.vacated": {
      guard: "isInDraft",
      target: ".deciding",
      actions: ["touch", "removeParticipant", granted]
    }
  },
  states: {
    deciding: {
      always: [
        { guard: "isEmpty", target: "empty" },
        { guard: "isVacant", target: "vacant" },
        { guard: "isReady", target: "ready" },
        { guard: "isPaired", target: "paired" },
        { target: "waiting" }
      ]
    },
    waiting: {
      description: "The host waits for a guest.",
      on: {
        "room.join": [
          { guard: "hasLapsed", actions: refused("not-found") },
          { target: "deciding", actions: ["touch", "hear", "admitGuest", granted] }
        ],
        "room.invite": { guard: "isHeardFrom", actions: "vouch" }
      }
    },
    paired: {
      description: "Host and guest are there, neither has anything to send yet.",
      on: { "room.join": joinsFull }
    },
    ready: {
      description: "There is a guest and either side is ready: the two should connect.",
      on: { "room.join": joinsFull }
    },
    vacant: {
      description: "Nobody is in it: to everybody but those who have just left and may come back it has ended.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({ event: "return.due" as const, at: context.expiresAt })
      },
      exit: { type: "cancelDeadline", params: { event: "return.due" } },
      on: {
        "room.join": { actions: refused("not-found") },
        "return.due": { guard: "hasLapsed", target: "#room.gone", actions: "denyAll" }
      }
    },
    empty: {
      description: "The last participant has left for good: the row is being removed.",
      on: { "room.join": { actions: refused("not-found") } }
    }
  }
})
