/**
 * What clients may put into a path, a query or a body. Every fault has a message of its own, and none repeats what
 * was sent: input may be a secret, and an error page is no place for other people's markup.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { isCode, readCode } from "../../io/dropsilk/code.ts"
import { limits } from "../../limits.ts"

/** PostgreSQL text cannot hold it, so no field may. */
const nul = "\u0000"

const mustBeString = { message: "must be a string" }
const mustBeNumber = { message: "must be a number" }

/** A text that counts without the blanks around it; `wire` is how a reader of the document sees it. */
const trimmedText = (
  wire: { readonly description: string; readonly example: string },
  fits: (trimmed: string) => boolean,
  demand: string,
  change: (trimmed: string) => string
) =>
  Schema.String.annotate({ ...mustBeString, description: wire.description, examples: [wire.example] })
    .check(
      Schema.makeFilter((text: string) => {
        if (!fits(text.trim())) return demand
        return text.includes(nul) ? "must not contain NUL characters" : undefined
      })
    )
    .pipe(
      Schema.decodeTo(
        Schema.String,
        SchemaTransformation.transform({ decode: (text) => change(text.trim()), encode: (text) => text })
      )
    )

/** A participant's name: trimmed, then 1 to 50 UTF-16 units; lone surrogates become U+FFFD. */
export const Name = trimmedText(
  {
    description: `What others see: 1 to ${limits.nameUnits} UTF-16 units after trimming, markup and all.`,
    example: "SilentJaguar458"
  },
  (name) => name.length >= 1 && name.length <= limits.nameUnits,
  `must be 1 to ${limits.nameUnits} characters`,
  (name) => name.toWellFormed()
)

/** A participant's id: trimmed, then 1 to 64 UTF-16 units. */
export const ParticipantId = trimmedText(
  {
    description: "The participant's secret id, as `self.participantId` of a summary gave it to this participant.",
    example: "qd7sfh2g3d1c"
  },
  (id) => id.length >= 1 && id.length <= limits.idUnits,
  `must be 1 to ${limits.idUnits} characters`,
  (id) => id
)

/** A room's code: exactly 6 UTF-16 units of letters and digits, made upper case. */
export const RoomCode = trimmedText(
  { description: "The room's code, in any letter case; whatever is no letter or digit is ignored.", example: "KDBGSM" },
  isCode,
  `must be exactly ${limits.codeLength} characters`,
  readCode
)

/**
 * A count that may come as a number, a numeric string, a boolean or null, as `Number(x)` reads them (true is 1, null
 * and "" are 0). Absent means 0.
 */
const countUpTo = (greatest: number, wire: { readonly description: string; readonly example: number }) =>
  Schema.Union([Schema.Finite.annotate(mustBeNumber), Schema.String, Schema.Boolean, Schema.Null])
    .annotate({ ...mustBeNumber, description: wire.description, examples: [wire.example] })
    .check(
      Schema.makeFilter((written) => {
        const count = Number(written)
        if (Number.isNaN(count)) return mustBeNumber.message
        if (count < 0) return "must not be negative"
        if (count > greatest) return `must be at most ${greatest}`
        return Number.isInteger(count) ? undefined : "must be a whole number"
      })
    )
    .pipe(
      Schema.decodeTo(
        Schema.Number,
        // The sum turns -0 into 0.
        SchemaTransformation.transform({ decode: (written) => Number(written) + 0, encode: (count) => count })
      ),
      Schema.withDecodingDefaultKey(Effect.succeed(0))
    )

/** 2^31-1, the greatest value of the integer column. */
export const FileCount = countUpTo(2 ** 31 - 1, { description: "Files on offer, 0 to 2^31-1.", example: 1 })

/** 2^53-1: the bigint column holds more, a JSON number does not hold more exactly. */
export const TotalBytes = countUpTo(Number.MAX_SAFE_INTEGER, {
  description: "Their size in bytes, 0 to 2^53-1.",
  example: 3145728
})

/** Whether the participant asks for it; true and false only, no look-alikes. */
export const Active = Schema.Boolean.annotate({
  message: "must be true or false",
  description: "Whether this participant asks for it.",
  examples: [true]
})

/** What a reCAPTCHA on a page gave to its visitor. How long it may be, Google does not say. */
export const RecaptchaToken = Schema.String.annotate({
  ...mustBeString,
  description: "What the reCAPTCHA on the page gave to the visitor; good once, for two minutes."
}).check(Schema.makeFilter((token: string) => (token.trim() === "" ? "must not be empty" : undefined)))
