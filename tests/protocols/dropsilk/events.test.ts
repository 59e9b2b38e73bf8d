import { describe, expect, it } from "vitest"
import { events, halfOfId } from "../../../src/io/dropsilk/telling/events.ts"
import { createLineBudgets } from "../../../src/io/telemetry/lineBudgets.ts"
import type { TelemetryOptions } from "../../../src/io/telemetry/telemetry.ts"
import type { DropSilkEvent } from "../../../src/machines/dropsilk/events.ts"
import { createRecording } from "../../support/recording.ts"

const createEvents = (options: Partial<TelemetryOptions> = {}) => {
  const recording = createRecording(options)
  return { ...recording, ...recording.recorder.of<DropSilkEvent>(events, { addressOf: () => "192.0.2.1" }) }
}

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Each event, and its line without the time: exactly these fields in exactly this order. */
const lines: readonly (readonly [DropSilkEvent, string])[] = [
  [
    { name: "client:connected", clientId: "a1", ip: "192.0.2.1" },
    '{"level":"info","message":"client:connected","clientId":"a1","ip":"192.0.2.1","totalClients":1}'
  ],
  [
    { name: "client:registered_details", clientId: "a1", newName: "Ann" },
    '{"level":"info","message":"client:registered_details","clientId":"a1","newName":"Ann"}'
  ],
  [
    {
      name: "flight:joined",
      flightId: "ABC234",
      flightCode: "ABC234",
      joinerId: "b2",
      joinerName: "Bob",
      ip: "192.0.2.2",
      connectionType: "wan",
      peerId: "a1"
    },
    '{"level":"info","message":"flight:joined","flightCode":"ABC234","joinerId":"b2","joinerName":"Bob","ip":"192.0.2.2","connectionType":"wan"}'
  ],
  [
    { name: "flight:invitation", flightCode: "ABC234", from: "a1", to: "b2" },
    '{"level":"info","message":"flight:invitation","flightCode":"ABC234","from":"a1","to":"b2"}'
  ],
  [
    { name: "flight:error", clientId: "b2", flightCode: "ABC234", error: "flight_full" },
    '{"level":"warn","message":"flight:error","clientId":"b2","flightCode":"ABC234","error":"flight_full"}'
  ],
  [
    { name: "flight:ended", flightId: "ABC234", flightCode: "ABC234", reason: "empty" },
    '{"level":"info","message":"flight:ended","flightCode":"ABC234","reason":"empty"}'
  ],
  [
    { name: "client:error", clientId: "b2", error: new TypeError("went wrong") },
    '{"level":"error","message":"client:error","clientId":"b2","error":"TypeError: went wrong"}'
  ],
  [
    { name: "room:error", roomCode: "ABC234", operation: "save", error: new Error("no answer") },
    '{"level":"error","message":"room:error","roomCode":"ABC234","operation":"save","error":"Error: no answer"}'
  ],
  [
    { name: "client:disconnected", clientId: "a1", flightCode: null },
    '{"level":"info","message":"client:disconnected","clientId":"a1","remainingClients":0,"flightCode":null}'
  ]
]

describe("DropSilk's events", () => {
  it("writes every event as one line of JSON: time, level, name, then the fields operators know", () => {
    const { record, written } = createEvents()
    for (const [event] of lines) record(event)
    const out = written().trimEnd().split("\n")
    expect(out).toHaveLength(lines.length)
    out.forEach((line, index) => {
      expect(JSON.parse(line).timestamp).toMatch(iso)
      expect(line.replace(/^\{"timestamp":"[^"]+",/, "{")).toBe(lines[index]?.[1])
    })
  })

  it("says when a flight was created", () => {
    const { record, written } = createEvents()
    record({ name: "flight:created", flightId: "ABC234/chat", flightCode: "ABC234", creatorId: "a1" })
    const { timestamp, createdAt, ...rest } = JSON.parse(written())
    expect([timestamp, createdAt]).toEqual([expect.stringMatching(iso), expect.stringMatching(iso)])
    expect(rest).toEqual({ level: "info", message: "flight:created", flightCode: "ABC234", creatorId: "a1" })
  })

  it("writes no line for what only a flight's story needs", () => {
    const { record, written } = createEvents()
    record({
      name: "flight:seated",
      flightId: "F",
      flightCode: "F",
      memberId: "a1",
      memberName: "Ann",
      ip: "192.0.2.1"
    })
    record({ name: "flight:left", flightId: "F", flightCode: "F", memberId: "a1" })
    expect(written()).toBe("")
  })

  it("are counted, written or not", () => {
    const { record, count, written, lines: kept } = createEvents({ level: "error" })
    for (const [event] of lines.filter(([{ name }]) => !name.endsWith("error"))) record(event)
    expect(written()).toBe("")
    expect(kept()).toEqual([])
    const names = ["client:connected", "client:disconnected", "flight:created", "flight:joined"] as const
    expect(names.map(count)).toEqual([1, 1, 0, 1])
  })

  it("all go to the tower's feed, without addresses and whole codes", () => {
    const { record, shown } = createEvents()
    for (const [event] of lines) record(event)
    const parts = shown.map(([event, { feed }]) => [feed?.says, feed?.parts(event)])
    expect(parts).toEqual([
      ["connected", { client: "a1" }],
      ["is called", { client: "a1", name: "Ann" }],
      ["met somebody in flight", { client: "b2", name: "Bob", code: "ABC···", detail: "wan" }],
      ["sent an invitation to flight", { client: "a1", code: "ABC···", detail: "to b2" }],
      ["was refused in flight", { client: "b2", code: "ABC···", detail: "flight_full" }],
      ["ended", { code: "ABC···", detail: "empty" }],
      ["had a socket error", { client: "b2", detail: "TypeError: went wrong" }],
      ["had no luck with the database", { code: "ABC···", detail: "save: Error: no answer" }],
      ["left the server", { client: "a1" }]
    ])
  })
})

describe("DropSilk's lines that are too many", () => {
  const flood = (more: Partial<TelemetryOptions> = {}) => {
    let now = 0
    const left: string[] = []
    const created = createEvents({
      admits: createLineBudgets(() => now),
      omittedMs: 1,
      bufferSize: 1000,
      onOmitted: (message) => left.push(message),
      ...more
    })
    return { ...created, left, pass: (ms: number) => (now += ms) }
  }
  const named = (clientId: string): DropSilkEvent => ({ name: "client:registered_details", clientId, newName: "Ann" })

  it("of one connection are left out, others' are written, and after a while it may again", () => {
    const { record, parsed, pass } = flood({ omittedMs: 60_000 })
    for (let count = 0; count < 100; count++) record(named("a1"))
    expect(parsed()).toHaveLength(20)
    record(named("b2"))
    expect(parsed().at(-1)).toMatchObject({ clientId: "b2" })
    pass(60_000)
    record(named("a1"))
    expect(parsed()).toHaveLength(22)
  })

  it("of one address are left out, whatever its connections are called", () => {
    const { record, parsed, left } = flood({ omittedMs: 60_000 })
    for (let count = 0; count < 400; count++) record(named(`client${count}`))
    expect(parsed().length + left.length).toBe(400)
    expect(left).toEqual(Array(100).fill("client:registered_details"))
  })

  it("are told of in one line", async () => {
    const { record, log, parsed } = flood()
    for (let count = 0; count < 30; count++) record(named("a1"))
    for (let count = 0; count < 65; count++) log("warn", "system:log_access", { granted: false })
    await expect
      .poll(() => parsed().at(-1))
      .toMatchObject({
        level: "warn",
        message: "system:omitted",
        lines: { "client:registered_details": 10, "system:log_access": 5 }
      })
  })

  it("are told of when the server ends before", () => {
    const { record, parsed, close } = flood({ omittedMs: 60_000 })
    for (let count = 0; count < 21; count++) record(named("a1"))
    close()
    expect(parsed().at(-1)).toMatchObject({ message: "system:omitted", lines: { "client:registered_details": 1 } })
    close()
    expect(parsed()).toHaveLength(21)
  })

  it("leave the end of a flight out whose beginning was, and no other", () => {
    const { record, parsed } = flood({ omittedMs: 60_000 })
    const ids = Array.from({ length: 25 }, (_, at) => `FLIGHT${at}`)
    for (const id of ids) record({ name: "flight:created", flightId: id, flightCode: id, creatorId: "a1" })
    for (const id of ids) record({ name: "flight:ended", flightId: id, flightCode: id, reason: "empty" })
    const codes = (message: string) =>
      parsed()
        .filter((line) => line.message === message)
        .map((line) => line.flightCode)
    expect(codes("flight:ended")).toEqual(ids.slice(0, 20))
    expect(codes("flight:created")).toEqual(ids.slice(0, 20))
  })
})

it.each([
  ["ABC234", "ABC···"],
  ["ABC234/chat", "ABC···/chat"]
])("the tower page shows half of the id %s", (id, shown) => {
  expect(halfOfId(id)).toBe(shown)
})
