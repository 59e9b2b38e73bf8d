import { isUtf8 } from "node:buffer"
import { readFileSync } from "node:fs"
import { isDeepStrictEqual } from "node:util"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it, test } from "vitest"
import { type Incoming, readFrame, writeUserLists } from "../../../../src/io/dropsilk/sockets/frames.ts"
import { Name, ParticipantId, RoomCode } from "../../../../src/wire/dropsilk/fields.ts"
import { clientFrames } from "../../../../src/wire/dropsilk/frames.ts"
import { randomNumbers } from "../../../support/random.ts"

const read = (text: string): Incoming => readFrame(Buffer.from(text), false)
const invalidFormat = { kind: "fault", fault: "invalid-format" }

/** The text that a peer is sent, read as a peer reads it. */
const forwarded = (incoming: Incoming): string => {
  if (incoming.kind !== "signal") throw new Error(`not a signal: ${JSON.stringify(incoming)}`)
  return utf8(Buffer.from(incoming.forward as string))
}

/** As the WebSocket API decodes text (a U+FEFF at the start stays); throws for what is not UTF-8. */
const utf8 = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)

describe("a signal with something around it", () => {
  const noJsonSpace = [
    "\uFEFF",
    "\u00A0",
    "\u2028",
    "\u2029",
    "\u3000",
    "\v",
    "\f",
    "\u0085",
    "\u0000",
    "\u180E",
    "x",
    ",",
    "{}"
  ]
  test.each(noJsonSpace.map((text) => [JSON.stringify(text), text]))("is not JSON, and goes nowhere: %s", (_, text) => {
    const pieces = ["{", '"type"', ":", '"signal"', ",", '"data"', ":", "1", "}"]
    for (let at = 0; at <= pieces.length; at++) {
      const frame = [...pieces.slice(0, at), text, ...pieces.slice(at)].join("")
      expect(read(frame), JSON.stringify(frame)).toEqual(invalidFormat)
    }
  })

  it("goes on as it came where that is white space of JSON", () => {
    const frame = '\r\n\t { \n"type" :\t"signal" , "data" :\r 1 } \n'
    expect(forwarded(read(frame))).toBe(frame)
  })
})

test.each([
  ['{"x":1,"type":"signal","data":-0}', "-0"],
  ['{"x":1,"type":"signal","data":1e999}', "1e999"],
  ['{"x":1,"type":"signal","data":12345678901234567890}', "12345678901234567890"],
  [
    '{"data":1,"type":"signal","data": {"a":[1.0,"}\\"",{"data":3}]} ,"x":{"data":2}}',
    ' {"a":[1.0,"}\\"",{"data":3}]} '
  ],
  ['{"type":"signal","d\\u0061ta":"\\ud800"}', '"\\ud800"']
])("the data of a frame with other fields is not changed either: %s", (frame, data) => {
  expect(forwarded(read(frame))).toBe(`{"type":"signal","data":${data}}`)
})

it("reads names, ids and codes as the HTTP endpoints do", () => {
  const units = [
    " ",
    "\t",
    "\u00A0",
    "\uFEFF",
    "\u2028",
    "\u0085",
    "a",
    "Z",
    "ß",
    "ŉ",
    "i",
    "0",
    "-",
    "\ud800",
    "\udc00",
    "🦊",
    "<",
    "\u007f"
  ]
  const random = randomNumbers(1)
  const decoded = (schema: Schema.Top, text: string): unknown => {
    const result = Schema.decodeUnknownResult(schema as Schema.Codec<unknown>)(text)
    return Result.isSuccess(result) ? result.success : "refused"
  }
  const { "register-details": details, "attach-room": attach } = clientFrames
  for (let left = 5000; left > 0; left--) {
    const length = Math.floor(random() * (random() < 0.7 ? 9 : 70))
    const text = Array.from({ length }, () => units[Math.floor(random() * units.length)]).join("")
    for (const [overSocket, overHttp] of [
      [details.fields.name, Name],
      [attach.fields.participantId, ParticipantId],
      [attach.fields.roomCode, RoomCode]
    ] as const) {
      expect(decoded(overSocket, text), JSON.stringify(text)).toBe(decoded(overHttp, text))
    }
  }
})

it("cuts each client's list out of everybody's as if it were written for it alone", () => {
  const random = randomNumbers(3)
  const units = ["a", '"', "\\", ",", "{", "}", "[", "]", "\u2028", "\ud800", "\u0000", "🦊", '"},{"id":"']
  for (let left = 500; left > 0; left--) {
    const name = () =>
      Array.from({ length: Math.floor(random() * 6) }, () => units[Math.floor(random() * units.length)]).join("")
    const clients = Array.from({ length: Math.floor(random() * 5) }, (_, index) => ({
      id: `client${index}`,
      name: name()
    }))
    const listFor = writeUserLists(clients)
    for (const without of [...clients.map(({ id }) => id), "somebody else"]) {
      const users = clients.filter(({ id }) => id !== without)
      expect(listFor(without)).toBe(JSON.stringify({ type: "users-on-network-update", users }))
    }
    expect(listFor(null)).toBe(JSON.stringify({ type: "users-on-network-update", users: [] }))
  }
})

// --- The fast reader against the plain one

const decoders = Object.fromEntries(
  Object.entries(clientFrames).map(([type, schema]) => [
    type,
    Schema.decodeUnknownResult(schema as Schema.Codec<unknown>)
  ])
)

/** What docs/protocols/dropsilk.md says of a frame, with nothing but JSON.parse and the schemas: a fault, or what was read. */
const readPlainly = (bytes: Buffer): string | { readonly frame: unknown } => {
  let value: unknown
  try {
    value = JSON.parse(utf8(bytes))
  } catch {
    return "invalid-format"
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "invalid-format"
  const type: unknown = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined
  if (typeof type !== "string") return "invalid-format"
  if (!Object.hasOwn(decoders, type)) return "unknown-type"
  const decoded = (decoders[type] as (typeof decoders)[string])(value)
  return Result.isSuccess(decoded) ? { frame: decoded.success } : "invalid-payload"
}

const jsonSpace = "[ \\t\\n\\r]*"
/** `{type, data}`, each once and nothing else; the value is the rest's. */
const plainSignal = new RegExp(
  `^${["", "\\{", '"type"', ":", '"signal"', ",", '"data"', ":(.*)\\}", ""].join(jsonSpace)}$`,
  "s"
)

/** Nothing, or how the two differ. */
const difference = (bytes: Buffer, isBinary: boolean): string | undefined => {
  const plain = readPlainly(bytes)
  const incoming = readFrame(bytes, isBinary)
  if (incoming.kind === "fault" || typeof plain === "string") {
    return incoming.kind === "fault" && incoming.fault === plain ? undefined : "another verdict"
  }
  if (incoming.kind === "frame") return isDeepStrictEqual(incoming.frame, plain.frame) ? undefined : "another frame"
  const text = forwarded(incoming)
  const data = plainSignal.exec(text)?.[1]
  if (data === undefined) return "more than {type, data} is forwarded"
  const same = isDeepStrictEqual(JSON.parse(data), (plain.frame as { data: unknown }).data)
  return same && isDeepStrictEqual(JSON.parse(text), plain.frame) ? undefined : "other data is forwarded"
}

describe("mutated frames", () => {
  const wanted = Number(process.env["FUZZ_FRAMES"] ?? 100_000)
  const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"])

  const recorded = JSON.parse(readFileSync(new URL("../samples/dropsilk-session.json", import.meta.url), "utf8")) as {
    readonly frame: string
  }[]
  const samples: readonly string[] = [
    ...new Set(recorded.map(({ frame }) => frame)),
    '{"type":"signal","data":1}',
    '{ "type" : "signal" , "data" : null }',
    '{"type":"signal","data":{"__proto__":{"data":1},"a":[true,-0,1e999,0.1e-7]},"type":"signal"}',
    '{"type":"signal","data":"\\ud83e\\udd8a \\ud800 ünï 🦊"}',
    '{"data":[[[["}"]]]],"type":"signal","x":{}}',
    '{"type":"register-details","name":" Ann "}',
    '{"type":"create-flight"}',
    '{"type":"ping"}',
    '{"type":"join-flight","flightCode":"abc234"}',
    '{"type":"invite-to-flight","inviteeId":"podw9mesa2","flightCode":"ABC234"}',
    '{"type":"attach-room","roomCode":"ABC234","participantId":"qd7sfh2g3d1c","channel":"chat"}'
  ]
  const tokens = [
    "\uFEFF",
    "\u00A0",
    "\u2028",
    "\u3000",
    "\u0000",
    "\v",
    "\f",
    " ",
    "\t",
    "\n",
    "\r",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u0022",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\x",
    "null",
    "true",
    "NaN",
    "undefined",
    "-0",
    "0",
    "01",
    "1.",
    ".5",
    "+1",
    "1e999",
    "1E-7",
    "-",
    "9007199254740993",
    '"type"',
    '"t\\u0079pe"',
    '"TYPE"',
    '"data"',
    '"d\\u0061ta"',
    '"__proto__"',
    '"constructor"',
    '"toJSON"',
    '"signal"',
    '"s\\u0069gnal"',
    '"create-flight"',
    '"type":"signal"',
    '"data":2',
    ',"data":3',
    '{"type":"signal","data":',
    '"__proto__":{"type":"signal","data":4}',
    "{}",
    "[]",
    '""',
    "'",
    "//",
    "/**/",
    "\u{1F98A}",
    "é",
    `${"[".repeat(200)}${"]".repeat(200)}`
  ]
  const strayBytes = [0x00, 0x20, 0x22, 0x5c, 0x7b, 0x7d, 0x80, 0xbb, 0xbf, 0xc0, 0xc2, 0xed, 0xa0, 0xef, 0xf4, 0xff]
  const tokenEdges = /"(?:[^"\\]|\\.)*"|[^\s\w]|\s+|\w+/gs

  const mutantsOf = (random: () => number) => {
    const below = (count: number): number => Math.floor(random() * count)
    const one = <A>(list: readonly A[]): A => list[below(list.length)] as A
    const splice = (list: readonly string[], at: number, gone: number, ...come: readonly string[]) => [
      ...list.slice(0, at),
      ...come,
      ...list.slice(at + gone)
    ]
    const mutateTokens = (text: string): string => {
      // Long ones change near one of their ends: there the frame begins and ends.
      const all = text.match(tokenEdges) ?? []
      const at =
        all.length < 24 || random() < 0.3 ? below(all.length + 1) : random() < 0.5 ? below(12) : all.length - below(12)
      switch (below(5)) {
        case 0:
          return splice(all, at, 1).join("")
        case 1:
          return splice(all, at, 1, one(tokens)).join("")
        case 2:
          return splice(all, at, 0, ...all.slice(at, at + 1 + below(4))).join("")
        case 3:
          return splice(all, at, 2, all[at + 1] ?? "", all[at] ?? "").join("")
        default:
          return splice(all, at, 0, one(tokens)).join("")
      }
    }
    const mutateBytes = (bytes: Buffer): Buffer => {
      const at =
        bytes.length < 80 || random() < 0.3
          ? below(bytes.length + 1)
          : random() < 0.5
            ? below(40)
            : bytes.length - below(40)
      const gone = below(3)
      const come = Array.from({ length: below(3) }, () => (random() < 0.5 ? one(strayBytes) : below(256)))
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(come), bytes.subarray(at + gone)])
    }
    return (): Buffer => {
      let text = one(samples)
      for (let more = below(3); more > 0; more--) text = mutateTokens(text)
      if (random() < 0.1) text = one(tokens) + text
      if (random() < 0.1) text += one(tokens)
      let bytes: Buffer = Buffer.from(text)
      for (let more = below(3); more > 0; more--) bytes = mutateBytes(bytes)
      return bytes
    }
  }

  it(`are read as JSON.parse and the schemas read them (${wanted} frames, seed ${seed})`, () => {
    const random = randomNumbers(seed)
    const next = mutantsOf(random)
    const verdicts = new Map<string, number>()
    for (let index = 0; index < wanted; index++) {
      const bytes = next()
      // A text frame of anything else has been refused by the socket already.
      const isBinary = !isUtf8(bytes) || random() < 0.2
      const found = difference(bytes, isBinary)
      if (found !== undefined) {
        throw new Error(
          `${found}: ${JSON.stringify(bytes.toString("latin1"))}\nAgain: FUZZ_SEED=${seed} (frame ${index + 1})`
        )
      }
      const read = readFrame(bytes, isBinary)
      const verdict =
        read.kind === "fault" ? read.fault : read.kind === "signal" ? `signal ${typeof read.forward}` : read.kind
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
    }
    // Every way through the reader is taken many times.
    for (const verdict of [
      "invalid-format",
      "unknown-type",
      "invalid-payload",
      "frame",
      "signal object",
      "signal string"
    ]) {
      expect(verdicts.get(verdict) ?? 0, verdict).toBeGreaterThan(wanted / 1000)
    }
  })
})
