/** A server of two that are one, which was cut off from everything and comes back. */
import { afterEach, expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { TestClient, TestServer } from "../../../support/server.ts"
import { serversOverWays, waitingEvents } from "../../../support/serversOverWays.ts"

/** Enough flights that some of them move to a node that comes back. */
const flights = 12

const shardsOf = async ({ http }: TestServer, state: string): Promise<number> => {
  const text = await (await fetch(`${http}/metrics`)).text()
  return Number(new RegExp(`^silktower_cluster_shards\\{state="${state}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0)
}

describeOnPostgres("flights that have moved to a node that was cut off, and has not met the others again", () => {
  const url = useDatabase()
  const clients: TestClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })

  it("are found there as soon as it has", async () => {
    const { channels, database, startOne, startOther } = await serversOverWays(url)
    const open = async (server: TestServer, name: string) => {
      const client = await server.connect({ name })
      clients.push(client)
      return client
    }
    const steady = await startOne()
    const cutOff = await startOther()
    await expect.poll(() => shardsOf(steady, "elsewhere")).toBeGreaterThan(0)
    for (const way of [...channels, database]) way.cut("there", "back")
    await expect.poll(() => shardsOf(steady, "open")).toBe(32)
    const codes: string[] = []
    for (let number = 0; number < flights; number++) {
      const host = await open(steady, "Ann")
      host.send({ type: "create-flight" })
      codes.push((await host.until("flight-created"))["flightCode"])
    }
    // Somebody has to be there when a part of them is, and before it is known who belongs to them.
    const guests = await Promise.all(codes.map(() => open(cutOff, "Bob")))
    database.mend()
    await expect.poll(() => shardsOf(steady, "elsewhere"), { interval: 5 }).toBeGreaterThan(0)
    for (const [index, guest] of guests.entries()) guest.send({ type: "join-flight", flightCode: codes[index] })
    await expect.poll(() => waitingEvents(cutOff)).toBeGreaterThan(0)
    for (const channel of channels) channel.mend()
    const answers = await Promise.all(guests.map((guest) => guest.next()))
    expect(answers.map(({ type, message }) => message ?? type)).toEqual(codes.map(() => "peer-joined"))
  })
})
