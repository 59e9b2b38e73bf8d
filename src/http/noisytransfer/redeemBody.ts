/** The body of a redeem: a JSON object, of which only what stands before its end is read. */
import { endOfObject, membersOf, startOf } from "../../io/noisytransfer/rawJson.ts"
import { isCode } from "../../wire/noisytransfer/names.ts"

/** Whether a content type says that the body is JSON, as its clients write it. */
export const saysJson = (contentType: string | undefined): boolean =>
  contentType?.toLowerCase().startsWith("application/json") === true

/** The code in it; null when there is none. Its key may be in any letter case, and of several the last counts. */
export const codeIn = (body: string): string | null => {
  const bytes = Buffer.from(body)
  const start = startOf(bytes)
  if (bytes[start] !== openingBrace) return null
  const end = endOfObject(bytes, start)
  if (end === undefined) return null
  const object = bytes.subarray(start, end)
  try {
    JSON.parse(object.toString())
  } catch {
    return null
  }
  const member = membersOf(object).findLast(({ key }) => key.toLowerCase() === "code")
  if (member === undefined) return null
  const code: unknown = JSON.parse(object.toString("utf8", member.start, member.end))
  return typeof code === "string" && isCode(code) ? code : null
}

const openingBrace = 0x7b
