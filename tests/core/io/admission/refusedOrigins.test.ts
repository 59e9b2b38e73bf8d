import { expect, it } from "vitest"
import { createRefusedOrigins } from "../../../../src/io/admission/refusedOrigins.ts"
import { createTokenBuckets } from "../../../../src/io/admission/tokenBuckets.ts"
import { createTestLog } from "../../http/standIn.ts"

const start = () => {
  const clock = { now: 0 }
  const { log, lines } = createTestLog()
  const counted: string[] = []
  const origins = createRefusedOrigins({
    advise: (origin) => ({ origin: origin ?? "(none)", setting: `ADD=${origin}`, hint: "" }),
    onRefused: (where) => counted.push(where),
    log,
    most: 3,
    newcomers: createTokenBuckets({ burst: 2, perSecond: 1, keys: 10, now: () => clock.now }),
    lineMs: 60_000,
    now: () => 1_000_000 + clock.now,
    elapsed: () => clock.now
  })
  return {
    origins,
    clock,
    lines,
    counted,
    shown: () => origins.view().rows.map(({ origin, times }) => [origin, times])
  }
}

it("one origin has one row, and one line a minute that says how often it was refused", () => {
  const { origins, clock, lines, counted } = start()
  for (const where of ["read", "read", "socket", "post"] as const)
    origins.refuse(where, "https://a.example", "192.0.2.7")
  clock.now = 59_999
  origins.refuse("socket", "https://a.example", "192.0.2.8")
  clock.now = 60_000
  origins.refuse("socket", "HTTPS://A.example:443", "192.0.2.8")
  expect(origins.view()).toEqual({
    times: 6,
    most: 3,
    rows: [
      {
        id: 1,
        origin: "https://a.example",
        setting: "ADD=https://a.example",
        hint: "",
        where: ["read", "socket", "post"],
        times: 6,
        lastAt: 1_060_000
      }
    ]
  })
  expect(lines.map(({ message, fields }) => [message, fields["where"], fields["ip"], fields["times"]])).toEqual([
    ["origin:refused", "read", "192.0.2.7", 1],
    ["origin:refused", "socket", "192.0.2.8", 6]
  ])
  expect(counted).toEqual(["read", "read", "socket", "post", "socket", "socket"])
})

it("the newest is first, and the one refused least often gives way", () => {
  const { origins, clock, shown } = start()
  const refuse = (origin: string) => origins.refuse("socket", origin, `192.0.2.${(clock.now += 1)}`)
  for (const origin of ["a://a", "a://b", "a://a", "a://c", "a://b"]) refuse(origin)
  expect(shown()).toEqual([
    ["a://b", 2],
    ["a://c", 1],
    ["a://a", 2]
  ])
  refuse("a://d")
  expect(shown()).toEqual([
    ["a://d", 1],
    ["a://b", 2],
    ["a://a", 2]
  ])
  for (let index = 0; index < 1000; index++) origins.refuse("socket", `a://flood${index}`, `198.51.100.${index % 200}`)
  expect(shown().slice(1)).toEqual([
    ["a://b", 2],
    ["a://a", 2]
  ])
  expect(origins.view().times).toBe(1006)
})

it("an address that brings ever new origins is counted, and leaves few rows and lines", () => {
  const { origins, clock, lines, counted, shown } = start()
  for (let index = 0; index < 1000; index++) origins.refuse("socket", `a://a${index}`, "2001:db8::7")
  // The same customer.
  origins.refuse("socket", "a://other", "2001:db8::8")
  expect(shown()).toEqual([
    ["a://a1", 1],
    ["a://a0", 1]
  ])
  expect(lines).toHaveLength(2)
  expect([counted.length, origins.view().times]).toEqual([1001, 1001])
  origins.refuse("read", "a://neighbour", "192.0.2.7")
  clock.now = 1000
  origins.refuse("socket", "a://a1000", "2001:db8::7")
  expect(shown()).toEqual([
    ["a://a1000", 1],
    ["a://neighbour", 1],
    ["a://a1", 1]
  ])
})

it("no origin at all is a row of its own", () => {
  const { origins, shown } = start()
  origins.refuse("socket", undefined, "192.0.2.7")
  origins.refuse("socket", "(none)", "192.0.2.7")
  origins.refuse("socket", undefined, "192.0.2.7")
  expect(shown()).toEqual([
    ["(none)", 2],
    ["(none)", 1]
  ])
})
