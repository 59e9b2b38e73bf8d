/** Two servers that are one, between which there is no way for a while. */
import { afterEach, expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { TestClient } from "../../../support/server.ts"
import { serversOverWays, waitingEvents } from "../../../support/serversOverWays.ts"

/** Enough flights that some of them move to a node that comes. */
const flights = 12

describeOnPostgres("flights that have moved to a node to which there is no way yet", () => {
  const url = useDatabase()
  const clients: TestClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })

  it("are found by whoever has asked for them meanwhile, as soon as there is one", async () => {
    const { channels, startOne, startOther } = await serversOverWays(url)
    for (const channel of channels) channel.refuse()
    const old = await startOne()
    const open = async (name: string) => {
      const client = await old.connect({ name })
      clients.push(client)
      return client
    }
    const codes: string[] = []
    for (let number = 0; number < flights; number++) {
      const host = await open("Ann")
      host.send({ type: "create-flight" })
      codes.push((await host.until("flight-created"))["flightCode"])
    }
    await startOther()
    const guests = await Promise.all(codes.map(() => open("Bob")))
    for (const [index, guest] of guests.entries()) guest.send({ type: "join-flight", flightCode: codes[index] })
    await expect.poll(() => waitingEvents(old)).toBeGreaterThan(0)
    for (const channel of channels) channel.mend()
    const answers = await Promise.all(guests.map((guest) => guest.next()))
    expect(answers.map(({ type, message }) => message ?? type)).toEqual(codes.map(() => "peer-joined"))
  })
})
