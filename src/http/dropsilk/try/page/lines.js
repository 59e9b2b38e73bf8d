/** The lines of text between two pages: which there are, what each must hold, and what the reasons in them mean. */

/** UTF-16 units. */
const longestLine = 64 * 1024
export const longestMessage = 10_000
const longestId = 64
/** Others that one page tells another of. */
const mostAround = 64

const isText = (value, most) => typeof value === "string" && value.length <= most
const isCount = (value) => Number.isSafeInteger(value) && value >= 0
const isId = (value) => isText(value, longestId) && value !== ""
const isName = (value) => isText(value, 1000)
export const isCode = (value) => typeof value === "string" && /^[A-Z0-9]{6}$/.test(value)
/** Somebody, with the code of the door at which they let others in; null while they have none. */
const isSomebody = ({ id, name, door }) => isId(id) && isName(name) && (door === null || isCode(door))

const checks = {
  hello: (line) =>
    isSomebody(line) &&
    Array.isArray(line.around) &&
    line.around.length <= mostAround &&
    line.around.every((other) => typeof other === "object" && other !== null && isSomebody(other)),
  message: ({ text }) => isText(text, longestMessage),
  offer: ({ id, name, size }) => isId(id) && isName(name) && isCount(size),
  accept: ({ id, from }) => isId(id) && isCount(from),
  got: ({ id, bytes }) => isId(id) && isCount(bytes),
  end: ({ id }) => isId(id),
  arrived: ({ id }) => isId(id),
  decline: ({ id, why }) => isId(id) && isText(why, longestId),
  fault: ({ why }) => isText(why, longestId),
  bye: () => true
}

/** Undefined for what breaks the rules. What has a type of its own is left to pages that know it. */
export const readLine = (text) => {
  if (text.length > longestLine) return undefined
  let line
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof line !== "object" || line === null || typeof line.type !== "string") return undefined
  const check = Object.hasOwn(checks, line.type) ? checks[line.type] : () => true
  return check(line) ? line : undefined
}

const reasons = {
  declined: "It was not wanted.",
  cancelled: "It was cancelled.",
  failed: "The file could not be read any more.",
  "cannot store": "It could not be stored.",
  stopped: "Nothing came for a minute.",
  "too few": "It ended before all the bytes were there that it was said to have.",
  "too many": "More bytes came than the file was said to have.",
  "does not wait": "Bytes came faster than they may.",
  unasked: "Bytes came that nobody had asked for.",
  "two at once": "A file was offered while another one was on its way.",
  malformed: "Something came that is no part of the conversation."
}

/** A sentence for a reason. Another page's own words are not shown: they could be anything. */
export const whyOf = (why) => (Object.hasOwn(reasons, why) ? reasons[why] : "The other side has ended it.")
