/** Who somebody is and where it goes: what a login says, and what a token says from then on. */
import * as Schema from "effect/Schema"
import { wireNumbers } from "./numbers.ts"

const text = (most: number, description: string, example: string) => {
  const rule = `1 to ${most} characters, none of them NUL`
  return Schema.String.annotate({ description: `${description} ${rule}.`, examples: [example] }).check(
    Schema.makeFilter((value: string) => (value !== "" && !value.includes("\0") && isWithin(value, most)) || rule)
  )
}

/** Characters are counted only where that can decide: they are never more than units, nor less than half of them. */
const isWithin = (value: string, most: number): boolean =>
  value.length <= most || (value.length <= 2 * most && [...value].length <= most)

export const claimFields = {
  userId: text(wireNumbers.idCharacters, "Who it is, as the others hear of it.", "user-123"),
  userName: text(wireNumbers.nameCharacters, "What it is called.", "Ada"),
  roomId: text(wireNumbers.idCharacters, "The room that it may join.", "ROOM42")
} as const

export const Claims = Schema.Struct(claimFields).annotate({ identifier: "SfuLogin" })

export type Claims = typeof Claims.Type
