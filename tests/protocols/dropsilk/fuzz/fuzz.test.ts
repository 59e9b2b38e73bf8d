/**
 * Random and mutated frames, requests and interleavings of five clients against a started server. A failure prints its
 * seed and the shortest list of operations that fails; `FUZZ_SEED=… npm run fuzz` plays it again.
 */
import fc from "fast-check"
import { beforeEach, expect, it, vi } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { useServer, useUnhandled } from "../../../support/useServer.ts"
import { operation } from "./operations.ts"
import { createPlayers } from "./players.ts"

const wanted = Number(process.env["FUZZ_OPERATIONS"] ?? 50_000)
const operationsARun = 500
/** Milliseconds for everything, the search for a shorter failure included: many times what a quiet machine needs (0.3 an
 * operation), for two cores on which three other files and all their servers run took over 2. */
const timeLimit = 60_000 + wanted * 5
const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"])

describeOnPostgres("whatever five clients do", () => {
  const databaseUrl = useDatabase()
  const server = useServer({ DATABASE_URL: databaseUrl, LOG_LEVEL: "error" })
  const unhandled = useUnhandled()
  beforeEach(() => {
    unhandled.length = 0
  })

  it(
    `the server lives, forgets who has left, and says of rooms what their rows say (${wanted} operations, seed ${seed})`,
    async () => {
      let played = 0
      const { jobs } = server.actors()
      const property = fc.asyncProperty(
        // Short lists as well: otherwise a failing one could not be shortened.
        fc.array(operation, { maxLength: 2 * operationsARun, size: "max" }),
        async (operations) => {
          const players = createPlayers(server.port)
          try {
            for (const each of operations) {
              await players.play(each)
              played++
            }
            await players.leave()
            expect(players.faults).toEqual([])
            expect(unhandled).toEqual([])
            await expect
              .poll(() => server.actors(), { interval: 5, timeout: 10_000 })
              .toMatchObject({ connections: 0, flights: 0, networks: 0, stories: 0, jobs })
            // The last to leave may have left a room that is still writing so.
            await vi.waitFor(() => expectRowsToAgree(players.rooms), { interval: 20, timeout: 10_000 })
          } finally {
            await players.leave()
            players.stop()
          }
        }
      )
      const begun = performance.now()
      // Lists are as long as chance has them: as many more of them as it takes.
      for (let more = 0; played < wanted; more++) {
        await fc.assert(property, {
          seed: seed + more,
          numRuns: Math.ceil((wanted - played) / operationsARun),
          interruptAfterTimeLimit: timeLimit - (performance.now() - begun),
          markInterruptAsFailure: true
        })
      }
      expect(server.log()).toBe("")
    },
    timeLimit + 60_000
  )

  /** What a summary and a row say of a room: who is in it and what they have on offer. */
  const expectRowsToAgree = async (rooms: readonly { readonly code: string; readonly participantId: string }[]) => {
    const known = new Map(rooms.map((room) => [`${room.code} ${room.participantId}`, room]))
    const rows = await withClient(databaseUrl, async (client) => {
      const { rows } = await client.query("select * from rooms where room_code = any($1)", [
        rooms.map(({ code }) => code)
      ])
      return new Map(rows.map((row) => [row.room_code as string, row]))
    })
    for (const { code, participantId } of known.values()) {
      const response = await fetch(`${server.http}/api/rooms/${code}?participantId=${participantId}`)
      const summary = (await response.json()) as any
      const row = rows.get(code)
      const side =
        row?.host_participant_id === participantId
          ? "host"
          : row?.guest_participant_id === participantId
            ? "guest"
            : undefined
      if (side === undefined) {
        expect([code, response.status]).toEqual([code, 404])
        continue
      }
      expect([code, response.status]).toEqual([code, 200])
      expect({ code, ...summary.self }).toEqual({
        code,
        participantId,
        role: side,
        name: row[`${side}_name`],
        ready: row[`${side}_ready`],
        fileCount: row[`${side}_file_count`],
        totalBytes: Number(row[`${side}_total_bytes`])
      })
      const other = side === "host" ? "guest" : "host"
      expect(summary.peer?.name ?? null).toBe(row[`${other}_name`])
    }
  }
})
