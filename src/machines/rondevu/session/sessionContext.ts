/** What a session's actor knows. */
import { type Books, newBooks } from "../../record/books.ts"
import type { Decided, SessionEvent } from "./sessionMessages.ts"
import type { SessionRecord } from "./sessionRecord.ts"

export interface SessionSettings {
  /** Without being spoken to for so long the actor ends; the row remains. */
  readonly restMs: number
  /** After a failed save it tries again in so many milliseconds. */
  readonly retryMs: number
  /** Candidates of one side. */
  readonly candidatesOfSide: number
}

/** Where the row is: a code means something in its bucket alone. */
export interface Place {
  readonly bucket: string
  readonly code: string
}

export interface SessionInput extends Place {
  readonly settings: SessionSettings
  /** Of its address. */
  readonly id: string
  /** Epoch milliseconds: when this actor was called for. */
  readonly at: number
}

export interface SessionContext extends SessionInput, Books<SessionRecord, SessionEvent, Decided> {
  /** Whether the row may say something else than what was read of it. */
  readonly isStale: boolean
  /** When somebody last spoke to it, epoch milliseconds. */
  readonly spokenAt: number
}

export const newSessionContext = (input: SessionInput): SessionContext => ({
  ...input,
  ...newBooks,
  isStale: false,
  spokenAt: input.at
})

/** Whether its life has ended, epoch ms. */
export const hasLapsed = ({ saved }: Pick<SessionContext, "saved">, at: number): boolean =>
  saved === null || at >= saved.expiresAt

/** When it must look at its clock next: when it may go to rest, or when it ends. */
export const nextLook = ({ saved, spokenAt, settings, at }: SessionContext): number =>
  Math.min(saved?.expiresAt ?? at, spokenAt + settings.restMs)
