/** Whose sockets are open: who logs in under a name that is in use in its room gets another one. */
import type { Claims } from "../../wire/sfu/claims.ts"
import { lowerCase, randomText } from "../services/randomText.ts"
import { sfuLimits } from "./limits.ts"

export type Somebody = Pick<Claims, "userId" | "roomId">

export interface Presence {
  add(who: Somebody): void
  subtract(who: Somebody): void
  /** A `userId` that nobody there has: this one while it is free, else with a suffix. */
  freeId(who: Somebody): string
}

/** Neither has a NUL in it. */
const keyOf = ({ userId, roomId }: Somebody): string => `${roomId}\0${userId}`

export const createPresence = (longest: number): Presence => {
  const counts = new Map<string, number>()

  const freeId = ({ userId, roomId }: Somebody): string => {
    if (!counts.has(keyOf({ userId, roomId }))) return userId
    const suffix = `-${randomText(lowerCase, sfuLimits.suffixLength)}`
    // Of one that would become too long the end makes room.
    const other = [...userId].slice(0, longest - suffix.length).join("") + suffix
    return counts.has(keyOf({ userId: other, roomId })) ? freeId({ userId, roomId }) : other
  }

  return {
    add: (who) => {
      const key = keyOf(who)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    subtract: (who) => {
      const key = keyOf(who)
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
    },
    freeId
  }
}
