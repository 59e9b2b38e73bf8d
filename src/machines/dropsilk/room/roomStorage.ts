/** The row of a room: nothing is answered before it is written, and one thing at a time is asked of the database. */
import { and } from "xstate"
import { present } from "../../present.ts"
import { failWaiting, recordStates } from "../../record/storage.ts"
import type { RoomContext, RoomRow } from "./roomContext.ts"
import { outcomeOf } from "./roomMessages.ts"
import { recordFault, roomSetup } from "./roomSetup.ts"

const askAllSeats = (["transfer", "screen-share", "chat"] as const).map((channel) => ({
  type: "askSeats" as const,
  params: { channel }
}))

export const creating = roomSetup.createStateConfig({
  description: "The row of a new room is being written.",
  entry: "draftCreation",
  invoke: {
    src: "insertRow",
    input: ({ context }) => ({ room: present(context.writing, "row to write"), words: context.words }),
    onDone: [
      {
        guard: { type: "wasInserted", params: ({ event }) => ({ outcome: event.output }) },
        target: "open",
        actions: ["adoptCreated", "answerDecided", "readmitWaiting"]
      },
      {
        target: "gone",
        actions: [
          { type: "answerCreator", params: { outcome: "room.codeTaken" } },
          { type: "failWaiting", params: { error: undefined } }
        ]
      }
    ],
    onError: {
      target: "gone",
      actions: [
        recordFault("insert"),
        { type: "answerCreator", params: ({ event }) => ({ outcome: outcomeOf(event.error) }) },
        failWaiting
      ]
    }
  },
  on: { "*": { actions: "keepWaiting" } }
})

const states = recordStates<RoomContext, RoomRow>()("#room.gone", {
  inputs: {
    load: ({ context }) => ({ code: context.code, at: context.at }),
    reload: ({ context }) => ({ code: context.code, at: context.spokenAt }),
    save: ({ context }) => ({
      before: present(context.saved, "saved room"),
      after: present(context.writing, "row to write"),
      words: context.words
    }),
    remove: ({ context }) => ({ before: present(context.saved, "saved room") })
  },
  faultOf: recordFault,
  adopting: askAllSeats,
  settled: {
    always: [
      { guard: "isEmpty", target: "removing" },
      { guard: "hasChanged", target: "saving" },
      { guard: "owesLongExtension", target: "saving" },
      { guard: and(["owesExtension", "isEnding"]), target: "saving" },
      { guard: "hasDecided", actions: "answerDecided" },
      { guard: and(["isEnding", "owesNothing"]), target: "#room.gone" }
    ]
  },
  removing: { description: "The row of the empty room is being removed.", actions: "denyAll" },
  lapsed: { guard: "hasLapsed", target: "#room.gone" }
})

export const loading = roomSetup.createStateConfig(states.loading)

export const storage = roomSetup.createStateConfig(states.storage)
