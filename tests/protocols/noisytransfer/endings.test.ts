/** What whoever runs the server ends by hand on the tower page. */
import { expect, it } from "vitest"
import { digestOf } from "../../../src/io/noisytransfer/identities.ts"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { useServer } from "../../support/useServer.ts"
import { newRoom, useRelay } from "./relayClient.ts"

const full = '{"type":"room_full"}'
const byHand = [1008, "Ended by the operator"]

describeOnPostgres("ended by hand", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl, LOG_ACCESS_KEY: "key" }))
  const { open, meet } = useRelay(server)
  /** Ends the row whose cells fit, and says what the page showed of it. */
  const end = async (list: string, fits: (cells: readonly unknown[]) => boolean) => {
    const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
    const rowOf = (view: any) => view[list].rows.find(({ cells }: any) => fits(cells))
    const { id, cells } = rowOf(await watcher.until((view) => rowOf(view) !== undefined))
    const told = await watcher.end(id)
    expect(watcher.text).not.toContain("192.0.2.")
    await watcher.close()
    return { told, cells }
  }
  const lineOf = () => server.lines("system:ended_by_hand").at(-1)

  it("a client hears so, its side is free, and the other side and what was left for it stay", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    b.send({ type: "send", to: "A", payload: "kept" })
    await a.next()
    const shown = digestOf(room).slice(0, 8)
    const { told, cells } = await end("noisytransfer-connections", ([, of, side]) => of === shown && side === "A")
    expect(told).toEqual({ told: "noisytransfer-connections" })
    expect(cells).toEqual([expect.stringMatching(/^\w+$/), shown, "A", "seated", expect.any(Number)])
    expect(await a.closed).toEqual(byHand)
    expect(lineOf()).toMatchObject({ level: "warn", kind: "noisytransfer-connections", ip: "127.0.0.1" })
    expect(await b.unread()).toEqual([])
    const again = await open(room, "A")
    expect([await again.next(), await b.next()]).toEqual([full, full])
    again.send({ type: "hello", deliveredUpTo: 0 })
    expect(await again.next()).toContain('"kept"')
  })

  it("a room takes both sides and its mailboxes along, and who comes back finds an empty one", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    b.send({ type: "send", to: "A", payload: "gone" })
    await a.next()
    const shown = digestOf(room).slice(0, 8)
    expect((await end("noisytransfer-rooms", ([name]) => name === shown)).told).toEqual({ told: "noisytransfer-rooms" })
    expect([await a.closed, await b.closed]).toEqual([byHand, byHand])
    expect(server.lines("relay:room_ended").at(-1)).toMatchObject({ roomId: digestOf(room), reason: "operator" })
    const [again] = await meet(room)
    again.send({ type: "hello", deliveredUpTo: 0 })
    again.send({ type: "send", to: "A", payload: 1 })
    expect(await again.next()).toBe('{"payload":1,"seq":0,"type":"send"}')
    expect(server.log()).not.toContain(room)
  })

  it("a room with one side in it ends as well", async () => {
    const room = newRoom()
    const alone = await open(room, "B")
    await end("noisytransfer-rooms", ([name]) => name === digestOf(room).slice(0, 8))
    expect(await alone.closed).toEqual(byHand)
    await expect.poll(() => server.actors()).toMatchObject({ "noisytransfer-rooms": 0, "noisytransfer-connections": 0 })
  })
})
