/** What an operator can set of both parts of rondevu at once. .env.example explains each variable. */
import { ownOrigins, unset, wholeNumber } from "../../config/variables.ts"

export interface SharedSettings {
  /** Pages that may read answers. */
  readonly origins: readonly string[]
  /** Milliseconds between two removals of what has expired. */
  readonly cleanupMs: number
}

const day = 86_400_000

/** Both parts name these variables, and mean the same by them. */
export const sharedVariables = {
  RONDEVU_ORIGINS: unset(ownOrigins, ["*"]),
  RONDEVU_CLEANUP_INTERVAL: wholeNumber("milliseconds", 60_000, 1_000, day)
}

export const sharedSettings = (values: {
  readonly RONDEVU_ORIGINS: readonly string[] | undefined
  readonly RONDEVU_CLEANUP_INTERVAL: number
}): SharedSettings => ({ origins: values.RONDEVU_ORIGINS ?? ["*"], cleanupMs: values.RONDEVU_CLEANUP_INTERVAL })
