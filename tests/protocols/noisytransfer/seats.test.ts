import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { everybodyKnows } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"
import { figures, newRoom, type RelayClient, useRelay } from "./relayClient.ts"

const full = '{"type":"room_full"}'

/** Somebody whose network has gone without a word: it reads nothing any more, and answers no ping. */
const goSilent = ({ socket }: RelayClient) => socket.pause()

describeOnPostgres("a side that is taken", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const { open, meet } = useRelay(server)

  it.each([
    ["A", undefined],
    ["B", "other"],
    ["A", ""]
  ] as const)("closes a newcomer of side %s, sid %s, at once, and nobody else notices", async (side, sid) => {
    const room = newRoom()
    const [a, b] = await meet(room, { sid: "mine" }, { sid: "mine" })
    const newcomer = await open(room, side, sid === undefined ? {} : { sid })
    expect(await newcomer.closed).toEqual([1008, `side ${side} busy`])
    expect(newcomer.texts).toEqual([])
    a.send('{"type":"ice","cand":null}')
    expect(await b.next()).toBe('{"type":"ice","cand":null}')
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it("is not given to somebody whose session has no name, though its holder's has none either", async () => {
    const room = newRoom()
    for (const sid of ["", undefined]) {
      const options = sid === undefined ? {} : { sid }
      const holder = await open(room, sid === "" ? "A" : "B", options)
      goSilent(holder)
      expect((await (await open(room, holder.side, options)).closed)[0]).toBe(1008)
      holder.socket.terminate()
    }
  })

  it("stays with its holder when that lives, however often its own session wants it", async () => {
    const room = newRoom()
    const [a, b] = await meet(room, { sid: "mine" })
    for (let times = 0; times < 3; times++) {
      const newcomer = await open(room, "A", { sid: "mine" })
      newcomer.send('{"type":"offer"}')
      expect(await newcomer.closed).toEqual([1008, "side A busy"])
      expect(newcomer.texts).toEqual([])
    }
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it("is its own session's when its holder is dead, with its mailbox, its frames in order, and the room is full again", async () => {
    const room = newRoom()
    const [a, b] = await meet(room, { sid: "mine" })
    b.send({ type: "send", to: "A", payload: "kept" })
    await b.unread()
    goSilent(a)
    const since = performance.now()
    const newcomer = await open(room, "A", { sid: "mine" })
    // It waits in silence, and so does what it says.
    newcomer.send('{"type":"offer","n":1}')
    newcomer.send('{"type":"hello","deliveredUpTo":0}')
    newcomer.send('{"type":"offer","n":2}')
    expect(await newcomer.next()).toBe(full)
    const waited = performance.now() - since
    expect(waited).toBeGreaterThan(1_900)
    expect(waited).toBeLessThan(6_000)
    expect(await newcomer.next()).toBe('{"payload":"kept","seq":1,"type":"deliver"}')
    expect(await b.take(3)).toEqual([full, '{"type":"offer","n":1}', '{"type":"offer","n":2}'])
    b.send('{"type":"answer"}')
    expect(await newcomer.next()).toBe('{"type":"answer"}')
    a.socket.resume()
    expect((await a.closed)[0]).toBe(1006)
    expect(server.lines("relay:replaced")).toHaveLength(1)
    expect((await figures(server)).get('nt_contested_seats_total{outcome="replaced"}')).toBe(1)
    expect(server.log()).not.toContain('"mine"')
  }, 20_000)

  it("goes at once to whoever waits for it when its holder leaves", async () => {
    const room = newRoom()
    const [a, b] = await meet(room, { sid: "mine" })
    goSilent(a)
    const newcomer = await open(room, "A", { sid: "mine" })
    const since = performance.now()
    a.socket.terminate()
    expect(await newcomer.next()).toBe(full)
    expect(performance.now() - since).toBeLessThan(1_500)
    expect(await b.next()).toBe(full)
  })

  it("stays as it is when whoever waits for it goes", async () => {
    const room = newRoom()
    const [a, b] = await meet(room, { sid: "mine" })
    goSilent(a)
    const newcomer = await open(room, "A", { sid: "mine" })
    await newcomer.close()
    await everybodyKnows()
    a.socket.resume()
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
    b.send('{"type":"answer"}')
    expect(await a.next()).toBe('{"type":"answer"}')
  })

  it("is free soon after somebody was refused for a dead holder, and not for a living one", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    goSilent(a)
    for (const side of ["A", "B"] as const) {
      const refused = await open(room, side)
      expect(await refused.closed).toEqual([1008, `side ${side} busy`])
    }
    // Ten seconds: longer than anybody waits here for anything else, and far less than the health check takes.
    await expect.poll(() => server.actors()["noisytransfer-connections"], { timeout: 14_000 }).toBe(1)
    const next = await open(room, "A")
    expect([await next.next(), await b.next()]).toEqual([full, full])
  }, 25_000)
})
