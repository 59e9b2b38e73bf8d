import { afterEach, expect, it } from "vitest"
import type { AnyEventObject } from "xstate"
import { digestOf } from "../../../src/io/noisytransfer/identities.ts"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { poison } from "../../support/poison.ts"
import { useServer, useUnhandled } from "../../support/useServer.ts"
import { newRoom, useRelay } from "./relayClient.ts"

const full = '{"type":"room_full"}'

describeOnPostgres("a crashed actor", () => {
  const unhandled = useUnhandled()
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  // After the clients have gone.
  afterEach(() => expect(unhandled).toEqual([]))
  const { open, meet } = useRelay(server)
  const tell = (kind: string, id: string, event: AnyEventObject) =>
    server.tower.system.get(kind)?.send({ type: "child.tell", id, event })

  it("connection: its socket closes with 1011, its side is free, and the other side goes on", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    const [id] = [...server.tower.system.get("noisytransfer-connections")!.getSnapshot().children.keys()]
    tell("noisytransfer-connections", id, poison("mail.put", "to"))
    expect(await a.closed).toEqual([1011, "Internal error"])
    expect(await b.unread()).toEqual([])
    const again = await open(room, "A")
    expect([await again.next(), await b.next()]).toEqual([full, full])
    expect(server.lines("system:error")[0]).toMatchObject({ kind: "noisytransfer-connections", restarted: false })
  })

  it("room: both sides are closed with 1011 and meet again in an empty one", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    a.send({ type: "send", to: "B", payload: "lost" })
    await b.next()
    tell("noisytransfer-rooms", digestOf(room), poison("seat.take", "side"))
    expect([await a.closed, await b.closed]).toEqual([
      [1011, "Internal error"],
      [1011, "Internal error"]
    ])
    const [again] = await meet(room)
    again.send({ type: "send", to: "A", payload: 1 })
    expect(await again.next()).toBe('{"payload":1,"seq":0,"type":"send"}')
    expect(server.log()).not.toContain(room)
  })
})
