import { describe, expect, it } from "vitest"
import { migrate } from "../../../src/io/database/migrations.ts"
import { withClient } from "../../support/databases.ts"
import { connect, makeRoom, meetInFlight, post } from "../../support/server.ts"
import { createCluster, postgresPrograms } from "../../support/standIns/cluster.ts"
import { useServer } from "../../support/useServer.ts"
import { useThroughout } from "../../support/useThroughout.ts"

const programs = postgresPrograms()

// Where tests must not be left out, this one fails without PostgreSQL's programs.
describe.skipIf(programs === undefined && process.env["CI"] === undefined)(
  "a PostgreSQL that is stopped and started in mid-run",
  () => {
    const cluster = useThroughout(
      async () => {
        expect(programs).toBeDefined()
        const cluster = await createCluster(programs as string)
        await cluster.start()
        await withClient(cluster.url, migrate)
        return cluster
      },
      (cluster) => cluster.remove()
    )
    const server = useServer(() => ({ DATABASE_URL: cluster.url, DATABASE_SSL: "off" }))

    it("loses no change that was answered, and no flight", async () => {
      const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
      await meetInFlight(ann, bob)

      const rooms = await Promise.all(Array.from({ length: 10 }, () => makeRoom(server)))
      /** The last count that was answered, room by room. */
      const answered = rooms.map(() => 0)
      const statuses = new Set<number>()
      let isOver = false
      const load = rooms.map(async ({ code, host }, index) => {
        for (let files = 1; !isOver; files++) {
          const { status } = await post(`${server.http}/api/rooms/${code}/participants/${host}/ready`, {
            fileCount: files,
            totalBytes: files
          })
          statuses.add(status)
          if (status === 200) answered[index] = files
        }
      })
      const allAnswered = async () => {
        const before = [...answered]
        await expect
          .poll(() => answered.every((files, index) => files > (before[index] as number)), { timeout: 30_000 })
          .toBe(true)
      }
      for (let stops = 0; stops < 3; stops++) {
        await allAnswered()
        await cluster.stop()
        ann.send({ type: "signal", data: stops })
        expect(await bob.until("signal")).toMatchObject({ data: stops })
        expect((await post(`${server.http}/api/rooms`, { name: "Cid" })).status).toBe(503)
        await cluster.start()
      }
      await allAnswered()
      isOver = true
      await Promise.all(load)

      expect([...statuses].toSorted()).toEqual([200, 503])
      const { rows } = await withClient(cluster.url, (client) =>
        client.query("select room_code, host_file_count from rooms")
      )
      const kept = new Map(rows.map((row) => [row.room_code, row.host_file_count]))
      expect(rooms.map(({ code }) => kept.get(code))).toEqual(answered)
      await Promise.all([ann.close(), bob.close()])
    }, 120_000)
  }
)
