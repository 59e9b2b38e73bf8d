import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { aliasOf, createIdentities } from "../../../../src/io/dropsilk/identities.ts"

const alone = { mark: "", isHere: () => true, others: () => [], joinLinks: () => undefined }

const many = 20_000
const kinds = [
  ["connectionId", /^[0-9a-z]{10}$/, 36],
  ["flightCode", /^[ABCDEFGHJKLMNPQRSTUVWXYZ23456789]{6}$/, 32],
  ["roomCode", /^[ABCDEFGHJKLMNPQRSTUVWXYZ23456789]{6}$/, 32],
  ["participantId", /^[0-9a-z]{12}$/, 36]
] as const

describe.each(kinds)("%s", (kind, form, letters) => {
  const identities = createIdentities(alone)
  const drawn = Array.from({ length: many }, () => identities[kind]())

  it("has the form that clients know", () => {
    expect(drawn.filter((each) => !form.test(each))).toEqual([])
  })

  it("does not repeat", () => {
    // 30 bits: 20,000 draws of a code share some 0.2 pairs by chance. Ids are far too long for that.
    expect(new Set(drawn).size).toBeGreaterThan(many - 8)
  })

  it("can have every letter at every place", () => {
    for (let place = 0; place < (drawn[0]?.length ?? 0); place += 1) {
      expect(new Set(drawn.map((each) => each[place])).size).toBe(letters)
    }
  })

  it("favours no letter", () => {
    const counts = new Map<string, number>()
    for (const letter of drawn.join("")) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    const expected = drawn.join("").length / letters
    // Seven standard deviations: chance alone does this once in millions of runs, a byte modulo 36 does it every time.
    const spread = 7 * Math.sqrt(expected)
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(spread)
  })
})

describe("an alias", () => {
  it("has the form of a participant's id, and is not that id", () => {
    const identities = createIdentities(alone)
    for (let index = 0; index < 1000; index += 1) {
      const id = identities.participantId()
      const alias = aliasOf(identities.roomCode(), id)
      expect(alias).toMatch(/^[0-9a-z]{12}$/)
      expect(alias).not.toBe(id)
    }
  })

  it("is the same in another process, so a poll after a restart still matches", () => {
    const file = new URL("../../../../src/io/dropsilk/identities.ts", import.meta.url).href
    const script = `import { aliasOf } from "${file}"; process.stdout.write(aliasOf("ABC234", "abcdefghij01"))`
    const elsewhere = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" })
    expect(aliasOf("ABC234", "abcdefghij01")).toBe(elsewhere)
    // Written down: a change of this value breaks rooms that outlive a deploy.
    expect(elsewhere).toBe("ewdpcgzgu8c7")
  })

  it("differs between participants, between rooms, and however the two are cut", () => {
    const aliases = [
      aliasOf("ABC234", "abcdefghij01"),
      aliasOf("ABC234", "abcdefghij02"),
      aliasOf("ABC235", "abcdefghij01"),
      aliasOf("ABC234a", "bcdefghij01"),
      aliasOf("ABC23", "4abcdefghij01"),
      aliasOf("ABC234", "x\ny"),
      aliasOf("ABC234\nx", "y")
    ]
    expect(new Set(aliases).size).toBe(aliases.length)
  })
})
