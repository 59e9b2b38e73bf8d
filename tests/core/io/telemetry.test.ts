import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { Schema } from "effect"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createLineBudgets } from "../../../src/io/telemetry/lineBudgets.ts"
import { createLogBuffer } from "../../../src/io/telemetry/logBuffer.ts"
import { createReadableLines } from "../../../src/io/telemetry/readableLines.ts"
import { createTelemetry, describeError, type TelemetryOptions } from "../../../src/io/telemetry/telemetry.ts"
import type { DomainEvent } from "../../../src/machines/domainEvents.ts"
import { type ServerProcess, startProcess } from "../../support/process.ts"
import { connect, startServer } from "../../support/server.ts"

const create = (options: Partial<TelemetryOptions> = {}) => {
  let text = ""
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    }
  })
  const telemetry = createTelemetry({ level: "info", bufferSize: 100, lineUnits: 10_000, output, ...options })
  return { ...telemetry, written: () => text }
}

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Each event, and its line without the time: exactly these fields in exactly this order. */
const lines: readonly (readonly [DomainEvent, string])[] = [
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
    { name: "system:error", kind: "flights", id: "ABC234", restarted: false, error: new Error("boom") },
    '{"level":"error","message":"system:error","kind":"flights","id":"ABC234","restarted":false,"error":"Error: boom"}'
  ],
  [
    { name: "client:disconnected", clientId: "a1", flightCode: null },
    '{"level":"info","message":"client:disconnected","clientId":"a1","remainingClients":0,"flightCode":null}'
  ]
]

describe("telemetry", () => {
  it("writes every event as one line of JSON: time, level, name, then the fields operators know", () => {
    const { record, written } = create()
    for (const [event] of lines) record(event)
    const out = written().trimEnd().split("\n")
    expect(out).toHaveLength(lines.length)
    out.forEach((line, index) => {
      expect(JSON.parse(line).timestamp).toMatch(iso)
      expect(line.replace(/^\{"timestamp":"[^"]+",/, "{")).toBe(lines[index]?.[1])
    })
  })

  it("says when a flight was created", () => {
    const { record, written } = create()
    record({ name: "flight:created", flightId: "ABC234/chat", flightCode: "ABC234", creatorId: "a1" })
    const { timestamp, createdAt, ...rest } = JSON.parse(written())
    expect([timestamp, createdAt]).toEqual([expect.stringMatching(iso), expect.stringMatching(iso)])
    expect(rest).toEqual({ level: "info", message: "flight:created", flightCode: "ABC234", creatorId: "a1" })
  })

  it("writes no line for what only a flight's story needs", () => {
    const { record, written } = create()
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

  it("counts what it is told not to write", () => {
    const { record, totals, written, lines: kept } = create({ level: "error" })
    for (const [event] of lines.filter(([{ name }]) => !name.endsWith("error"))) record(event)
    expect(written()).toBe("")
    expect(kept()).toEqual([])
    expect(totals()).toEqual({
      totalConnections: 1,
      totalDisconnections: 1,
      totalFlightsCreated: 0,
      totalFlightsJoined: 1
    })
  })

  it("speaks readably to a terminal, and keeps JSON", () => {
    const { record, written, lines: kept } = create({ readable: createReadableLines() })
    record({ name: "client:connected", clientId: "a1", ip: "192.0.2.1" })
    const text = written()
    expect(text).toContain("client:connected")
    expect(() => JSON.parse(text)).toThrow()
    expect(JSON.parse(kept()[0] as string)).toMatchObject({ message: "client:connected", ip: "192.0.2.1" })
  })

  it.each([true, false])("lets no name end a line or command a terminal (readable: %s)", (isReadable) => {
    const { record, written, lines: kept } = create(isReadable ? { readable: createReadableLines() } : {})
    const newName = 'a\nb\u001b[2Jc\u009b2Jd\u2028e\u007f"f'
    record({ name: "client:registered_details", clientId: "a1", newName })
    const text = written()
    expect(text.trimEnd().split(/[\n\u2028]/)).toHaveLength(1)
    expect(text).not.toMatch(/[\u007f-\u009f]|\u001b\[2J/)
    expect(JSON.parse(kept()[0] as string).newName).toBe(newName)
  })

  it("keeps the newest lines, and goes on when it is full", () => {
    const { log, lines: kept } = create({ bufferSize: 3 })
    const numbers = () => kept().map((line) => JSON.parse(line).number)
    for (let number = 1; number <= 2; number++) log("info", "system:startup", { number })
    expect(numbers()).toEqual([1, 2])
    for (let number = 3; number <= 10_000; number++) log("info", "system:startup", { number })
    expect(numbers()).toEqual([9_998, 9_999, 10_000])
  })

  it("keeps lines in memory when whoever read them has gone", () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) })
    const { log, lines: kept } = create({ output: broken })
    for (let number = 1; number <= 3; number++) log("info", "system:startup", { number })
    expect(kept()).toHaveLength(3)
  })
})

describe("lines that are too many", () => {
  const flood = (more: Partial<TelemetryOptions> = {}) => {
    let now = 0
    const left: string[] = []
    const created = create({
      admits: createLineBudgets(() => now),
      omittedMs: 1,
      bufferSize: 1000,
      addressOf: () => "192.0.2.1",
      onOmitted: (message) => left.push(message),
      ...more
    })
    const parsed = () => created.lines().map((line) => JSON.parse(line))
    return { ...created, parsed, left, pass: (ms: number) => (now += ms) }
  }
  const named = (clientId: string): DomainEvent => ({ name: "client:registered_details", clientId, newName: "Ann" })

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

describe("a line that cannot be written as it is", () => {
  const circle: Record<string, unknown> = {}
  circle["circle"] = circle
  const throwing = () => {
    throw new Error("no")
  }
  const deep = () => {
    let value: unknown = {}
    for (let depth = 0; depth < 100_000; depth++) value = { value }
    return value
  }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["goes round in a circle", { circle }],
    ["holds a BigInt", { count: 10n, inside: { count: 10n } }],
    ["holds a getter that throws", Object.defineProperty({}, "count", { enumerable: true, get: throwing })],
    [
      "holds a getter that throws, deeper",
      { inside: Object.defineProperty({}, "count", { enumerable: true, get: throwing }) }
    ],
    ["holds a toJSON that throws", { inside: { toJSON: throwing } }],
    [
      "holds what no JSON has",
      { symbol: Symbol("s"), run: throwing, never: undefined, nan: Number.NaN, date: new Date(Number.NaN) }
    ],
    ["holds a proxy that answers nothing", { inside: new Proxy({}, { get: throwing, ownKeys: throwing }) }],
    ["is a proxy that answers nothing", new Proxy({}, { get: throwing, ownKeys: throwing })],
    ["is deep", { deep: deep() }],
    ["is huge", { name: "x".repeat(5_000_000) }]
  ])("is one line of JSON all the same, and the next one is whole: it %s", (_, fields) => {
    for (const readable of [undefined, createReadableLines(), throwing]) {
      const { log, written, lines: kept } = create({ readable })
      log("warn", "system:startup", fields)
      log("info", "system:heartbeat", { number: 1 })
      expect(kept().map((line) => JSON.parse(line))).toMatchObject([
        { level: "warn", message: "system:startup", timestamp: expect.stringMatching(iso) },
        { level: "info", message: "system:heartbeat", number: 1 }
      ])
      expect(written().length).toBeLessThan(20_000)
      expect(written().trimEnd().split("\n")).toHaveLength(2)
    }
  })

  it("says why its fields are not there", () => {
    const { log, lines: kept } = create()
    log("warn", "system:startup", { name: "x".repeat(5_000_000) })
    expect(JSON.parse(kept()[0] as string).unwritable).toMatch(/^RangeError: of 5\d{6} characters$/)
  })

  it.each<[string, unknown]>([
    ["message", Object.defineProperty(new Error("x"), "message", { get: throwing })],
    ["name", Object.defineProperty(new Error("x"), "name", { get: throwing })],
    ["name is a symbol", Object.assign(new Error("x"), { name: Symbol("s") })],
    ["message is a number", Object.assign(new Error("x"), { message: 7 })],
    ["code", Object.defineProperty(new Error("x"), "code", { get: throwing })]
  ])("is written of an error whose %s cannot be read", (_, error) => {
    const { record, lines: kept } = create()
    record({ name: "client:error", clientId: "a1", error })
    expect(JSON.parse(kept()[0] as string)).toMatchObject({ clientId: "a1", error: "an Error that cannot be read" })
  })
})

describe("the log buffer", () => {
  it("holds one line, or a hundred thousand", () => {
    const one = createLogBuffer(1)
    for (const line of ["a", "b"]) one.add(line)
    expect(one.lines()).toEqual(["b"])
    const many = createLogBuffer(100_000)
    for (let index = 0; index < 250_001; index++) many.add(String(index))
    expect(many.lines()).toHaveLength(100_000)
    expect([many.lines()[0], many.lines().at(-1)]).toEqual(["150001", "250000"])
  })

  it("gives a copy: who reads it is not disturbed by what comes next", () => {
    const buffer = createLogBuffer(2)
    buffer.add("a")
    const read = buffer.lines()
    buffer.add("b")
    expect(read).toEqual(["a"])
  })
})

describe("an error in a line", () => {
  const caught = (run: () => unknown): unknown => {
    try {
      return run()
    } catch (error) {
      return error
    }
  }

  it("says its name, its message and its code", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), {
      code: "ECONNREFUSED",
      values: ["v"]
    })
    expect(describeError(refused)).toEqual({ error: "Error: connect ECONNREFUSED 127.0.0.1:1", code: "ECONNREFUSED" })
  })

  it.each([
    ["a URL's password", new Error("at postgres://me:hunter2@db:5432/x and redis://:hunter2@r, p@hunter2x")],
    ["a password with @ in it", new Error("at postgres://me:hun@hunter2@db/x")],
    ["what is not JSON", caught(() => JSON.parse('hunter2 "hunter2"'))],
    ["what is not JSON, in full", caught(() => JSON.parse('{"sdp": hunter2}'))],
    ["a value of another shape", caught(() => Schema.decodeUnknownSync(Schema.Number)("hunter2"))],
    ["its other properties", Object.assign(new Error("x"), { detail: "hunter2", cause: new Error("hunter2") })],
    ["what was thrown and is no error", { password: "hunter2" }]
  ])("does not say %s", (what, error) => {
    const text = JSON.stringify(describeError(error))
    if (what === "a URL's password") expect(text).toContain("p@hunter2x")
    expect(text.replace("p@hunter2x", "")).not.toContain("hunter2")
  })

  it("is not endless", () => {
    expect((describeError(new Error("x".repeat(1_000_000)))["error"] as string).length).toBeLessThan(600)
  })
})

describe("a server's lines", () => {
  let directory: string
  let running: ServerProcess | undefined
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "silktower-"))
  })
  afterEach(async () => {
    await running?.kill()
    running = undefined
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it("have a heartbeat with connections, flights, age and memory", async () => {
    const server = await startServer({ DATA_DIR: directory, HEARTBEAT_INTERVAL_MS: "20" })
    try {
      const client = await server.connect()
      client.send({ type: "create-flight" })
      await client.until("flight-created")
      const beats = () => server.lines("system:heartbeat")
      await expect.poll(() => beats().at(-1)?.activeFlights).toBe(1)
      expect(beats().at(-1)).toEqual({
        timestamp: expect.stringMatching(iso),
        level: "info",
        message: "system:heartbeat",
        activeConnections: 1,
        activeFlights: 1,
        uptimeSeconds: expect.any(Number),
        memory: expect.objectContaining({ rss: expect.any(Number), heapUsed: expect.any(Number) })
      })
      await client.close()
    } finally {
      await server.stop()
    }
  })

  it("may lose their reader: the server goes on, and stops in order", async () => {
    running = await startProcess({ DATA_DIR: directory })
    running.child.stdout?.destroy()
    for (let count = 0; count < 3; count++) {
      const client = await connect(running.ws)
      expect(client.id).toMatch(/^[0-9a-z]{10}$/)
      await client.close()
    }
    expect(await running.end("SIGTERM")).toBe(0)
  })
})
