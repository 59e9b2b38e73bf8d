import { describe, expect, it } from "vitest"
import { membersOf } from "../../../../src/io/noisytransfer/rawJson.ts"
import { frameBudgets, readFrame } from "../../../../src/io/noisytransfer/sockets/frames.ts"
import { asyncApiDocument } from "../../../../src/wire/noisytransfer/asyncApi.ts"
import { closeCodes } from "../../../../src/wire/noisytransfer/errors.ts"
import { clientFrames, serverFrames } from "../../../../src/wire/noisytransfer/frames.ts"
import { randomNumbers } from "../../../support/random.ts"

const seed = Number(process.env["FRAMES_SEED"] ?? Date.now() % 2 ** 31)

/** JSON by chance, with the strangest ways to write it. */
const writer = (random: () => number) => {
  const pick = <A>(all: readonly A[]): A => all[Math.floor(random() * all.length)] as A
  const blank = () => pick(["", "", "", " ", "\n", "\t\r "])
  const texts = ['""', '"type"', '"payload"', '"\\u0070ayload"', '"a\\"b"', '"\\\\"', '"{[,:]}"', '"é😀"', '"\\\\\\""']
  const plain = ["0", "-0", "1.50", "1e999", "12345678901234567890", "true", "null", ...texts]
  const value = (depth: number): string => {
    const kind = depth > 3 ? 0 : random()
    if (kind < 0.5) return pick(plain)
    const items = Array.from({ length: Math.floor(random() * 4) }, () => value(depth + 1))
    if (kind < 0.75) return `[${blank()}${items.join(`${blank()},${blank()}`)}${blank()}]`
    return object(items)
  }
  const object = (values: readonly string[]): string =>
    `{${blank()}${values.map((each) => `${pick(texts)}${blank()}:${blank()}${each}`).join(`${blank()},${blank()}`)}${blank()}}`
  return { pick, blank, value, object }
}

describe(`frames as they are written (seed ${seed})`, () => {
  it("have the members that JSON.parse finds, each where it is written", () => {
    const { value, object, blank } = writer(randomNumbers(seed))
    for (let round = 0; round < 3000; round++) {
      const text = blank() + object(Array.from({ length: round % 5 }, () => value(0))) + blank()
      const bytes = Buffer.from(text)
      const found: Record<string, unknown> = {}
      for (const { key, start, end } of membersOf(bytes)) {
        const written = bytes.toString("utf8", start, end)
        expect(written.trim()).toBe(written)
        found[key] = JSON.parse(written)
      }
      expect(found, text).toEqual(JSON.parse(text))
    }
  })

  it("are read as JSON.parse reads them, whatever is changed in them", () => {
    const random = randomNumbers(seed)
    const { pick, value } = writer(random)
    const mutate = (text: string) => {
      const at = Math.floor(random() * (text.length + 1))
      return text.slice(0, at) + pick(["", '"', "\\", "{", "}", ",", ":", "[", "]", " ", "x", "0"]) + text.slice(at + 1)
    }
    for (let round = 0; round < 5000; round++) {
      const type = pick(["offer", "ICE", "send", "bye", "\\u006fffer", "deliver"])
      let text = `{"to":"B","type":"${type}","payload":${value(1)}}`
      for (let times = round % 3; times > 0; times--) text = mutate(text)
      // Half of a surrogate pair is no UTF-8, and reaches nobody.
      text = text.toWellFormed()
      const read = readFrame(Buffer.from(text), false)
      let parsed: any
      try {
        parsed = JSON.parse(text)
      } catch {
        parsed = undefined
      }
      const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      const word = isObject && typeof parsed.type === "string" ? parsed.type.toLowerCase() : ""
      const isRelay = ["offer", "answer", "ice", "sender_ready"].includes(word)
      const isSent = word === "send" && typeof parsed.to === "string" && /^[ab]$/i.test(parsed.to)
      expect(read.kind, text).toBe(isRelay ? "relay" : isSent ? "said" : "nothing")
      if (read.kind !== "said" || read.said.type !== "mail.put") continue
      expect(JSON.parse(read.said.payload), text).toEqual(parsed.payload ?? null)
      expect(read.said.bytes).toBe(Buffer.byteLength(read.said.payload))
      expect(text.includes(read.said.payload) || parsed.payload === undefined).toBe(true)
    }
  })
})

describe("the document of the relay", () => {
  const document = asyncApiDocument("1.2.3", frameBudgets, "/noisytransfer") as any

  it("describes every frame in both directions, each reachable from its operation, and where the socket is", () => {
    const { messages, address } = document.channels.socket
    expect([document.asyncapi, address]).toEqual(["3.0.0", "/noisytransfer/ws"])
    expect(Object.keys(messages).toSorted()).toEqual(
      [
        ...Object.keys(clientFrames).map((type) => `client.${type}`),
        ...Object.keys(serverFrames).map((type) => `server.${type}`)
      ].toSorted()
    )
    const referred = Object.values(document.operations as Record<string, { messages: { $ref: string }[] }>)
      .flatMap((operation) => operation.messages)
      .map(({ $ref }) => $ref.replace("#/channels/socket/messages/", ""))
    expect(referred.toSorted()).toEqual(Object.keys(messages).toSorted())
    for (const { payload, summary } of Object.values(messages as Record<string, any>)) {
      expect(payload.required).toContain("type")
      expect(summary).not.toBe("")
    }
  })

  it("says how sockets are closed, and what to do then", () => {
    for (const { code, reason, duty } of Object.values(closeCodes)) {
      expect(document.info.description).toContain(String(code))
      expect(document.info.description).toContain(reason)
      expect(document.info.description).toContain(duty)
    }
  })
})
