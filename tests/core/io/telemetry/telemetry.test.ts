import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { Schema } from "effect"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { describeError } from "../../../../src/io/telemetry/describeError.ts"
import { createLogBuffer } from "../../../../src/io/telemetry/logBuffer.ts"
import { createReadableLines } from "../../../../src/io/telemetry/readableLines.ts"
import { type ServerProcess, startProcess } from "../../../support/process.ts"
import { createLog as create } from "../../../support/recording.ts"
import { connect, startServer } from "../../../support/server.ts"

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe("the log", () => {
  it("speaks readably to a terminal, and keeps JSON", () => {
    const { log, written, lines: kept } = create({ readable: createReadableLines() })
    log("info", "system:startup", { port: 8080 })
    const text = written()
    expect(text).toContain("system:startup")
    expect(() => JSON.parse(text)).toThrow()
    expect(JSON.parse(kept()[0] as string)).toMatchObject({ message: "system:startup", port: 8080 })
  })

  it.each([true, false])("lets no name end a line or command a terminal (readable: %s)", (isReadable) => {
    const { log, written, lines: kept } = create(isReadable ? { readable: createReadableLines() } : {})
    const newName = 'a\nb\u001b[2Jc\u009b2Jd\u2028e\u007f"f'
    log("info", "system:startup", { newName })
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

  it("writes time, level and message first, then the fields in their order", () => {
    const { log, written } = create()
    log("warn", "system:proxy", { warning: "w", ip: "192.0.2.1" })
    expect(JSON.parse(written()).timestamp).toMatch(iso)
    expect(written().replace(/^\{"timestamp":"[^"]+",/, "{")).toBe(
      '{"level":"warn","message":"system:proxy","warning":"w","ip":"192.0.2.1"}\n'
    )
  })

  it("keeps lines in memory when whoever read them has gone", () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) })
    const { log, lines: kept } = create({ output: broken })
    for (let number = 1; number <= 3; number++) log("info", "system:startup", { number })
    expect(kept()).toHaveLength(3)
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
    const { log, lines: kept } = create()
    log("error", "system:error", { kind: "process", ...describeError(error) })
    expect(JSON.parse(kept()[0] as string)).toMatchObject({ kind: "process", error: "an Error that cannot be read" })
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
        activeRelayRooms: 0,
        namedPeers: 0,
        activeRondevuOffers: 0,
        activeRondevuSessions: 0,
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
