import { describe, expect, it } from "vitest"
import { coreEvents } from "../../../../src/io/telemetry/events/coreEvents.ts"
import type { EventTable } from "../../../../src/io/telemetry/events/eventTable.ts"
import { createLineBudgets } from "../../../../src/io/telemetry/lineBudgets.ts"
import type { TelemetryOptions } from "../../../../src/io/telemetry/telemetry.ts"
import { createRecording } from "../../../support/recording.ts"

type TeaEvent =
  | { readonly name: "tea:made"; readonly pot: string; readonly by: string }
  | { readonly name: "tea:poured"; readonly pot: string; readonly into: "cup" | "saucer" }
  | { readonly name: "tea:drunk"; readonly pot: string; readonly from: string }

const table: EventTable<TeaEvent> = {
  "tea:made": {
    line: {
      level: "info",
      budget: { client: 2, all: 3 },
      client: ({ by }) => by,
      opens: ({ pot }) => pot,
      fields: ({ pot }, count) => ({ pot, pots: count("tea:made") - count("tea:drunk") })
    },
    counter: { name: "pots_total", help: "Pots of tea." },
    feed: { says: "made tea in", parts: ({ by, pot }) => ({ client: by, code: pot }) }
  },
  "tea:poured": {
    counter: { name: "pourings_total", help: "Pourings.", labels: { into: ({ into }) => into } }
  },
  "tea:drunk": {
    line: {
      level: "warn",
      budget: null,
      address: ({ from }) => from,
      closes: ({ pot }) => pot,
      fields: ({ pot }) => ({ pot })
    }
  }
}

const create = (options: Partial<TelemetryOptions> = {}) => {
  const recording = createRecording({ admits: createLineBudgets(() => 0), omittedMs: 60_000, ...options })
  return {
    ...recording,
    tea: recording.recorder.of<TeaEvent>(table, { addressOf: (client) => `address of ${client}` })
  }
}
const made = (pot: string, by = "ann") => ({ name: "tea:made", pot, by }) as const
const drunk = (pot: string) => ({ name: "tea:drunk", pot, from: "192.0.2.1" }) as const

describe("a recorder", () => {
  it("writes each event's line with its fields, which may count", () => {
    const { tea, parsed } = create()
    for (const event of [made("brown"), made("blue"), drunk("brown"), made("red", "bob")]) tea.record(event)
    expect(parsed()).toMatchObject([
      { level: "info", message: "tea:made", pot: "brown", pots: 1 },
      { level: "info", message: "tea:made", pot: "blue", pots: 2 },
      { level: "warn", message: "tea:drunk", pot: "brown" },
      { level: "info", message: "tea:made", pot: "red", pots: 2 }
    ])
  })

  it("counts by name and by label, whether it writes or not", async () => {
    const { tea, metrics, parsed } = create({ level: "error" })
    tea.record(made("brown"))
    for (const into of ["cup", "cup", "saucer"] as const) tea.record({ name: "tea:poured", pot: "brown", into })
    expect(parsed()).toEqual([])
    expect([tea.count("tea:made"), tea.count("tea:poured"), tea.count("tea:drunk")]).toEqual([1, 3, 0])
    const text = await metrics.text()
    expect(text).toContain("silktower_pots_total 1\n")
    expect(text).toContain('silktower_pourings_total{into="cup"} 2\n')
    expect(text).toContain('silktower_pourings_total{into="saucer"} 1\n')
  })

  it("shows what has a place in the feed", () => {
    const { tea, shown } = create()
    for (const event of [made("brown"), drunk("brown")]) tea.record(event)
    expect(shown).toEqual([[made("brown"), table["tea:made"]]])
  })

  it("leaves lines out for whoever has brought about too many, and says so", () => {
    const { tea, parsed } = create()
    const said = ["ann", "ann", "ann", "bob", "cay"].map((by, pot) => tea.record(made(String(pot), by)))
    expect(said).toEqual([undefined, undefined, "omitted", undefined, "omitted"])
    expect(parsed().map(({ pot }) => pot)).toEqual(["0", "1", "3"])
  })

  it("leaves the end of something out whose beginning was, once", () => {
    const { tea, parsed } = create()
    for (const pot of ["0", "1", "2", "3"]) tea.record(made(pot))
    const ends = () => parsed().filter(({ message }) => message === "tea:drunk")
    for (const pot of ["3", "0", "3"]) expect(tea.record(drunk(pot))).toBeUndefined()
    expect(ends().map(({ pot }) => pot)).toEqual(["0", "3"])
  })

  it("takes no name twice", () => {
    const { recorder } = create()
    expect(() => recorder.of<TeaEvent>(table)).toThrow(new TypeError("Two event tables have a row for tea:made"))
  })

  it("does not compile without a row for each event, nor with a line that has no budget", () => {
    const { "tea:drunk": drunk, ...rest } = table
    // @ts-expect-error: nothing is told of tea:drunk
    expect(rest satisfies EventTable<TeaEvent>).toBe(rest)
    const { budget: _, ...line } = drunk.line as NonNullable<typeof drunk.line>
    // @ts-expect-error: it may be written as often as one likes
    expect({ ...rest, "tea:drunk": { line } } satisfies EventTable<TeaEvent>).toBeDefined()
    const { logFor, lines: kept } = createRecording()
    // @ts-expect-error: a line that has no budget
    logFor({ "tea:spilt": null })("info", "tea:spoilt")
    expect(kept()).toHaveLength(1)
  })

  it("tells of an actor's crash what the operator needs, and of its id what the page may show", () => {
    const { recorder, written, shown } = createRecording()
    const core = recorder.of(coreEvents((kind, id) => `${kind}'s ${id.slice(0, 3)}`))
    const crash = { kind: "flights", id: "ABC234", restarted: false, error: new Error("boom") }
    core.record({ name: "system:error", ...crash })
    expect(written().replace(/^\{"timestamp":"[^"]+",/, "{")).toBe(
      '{"level":"error","message":"system:error","kind":"flights","id":"ABC234","restarted":false,"error":"Error: boom"}\n'
    )
    expect(shown.map(([event, { feed }]) => feed?.parts(event))).toEqual([
      { detail: "flights flights's ABC: Error: boom" }
    ])
  })
})
