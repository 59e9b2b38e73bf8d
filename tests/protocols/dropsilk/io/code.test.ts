import { Result } from "effect"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readFrame } from "../../../../src/io/dropsilk/sockets/frames.ts"
import { RoomCode } from "../../../../src/wire/dropsilk/fields.ts"
import { codesOfNobody, noCodes, waysToPaste } from "../../../support/pastedCodes.ts"

/** As a path of HTTP and as the three frames read it; undefined where it is refused. */
const readings = (written: string): readonly (string | undefined)[] => {
  const overHttp = Result.getSuccess(Schema.decodeUnknownResult(RoomCode)(written))
  const frames = [
    { type: "join-flight", flightCode: written },
    { type: "invite-to-flight", inviteeId: "someone", flightCode: written },
    { type: "attach-room", roomCode: written, participantId: "someone" }
  ].map((frame) => {
    const read = readFrame(Buffer.from(JSON.stringify(frame)), false)
    if (read.kind !== "frame") return undefined
    const { flightCode, roomCode } = read.frame as { flightCode?: string; roomCode?: string }
    return flightCode ?? roomCode
  })
  return [overHttp._tag === "Some" ? overHttp.value : undefined, ...frames]
}
const four = <A>(value: A) => [value, value, value, value]

describe("a code", () => {
  it.each(Object.keys(waysToPaste))("pasted %s is read as the code it is", (way) => {
    for (const code of ["KDBGSM", "ABC234", "Z9Y8X7", "222222"]) {
      expect(readings((waysToPaste[way] as (code: string) => string)(code))).toEqual(four(code))
    }
  })

  it.each(noCodes.map((text) => text.slice(0, 20)).map((shown, index) => [shown, index] as const))(
    "is not %j",
    (_, index) => {
      expect(readings(noCodes[index] as string)).toEqual(four(undefined))
    }
  )

  it.each(codesOfNobody)("that is none, such as %j, is taken as it is", (written) => {
    expect(readings(written)).toEqual(four(written.toUpperCase()))
  })

  it("is read alike by HTTP and by every frame, whatever it is", () => {
    const piece = fc.oneof(
      fc.constantFrom("A", "b", "7", "-", " ", "\u200b", "ｆ", "ß", "ﬃ", "é", "\u0301"),
      fc.string({ unit: "grapheme", maxLength: 2 })
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const written = pieces.join("")
        fc.pre(!written.includes("\u0000"))
        const [first, ...others] = readings(written)
        expect(others).toEqual([first, first, first])
        if (first === undefined) return
        if (/^[\p{L}\p{N}]+$/u.test(first) && first.length === 6) expect(readings(first)).toEqual(four(first))
        else expect([written.trim().length, first]).toEqual([6, written.trim().toUpperCase()])
      }),
      { numRuns: 2000 }
    )
  })
})
