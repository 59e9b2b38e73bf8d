/** What clients may put into a login and into the address that they connect to. */
import * as Schema from "effect/Schema"
import { wireNumbers } from "./numbers.ts"

const { nameUnits, keyUnits, spaceUnits } = wireNumbers

const nameRule = `1 to ${nameUnits} UTF-16 units, no control character, no white space at either end`
/** Kept as it is, and compared exactly. */
const isName = (text: string): boolean =>
  text.length >= 1 && text.length <= nameUnits && text.trim() === text && !/\p{Cc}/u.test(text)

/** What a peer is called. */
export const PeerName = Schema.String.annotate({ description: nameRule, examples: ["paris"] }).check(
  Schema.makeFilter((text: string) => isName(text) || nameRule)
)

const keyRule = `1 to ${keyUnits} UTF-16 units`

/** A secret of whoever logs in, shown to nobody. */
export const PeerKey = Schema.String.annotate({ description: keyRule }).check(
  Schema.makeFilter((text: string) => (text.length >= 1 && text.length <= keyUnits) || keyRule)
)

const spacePattern = new RegExp(`^[A-Za-z0-9_-]{1,${spaceUnits}}$`)

/**
 * The space that a request asks for by `?space=…`: undefined where it asks for none, null where that can be no space.
 * `url` is its target as the client wrote it.
 */
export const spaceIn = (url: string): string | null | undefined => {
  const start = url.indexOf("?")
  const asked = start === -1 ? [] : new URLSearchParams(url.slice(start + 1)).getAll("space")
  if (asked.length === 0) return undefined
  const [space = ""] = asked
  return asked.length === 1 && spacePattern.test(space) ? space : null
}
