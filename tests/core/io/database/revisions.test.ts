import { describe, expect, it } from "vitest"
import { createRevisions } from "../../../../src/io/database/revisions.ts"

/** A watch over one thing that is held in its first revision, whose reading of the database ends when the test says so. */
const watched = () => {
  const reading = Promise.withResolvers<ReadonlyMap<string, number>>()
  const told: unknown[] = []
  const revisions = createRevisions<number>({
    inUse: () => new Map([["held", 1]]),
    read: () => reading.promise,
    differs: (id, revision) => told.push([id, revision]),
    onFault: (error) => told.push(error),
    everyMs: 60_000
  })
  return { revisions, reading, told }
}

describe("a watch for what other processes write", () => {
  it("tells of another revision", async () => {
    const { revisions, reading, told } = watched()
    const looked = revisions.look()
    reading.resolve(new Map([["held", 2]]))
    await looked
    expect(told).toEqual([["held", 2]])
    revisions.close()
  })

  it("tells nothing when it has been closed while it read, of a fault neither", async () => {
    for (const end of ["resolve", "reject"] as const) {
      const { revisions, reading, told } = watched()
      const looked = revisions.look()
      revisions.close()
      if (end === "resolve") reading.resolve(new Map([["held", 2]]))
      else reading.reject(new Error("The connection is closed"))
      await looked
      expect(told).toEqual([])
    }
  })
})
