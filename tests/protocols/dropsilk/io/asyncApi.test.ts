import { expect, it } from "vitest"
import { frameBudgets, readFrame } from "../../../../src/io/dropsilk/sockets/frames.ts"
import { asyncApiDocument } from "../../../../src/wire/dropsilk/asyncApi.ts"
import { clientFrames, serverFrames } from "../../../../src/wire/dropsilk/frames.ts"

const document = asyncApiDocument("1.2.3", frameBudgets) as any

it("describes every frame in both directions, each reachable from its operation", () => {
  expect(document.asyncapi).toBe("3.0.0")
  const messages = document.channels.socket.messages
  expect(Object.keys(messages).sort()).toEqual(
    [
      ...Object.keys(clientFrames).map((type) => `client.${type}`),
      ...Object.keys(serverFrames).map((type) => `server.${type}`)
    ].sort()
  )
  const referred = Object.values(document.operations as Record<string, { messages: { $ref: string }[] }>)
    .flatMap((operation) => operation.messages)
    .map(({ $ref }) => $ref.replace("#/channels/socket/messages/", ""))
  expect(referred.sort()).toEqual(Object.keys(messages).sort())
  for (const { payload, summary } of Object.values(messages as Record<string, any>)) {
    expect(payload.type).toBe("object")
    expect(payload.required).toContain("type")
    expect(summary).not.toBe("")
  }
})

it("demands of clients what the server demands", () => {
  const messages = document.channels.socket.messages
  const examples: Record<string, Record<string, unknown>> = {
    name: { name: "x" },
    flightCode: { flightCode: "ABCDEF" },
    roomCode: { roomCode: "ABCDEF" },
    participantId: { participantId: "p" },
    inviteeId: { inviteeId: "i" },
    data: { data: 1 }
  }
  for (const type of Object.keys(clientFrames)) {
    const required = (messages[`client.${type}`].payload.required as string[]).filter((field) => field !== "type")
    const whole = Object.assign({ type }, ...required.map((field) => examples[field]))
    expect(readFrame(Buffer.from(JSON.stringify(whole)), false).kind, type).not.toBe("fault")
    for (const field of required) {
      const { [field]: _, ...incomplete } = whole
      expect(readFrame(Buffer.from(JSON.stringify(incomplete)), false), `${type} without ${field}`).toEqual({
        kind: "fault",
        fault: "invalid-payload"
      })
    }
  }
})
