/**
 * The states of a row that an actor is the only writer of, as parts of its chart: nothing is answered before it is written,
 * and one thing at a time is asked of the database. Each chart says for itself what it asks for, what it writes down of a
 * fault, and what there is to do when nothing is being written; the compiler compares that with the chart's own words.
 *
 * A chart that has these states has an actor `loadRow` and `saveRow`, `removeRow` where it removes, the guards of `bookGuards`, and the actions
 * `keepWaiting`, `readmitWaiting`, `denyWaiting`, `failWaiting`, `adoptRow`, `startWriting`, `finishWriting`, `failWriting`,
 * `decideAgain`, `denyAll` and `requestDeadline`.
 */
import type { Removed, Saved } from "./books.ts"

/** What all such charts hear beside what is their own. */
export type RecordEvent =
  /** To try again what the database has not done. */
  | { readonly type: "retry.due"; readonly at: number }
  /** What is decided upon has been replaced by the row as it was found. */
  | { readonly type: "record.reloaded" }
  /** All that had to wait has been heard. */
  | { readonly type: "events.reheard" }

/** What is asked of the database, as its faults are written down. */
export type Operation = "load" | "save" | "remove"

/** An input for what is asked of the database, made of what the actor knows. */
type InputOf<Context, Input> = (from: { readonly context: Context }) => Input

/** What such a chart says of a row that it never removes: time ends it. */
export interface LastingParts<Context, Load, Reload, Save, Fault, Adopting, Settled, Lapsed> {
  readonly inputs: {
    readonly load: InputOf<Context, Load>
    readonly reload: InputOf<Context, Reload>
    readonly save: InputOf<Context, Save>
  }
  /** The action that writes a fault of the database down. */
  readonly faultOf: (operation: Operation) => Fault
  /** What is done besides when the row has been read for the first time. */
  readonly adopting: Adopting
  /** What there is to do when nothing is being written. */
  readonly settled: Settled
  /** Where a retry leads when the row's life is over: nothing is left to save, and nobody waits. */
  readonly lapsed: Lapsed
}

/** The same of one that it may remove. */
export interface RecordParts<Context, Load, Reload, Save, Remove, Fault, Adopting, Settled, Removing, Lapsed>
  extends LastingParts<Context, Load, Reload, Save, Fault, Adopting, Settled, Lapsed> {
  readonly inputs: LastingParts<Context, Load, Reload, Save, Fault, Adopting, Settled, Lapsed>["inputs"] & {
    readonly remove: InputOf<Context, Remove>
  }
  /** Why a row is removed, in words, and what is done when it has been, before the actor ends. */
  readonly removing: { readonly description: string; readonly actions: Removing }
}

const errorOf = ({ event }: { event: { error: unknown } }) => ({ error: event.error })

/** The row could not be made or read: whoever waits for it hears why. */
export const failWaiting = { type: "failWaiting", params: errorOf } as const

/** What was to be done is undone; it is tried again after a while. */
const troubledBy = <Fault>(faultOf: (operation: Operation) => Fault, operation: Operation) =>
  ({ target: "troubled", actions: [faultOf(operation), { type: "failWriting", params: errorOf }] }) as const

/**
 * `loading` is where the row is read for the first time, beside a state `open` of which `storage` is a region, and a final
 * state `gone` whose id is given.
 */
export const lastingStates =
  <Context, Row extends object>() =>
  <
    Load,
    Reload,
    Save,
    const Fault,
    const Adopting extends readonly unknown[],
    const Settled extends object,
    const Lapsed,
    const Gone extends string
  >(
    gone: Gone,
    parts: LastingParts<Context, Load, Reload, Save, Fault, Adopting, Settled, Lapsed>
  ) => {
    const { inputs, faultOf, adopting, settled, lapsed } = parts
    const wasFound = {
      type: "wasFound",
      params: ({ event }: { event: { output: Row | null } }) => ({ found: event.output })
    } as const
    const adoptRow = {
      type: "adoptRow",
      params: ({ event }: { event: { output: Row | null } }) => ({ row: event.output })
    } as const
    const loading = {
      description: "The row is being read; whoever asks meanwhile waits.",
      invoke: {
        src: "loadRow",
        input: inputs.load,
        onDone: [
          { guard: wasFound, target: "open", actions: [adoptRow, ...adopting, "readmitWaiting"] },
          { target: "gone", actions: "denyWaiting" }
        ],
        onError: { target: "gone", actions: [faultOf("load"), failWaiting] }
      },
      on: { "*": { actions: "keepWaiting" } }
    } as const

    const storage = {
      initial: "rehearing",
      states: {
        rehearing: {
          description: "What had to wait for the row is being heard; nothing is written before the last of it.",
          on: { "events.reheard": { target: "settled" } }
        },
        settled: { description: "Nothing is being written.", ...settled },
        saving: {
          description: "The draft is being written; what is decided meanwhile goes out in the next save.",
          entry: "startWriting",
          invoke: {
            src: "saveRow",
            input: inputs.save,
            onDone: [
              {
                guard: {
                  type: "wasSaved",
                  params: ({ event }: { event: { output: Saved } }) => ({ outcome: event.output })
                },
                target: "settled",
                actions: "finishWriting"
              },
              { target: "reloading" }
            ],
            onError: troubledBy(faultOf, "save")
          }
        },
        reloading: {
          description: "Somebody else has changed the row: it is read again and everything open decided anew.",
          invoke: {
            src: "loadRow",
            input: inputs.reload,
            onDone: [
              { guard: wasFound, target: "rehearing", actions: ["decideAgain", adoptRow] },
              { target: gone, actions: "denyAll" }
            ],
            onError: troubledBy(faultOf, "load")
          }
        },
        troubled: {
          description: "The database could not be reached: tried again after a while or at the next change.",
          entry: {
            type: "requestDeadline",
            params: ({ context }: { context: Context & { readonly settings: { readonly retryMs: number } } }) => ({
              event: "retry.due" as const,
              afterMs: context.settings.retryMs
            })
          },
          exit: { type: "cancelDeadline", params: { event: "retry.due" } },
          always: { guard: "hasDecided", target: "settled" },
          on: { "retry.due": [lapsed, { target: "settled" }] }
        }
      }
    } as const

    return { loading, storage }
  }

/** The same, and `removing` beside them. */
export const recordStates =
  <Context, Row extends object>() =>
  <
    Load,
    Reload,
    Save,
    Remove,
    const Fault,
    const Adopting extends readonly unknown[],
    const Settled extends object,
    const Removing,
    const Lapsed,
    const Gone extends string
  >(
    gone: Gone,
    parts: RecordParts<Context, Load, Reload, Save, Remove, Fault, Adopting, Settled, Removing, Lapsed>
  ) => {
    const { inputs, faultOf, removing } = parts
    const { loading, storage } = lastingStates<Context, Row>()(gone, parts)
    const { rehearing, settled, saving, reloading, troubled } = storage.states
    const states = {
      ...{ rehearing, settled, saving },
      removing: {
        description: removing.description,
        entry: "startWriting",
        invoke: {
          src: "removeRow",
          input: inputs.remove,
          onDone: [
            {
              guard: {
                type: "wasRemoved",
                params: ({ event }: { event: { output: Removed } }) => ({ outcome: event.output })
              },
              target: gone,
              actions: removing.actions
            },
            { target: "reloading" }
          ],
          onError: troubledBy(faultOf, "remove")
        }
      },
      ...{ reloading, troubled }
    } as const
    return { loading, storage: { ...storage, states } } as const
  }

/**
 * The same of a row that others write as well, who say so (`record.revised`): what is being read may be older than what they
 * have said, and is read once more.
 */
export const revisedStates = <
  const Loading extends { readonly on: object },
  const Storage extends { readonly states: { readonly reloading: object } }
>({
  loading,
  storage
}: {
  readonly loading: Loading
  readonly storage: Storage
}) => {
  const { states } = storage
  return {
    loading: { ...loading, on: { ...loading.on, "record.revised": { target: "loading", reenter: true } } },
    storage: {
      ...storage,
      states: {
        ...states,
        reloading: { ...states.reloading, on: { "record.revised": { target: "reloading", reenter: true } } }
      }
    }
  } as const
}
