/**
 * What clients may put into a frame, a path, a query or a body: one rule for each field, read alike wherever it comes from.
 * Over HTTP every fault has a message of its own, and none repeats what was sent: input may be a secret, and an error page
 * is no place for other people's markup.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { isCode, readCode } from "./code.ts"
import { wireNumbers } from "./numbers.ts"

const { nameUnits, idUnits, codeLength } = wireNumbers

// --- Texts that count without the blanks around them

/** What such a text must be, and what is made of it. */
interface TextRule {
  readonly fits: (trimmed: string) => boolean
  /** Gets what fits. */
  readonly change: (trimmed: string) => string
}

const hasUnits =
  (most: number) =>
  (text: string): boolean =>
    text.length >= 1 && text.length <= most

/** Lone surrogates become U+FFFD. */
const nameRule: TextRule = { fits: hasUnits(nameUnits), change: (name) => name.toWellFormed() }
const idRule: TextRule = { fits: hasUnits(idUnits), change: (id) => id }
/** Letters and digits, made upper case. */
const codeRule: TextRule = { fits: isCode, change: readCode }

/** What the rule makes of a text; null when it does not fit. */
const readBy =
  ({ fits, change }: TextRule) =>
  (text: string): string | null => {
    const trimmed = text.trim()
    return fits(trimmed) ? change(trimmed) : null
  }

/** A participant's id as whoever needs no schema reads it; null when it is none. */
export const readParticipantId = readBy(idRule)
/** A room's code as whoever needs no schema reads it; null when it is none. */
export const readRoomCode = readBy(codeRule)

const changedBy = ({ change }: TextRule) =>
  SchemaTransformation.transform({ decode: (text: string) => change(text.trim()), encode: (text: string) => text })

/** A text in a frame: whoever sends another one is told that the payload is invalid, and no more. */
const frameText = (rule: TextRule, description: string) =>
  Schema.String.annotate({ description })
    .check(Schema.makeFilter((text: string) => rule.fits(text.trim()) || description))
    .pipe(Schema.decodeTo(Schema.String, changedBy(rule)))

/** A name in a frame. */
export const FrameName = frameText(nameRule, `1 to ${nameUnits} UTF-16 units after trimming`)
/** A client's or participant's id in a frame. */
export const FrameId = frameText(idRule, `1 to ${idUnits} UTF-16 units after trimming`)
/** The code of a flight or room in a frame. */
export const FrameCode = frameText(
  codeRule,
  `exactly ${codeLength} letters and digits, in any letter case; whatever else is in between is ignored`
)

/** PostgreSQL text cannot hold it, so nothing that comes over HTTP may. */
const nul = "\u0000"

const mustBeString = { message: "must be a string" }
const mustBeNumber = { message: "must be a number" }

/** A text in a request; `wire` is how a reader of the document sees it, `demand` what is said of another one. */
const requestText = (
  rule: TextRule,
  wire: { readonly description: string; readonly example: string },
  demand: string
) =>
  Schema.String.annotate({ ...mustBeString, description: wire.description, examples: [wire.example] })
    .check(
      Schema.makeFilter((text: string) => {
        if (!rule.fits(text.trim())) return demand
        return text.includes(nul) ? "must not contain NUL characters" : undefined
      })
    )
    .pipe(Schema.decodeTo(Schema.String, changedBy(rule)))

/** A participant's name: trimmed, then 1 to 50 UTF-16 units; lone surrogates become U+FFFD. */
export const Name = requestText(
  nameRule,
  {
    description: `What others see: 1 to ${nameUnits} UTF-16 units after trimming, markup and all.`,
    example: "SilentJaguar458"
  },
  `must be 1 to ${nameUnits} characters`
)

/** A participant's id: trimmed, then 1 to 64 UTF-16 units. */
export const ParticipantId = requestText(
  idRule,
  {
    description: "The participant's secret id, as `self.participantId` of a summary gave it to this participant.",
    example: "qd7sfh2g3d1c"
  },
  `must be 1 to ${idUnits} characters`
)

/** A room's code: exactly 6 UTF-16 units of letters and digits, made upper case. */
export const RoomCode = requestText(
  codeRule,
  { description: "The room's code, in any letter case; whatever is no letter or digit is ignored.", example: "KDBGSM" },
  `must be exactly ${codeLength} characters`
)

// --- Other fields of requests

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
