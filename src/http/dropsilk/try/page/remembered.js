/** What outlives the page: the name for good, seats for as long as the tab. A browser may forbid both. */

const nameKey = "silktower try name"
const seatsKey = "silktower try seats"

const read = (storage, key) => {
  try {
    return JSON.parse(globalThis[storage].getItem(key))
  } catch {
    return null
  }
}

const write = (storage, key, value) => {
  try {
    globalThis[storage].setItem(key, JSON.stringify(value))
  } catch {
    // Then it is forgotten.
  }
}

export const rememberedName = () => {
  const name = read("localStorage", nameKey)
  return typeof name === "string" ? name : undefined
}
export const rememberName = (name) => write("localStorage", nameKey, name)

/**
 * Seats that were held before the page was loaded again: `door`, undefined or `{ code, participantId }`, and `pairs`, of the same
 * shape with the name of the other one. Participant ids are secrets, so they stay in the tab.
 */
export const rememberedSeats = () => {
  const { door, pairs } = read("sessionStorage", seatsKey) ?? {}
  return { door: door ?? undefined, pairs: Array.isArray(pairs) ? pairs : [] }
}
export const rememberSeats = (seats) => write("sessionStorage", seatsKey, seats)
