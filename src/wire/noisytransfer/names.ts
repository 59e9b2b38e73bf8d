/** What clients name rooms, sides and codes by. */
import * as Schema from "effect/Schema"
import { wireNumbers } from "./numbers.ts"

const { fewest, most } = wireNumbers.codeDigits
const code = new RegExp(`^[0-9]{${fewest},${most}}$`)

/** Whether a text can be a code, minted or not. */
export const isCode = (text: string): boolean => code.test(text)

export const Code = Schema.String.annotate({ description: `${fewest} to ${most} ASCII digits.`, examples: ["0042"] })

const hex = "[0-9a-f]"
const dashed = `${hex}{8}(?:-${hex}{4}){3}-${hex}{12}`
const uuid = new RegExp(`^(?:(?:urn:uuid:)?${dashed}|\\{${dashed}\\}|${hex}{32})$`, "i")

/** A UUID of any version, as RFC 9562 writes it, as a URN, in braces, or without dashes. */
export const isUuid = (text: string): boolean => uuid.test(text)

/** The side that a client means in a frame; undefined: neither. */
export const readSide = (text: string): "A" | "B" | undefined => {
  const side = text.toUpperCase()
  return side === "A" || side === "B" ? side : undefined
}

const label = new RegExp(`^[a-z0-9_-]{1,${wireNumbers.modeUnits}}$`)

/** How two are connected, in a word that may be counted by. */
export const readMode = (text: string): string => {
  const mode = text.trim().toLowerCase()
  return mode === "" ? "unspecified" : label.test(mode) ? mode : "other"
}
