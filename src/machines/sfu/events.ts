/**
 * What happens in the SFU, in the words that operators search their logs for. Actors record these; what is written down,
 * counted and shown of each is in src/io/sfu/telling/events.ts.
 */

export type SfuEvent =
  /** Somebody takes part in a conference. */
  | {
      readonly name: "sfu:joined"
      readonly participantId: string
      readonly userName: string
      readonly roomId: string
      readonly ip: string
    }
  /** Somebody who took part has gone. */
  | {
      readonly name: "sfu:left"
      readonly participantId: string
      readonly userName: string
      readonly roomId: string
      readonly ip: string
    }
  /** A connection was sent away. */
  | { readonly name: "sfu:dismissed"; readonly participantId: string; readonly ip: string; readonly cause: Dismissal }
  /** The media engine has failed at something that a client has asked for. */
  | { readonly name: "sfu:error"; readonly participantId: string; readonly error: unknown }
  | { readonly name: "sfu:conference_opened"; readonly roomId: string; readonly call: string; readonly worker: string }
  /** There is no router for it. */
  | {
      readonly name: "sfu:router_error"
      readonly roomId: string
      readonly call: string
      readonly worker: string
      readonly error: unknown
    }
  | ({ readonly name: "sfu:conference_ended"; readonly roomId: string; readonly call: string } & Story)
  | { readonly name: "sfu:worker_started"; readonly worker: string; readonly pid: number }
  /** `error`: why it could not be started; absent: it ran. */
  | {
      readonly name: "sfu:worker_died"
      readonly worker: string
      readonly conferences: number
      readonly error?: unknown
    }
  /** It dies again and again: it is left alone for a while. */
  | { readonly name: "sfu:worker_exhausted"; readonly worker: string; readonly retryMs: number }

/** Why a client is sent away. */
export type Dismissal =
  /** The server goes. */
  | "shutdown"
  /** It has not joined in time. */
  | "join_timeout"
  /** The media worker of its conference has died. */
  | "engine_restarted"
  | "room_full"
  /** No media worker runs, or nobody has answered in time. */
  | "unavailable"
  /** A fault of the server. */
  | "fault"
  /** Whoever runs the server has ended it, or its conference. */
  | "operator"

/** How a conference has ended. */
export type Ending = "empty" | "worker_died" | "unavailable" | "fault" | "shutdown" | "operator"

/** What became of a conference. */
export interface Story {
  /** Who has ever joined. */
  readonly participants: number
  /** Producers that there have ever been. */
  readonly audio: number
  readonly video: number
  /** When the first one came, epoch milliseconds. */
  readonly firstAt: number
  /** When the last one left; null: somebody was there to the end. */
  readonly lastAt: number | null
  readonly how: Ending
}
