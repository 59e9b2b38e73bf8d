import type { AnyEventObject } from "xstate"

/** An event that makes whoever looks at it throw. */
export const poison = (type: string, field: string): AnyEventObject =>
  Object.defineProperty({ type }, field, {
    enumerable: true,
    get: () => {
      throw new Error("poisoned")
    }
  })
