/** What is asked by HTTP of a room whose node dies before it has answered. */
import { expect, it } from "vitest"
import { useProcesses } from "../../../support/clusterOfProcesses.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { ServerProcess } from "../../../support/process.ts"
import { poll, post } from "../../../support/server.ts"

describeOnPostgres("of three servers that are one", () => {
  const url = useDatabase()
  const nodes = useProcesses(3, () => ({ DATABASE_URL: url }))

  const forwarded = async ({ http }: ServerProcess) => {
    const text = await (await fetch(`${http}/metrics`)).text()
    return Number(/^silktower_cluster_events_forwarded_total (\d+)$/m.exec(text)?.[1])
  }

  it("one dies with questions: whoever asked is told so at once, and is answered by the next owner", async () => {
    const [asked, dying] = [nodes[0], nodes[2]] as [ServerProcess, ServerProcess]
    const rooms = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { body } = await post(`${dying.http}/api/rooms`, { name: "Host" })
        return { code: body.roomCode as string, id: body.self.participantId as string }
      })
    )
    const before = await forwarded(asked)
    // It has them, and does not come to answering.
    dying.child.kill("SIGSTOP")
    const questions = rooms.map(({ code, id }) => poll(asked, code, id))
    await expect.poll(() => forwarded(asked), { timeout: 5_000 }).toBeGreaterThanOrEqual(before + rooms.length)
    const killedAt = performance.now()
    await dying.kill()
    expect((await Promise.all(questions)).map(({ status }) => status)).toEqual(rooms.map(() => 503))
    // Ten seconds are what nobody's silence is waited for.
    expect(performance.now() - killedAt).toBeLessThan(4_000)
    const again = () => Promise.all(rooms.map(async ({ code, id }) => (await poll(asked, code, id)).status))
    await expect.poll(again, { timeout: 20_000 }).toEqual(rooms.map(() => 200))
  }, 60_000)
})
