/** The row of a room: nothing is answered before it is written, and one thing at a time is asked of the database. */
import { and } from "xstate"
import { present } from "../../present.ts"
import { outcomeOf } from "./roomMessages.ts"
import { recordFault, roomSetup } from "./roomSetup.ts"

const errorOf = ({ event }: { event: { error: unknown } }) => ({ error: event.error })

/** The row could not be made or read: whoever waits for it hears why. */
const failWaiting = { type: "failWaiting", params: errorOf } as const

/** What was to be done is undone; it is tried again after a while. */
const troubledBy = (operation: "save" | "remove" | "load") =>
  ({ target: "troubled", actions: [recordFault(operation), { type: "failWriting", params: errorOf }] }) as const

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

export const loading = roomSetup.createStateConfig({
  description: "The row is being read; whoever asks meanwhile waits.",
  invoke: {
    src: "loadRow",
    input: ({ context }) => ({ code: context.code, at: context.at }),
    onDone: [
      {
        guard: { type: "wasFound", params: ({ event }) => ({ found: event.output }) },
        target: "open",
        actions: [
          { type: "adoptRow", params: ({ event }) => ({ row: event.output }) },
          ...askAllSeats,
          "readmitWaiting"
        ]
      },
      { target: "gone", actions: "denyWaiting" }
    ],
    onError: { target: "gone", actions: [recordFault("load"), failWaiting] }
  },
  on: { "*": { actions: "keepWaiting" } }
})

export const storage = roomSetup.createStateConfig({
  initial: "rehearing",
  states: {
    rehearing: {
      description: "What had to wait for the row is being heard; nothing is written before the last of it.",
      on: { "events.reheard": { target: "settled" } }
    },
    settled: {
      description: "Nothing is being written.",
      always: [
        { guard: "isEmpty", target: "removing" },
        { guard: "hasChanged", target: "saving" },
        { guard: "owesLongExtension", target: "saving" },
        { guard: and(["owesExtension", "isEnding"]), target: "saving" },
        { guard: "hasDecided", actions: "answerDecided" },
        { guard: and(["isEnding", "owesNothing"]), target: "#room.gone" }
      ]
    },
    saving: {
      description: "The draft is being written; what is decided meanwhile goes out in the next save.",
      entry: "startWriting",
      invoke: {
        src: "saveRow",
        input: ({ context }) => ({
          before: present(context.saved, "saved room"),
          after: present(context.writing, "row to write"),
          words: context.words
        }),
        onDone: [
          {
            guard: { type: "wasSaved", params: ({ event }) => ({ outcome: event.output }) },
            target: "settled",
            actions: "finishWriting"
          },
          { target: "reloading" }
        ],
        onError: troubledBy("save")
      }
    },
    removing: {
      description: "The row of the empty room is being removed.",
      entry: "startWriting",
      invoke: {
        src: "removeRow",
        input: ({ context }) => ({ before: present(context.saved, "saved room") }),
        onDone: [
          {
            guard: { type: "wasRemoved", params: ({ event }) => ({ outcome: event.output }) },
            target: "#room.gone",
            actions: "denyAll"
          },
          { target: "reloading" }
        ],
        onError: troubledBy("remove")
      }
    },
    reloading: {
      description: "Somebody else has changed the row: it is read again and everything open decided anew.",
      invoke: {
        src: "loadRow",
        input: ({ context }) => ({ code: context.code, at: context.spokenAt }),
        onDone: [
          {
            guard: { type: "wasFound", params: ({ event }) => ({ found: event.output }) },
            target: "rehearing",
            actions: ["decideAgain", { type: "adoptRow", params: ({ event }) => ({ row: event.output }) }]
          },
          { target: "#room.gone", actions: "denyAll" }
        ],
        onError: troubledBy("load")
      }
    },
    troubled: {
      description: "The database could not be reached: tried again after a while or at the next change.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({ event: "retry.due" as const, afterMs: context.retryMs })
      },
      exit: { type: "cancelDeadline", params: { event: "retry.due" } },
      always: { guard: "hasDecided", target: "settled" },
      on: {
        "retry.due": [
          // An expired room has nothing to save any more.
          { guard: "hasLapsed", target: "#room.gone", actions: "denyAll" },
          { target: "settled" }
        ]
      }
    }
  }
})
