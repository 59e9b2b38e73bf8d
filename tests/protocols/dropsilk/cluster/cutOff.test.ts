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

describeOnPostgres("a server that was cut off from everything", () => {
  const url = useDatabase()
  const clients: TestClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })
  const open = async (server: TestServer, name: string) => {
    const client = await server.connect({ name })
    clients.push(client)
    return client
  }
  /** The other one owns all by then, and has flights of which this one has not heard; with people who will join them. */
  const cutOffWithGuests = async () => {
    const { channels, database, startOne, startOther } = await serversOverWays(url)
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
    const join = () => {
      for (const [index, guest] of guests.entries()) guest.send({ type: "join-flight", flightCode: codes[index] })
    }
    const expectToMeet = async () => {
      const answers = await Promise.all(guests.map((guest) => guest.next()))
      expect(answers.map(({ type, message }) => message ?? type)).toEqual(codes.map(() => "peer-joined"))
    }
    return { channels, database, steady, cutOff, join, expectToMeet }
  }

  it("finds flights that have moved to it as soon as it has met the others again", async () => {
    const { channels, database, steady, cutOff, join, expectToMeet } = await cutOffWithGuests()
    database.mend()
    await expect.poll(() => shardsOf(steady, "elsewhere"), { interval: 5 }).toBeGreaterThan(0)
    join()
    await expect.poll(() => waitingEvents(cutOff)).toBeGreaterThan(0)
    for (const channel of channels) channel.mend()
    await expectToMeet()
  })

  it("says that it may have clients only when it knows what it owns", async () => {
    const { channels, database, cutOff, join, expectToMeet } = await cutOffWithGuests()
    const status = async () => (await fetch(`${cutOff.http}/readyz`)).status
    await expect.poll(status, { timeout: 20_000 }).toBe(503)
    for (const way of [...channels, database]) way.mend()
    await expect.poll(status, { interval: 1, timeout: 20_000 }).toBe(200)
    join()
    await expectToMeet()
  })
})
