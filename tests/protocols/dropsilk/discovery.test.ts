import { describe, expect, it } from "vitest"
import { type ConnectOptions, makeRoom, post, type TestClient } from "../../support/server.ts"
import { useClients, useServer } from "../../support/useServer.ts"

describe("discovery", () => {
  const server = useServer()
  const open = useClients(server)

  const named = (name: string, options?: ConnectOptions) => open({ ...options, name })

  const only =
    (...expected: string[]) =>
    (names: readonly string[]) =>
      names.join() === expected.join()

  const lists = (client: TestClient) =>
    client.frames
      .filter(({ type }) => type === "users-on-network-update")
      .map(({ users }) => users.map((user: any) => user.name))

  it("shows the others of the network group in order of connection, itself left out", async () => {
    const a = await named("A")
    const b = await named("B")
    const c = await named("C")
    expect(await a.list(only("B", "C"))).toEqual(["B", "C"])
    expect(await b.list(only("A", "C"))).toEqual(["A", "C"])
    expect(await c.list(only("A", "B"))).toEqual(["A", "B"])
    await b.close()
    expect(await a.list(only("C"))).toEqual(["C"])
  })

  it("keeps groups apart: a private network by /24, public addresses each by itself", async () => {
    const home = await named("home", { from: "192.168.1.5" })
    const sofa = await named("sofa", { from: "192.168.1.77" })
    await named("next door", { from: "192.168.2.5" })
    await named("stranger", { from: "203.0.113.1" })
    const mapped = await named("mapped", { from: "::ffff:192.168.1.9" })
    expect(await mapped.list(only("home", "sofa"))).toEqual(["home", "sofa"])
    expect(await home.list(only("sofa", "mapped"))).toEqual(["sofa", "mapped"])
    expect(await sofa.list(only("home", "mapped"))).toEqual(["home", "mapped"])
  })

  it("shows each other whom one home has given addresses of its IPv6 prefix, and nobody of the next home", async () => {
    const laptop = await named("laptop", { from: "2606:4700:1:2::9" })
    const phone = await named("phone", { from: "2606:4700:1:2:aaaa:bbbb:cccc:dddd" })
    const neighbour = await named("neighbour", { from: "2606:4700:1:3::9" })
    expect(await phone.list(only("laptop"))).toEqual(["laptop"])
    expect(await laptop.list(only("phone"))).toEqual(["phone"])
    expect(lists(neighbour).flat()).toEqual([])
  })

  it("does not believe an entry of X-Forwarded-For that is no address", async () => {
    const odd = await named("odd", { from: "constructor" })
    const plain = await named("plain")
    expect(await odd.list(only("plain"))).toEqual(["plain"])
    expect(await plain.list(only("odd"))).toEqual(["odd"])
  })

  it("sends no list that has not changed", async () => {
    const a = await named("A")
    const b = await named("B")
    await a.list(only("B"))
    const before = lists(a).length
    b.send({ type: "register-details", name: "Other" })
    b.send({ type: "register-details", name: "B" })
    await b.settled()
    a.send({ type: "register-details", name: "A" })
    const c = await named("C")
    await a.list(only("B", "C"))
    expect(
      lists(a)
        .slice(before)
        .filter((names) => !names.includes("Anonymous"))
    ).toEqual([["B", "C"]])
    expect(await c.list(only("A", "B"))).toEqual(["A", "B"])
  })

  it("hides both members of a flight from the others and shows them an empty list", async () => {
    const [a, b, c] = [await named("A"), await named("B"), await named("C")]
    await a.list(only("B", "C"))
    a.send({ type: "create-flight" })
    b.send({ type: "join-flight", flightCode: (await a.until("flight-created"))["flightCode"] })
    expect(await c.list(only())).toEqual([])
    expect(await a.list(only())).toEqual([])
    expect(await b.list(only())).toEqual([])
    await b.close()
    expect(await a.list(only("C"))).toEqual(["C"])
    expect(await c.list(only("A"))).toEqual(["A"])
  })

  it("still shows a client that is alone in its flight", async () => {
    const [a, b] = [await named("A"), await named("B")]
    a.send({ type: "create-flight" })
    await a.until("flight-created")
    const c = await named("C")
    expect(await c.list(only("A", "B"))).toEqual(["A", "B"])
    expect(await b.list(only("A", "C"))).toEqual(["A", "C"])
  })

  it("takes clients on side channels out of discovery, under the name of their participant", async () => {
    const watcher = await named("W")
    const room = await makeRoom(server, "Hanna", "Gustav")
    const transfer = await named("x")
    transfer.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    expect(await watcher.list(only("Hanna"))).toEqual(["Hanna"])
    const chat = await named("y")
    await watcher.list(only("Hanna", "y"))
    chat.send({ type: "attach-room", roomCode: room.code, participantId: room.host, channel: "chat" })
    await chat.until("room-attached")
    expect(await watcher.list(only("Hanna"))).toEqual(["Hanna"])
    const seen = lists(chat).length
    const another = await named("Z")
    await watcher.list(only("Hanna", "Z"))
    await another.close()
    await watcher.list(only("Hanna"))
    await chat.settled()
    expect(lists(chat)).toHaveLength(seen)
  })

  describe("invitations", () => {
    it("reach a neighbour, from a member of the flight", async () => {
      const [a, b] = [await named("A"), await named("B")]
      a.send({ type: "create-flight" })
      const { flightCode } = await a.until("flight-created")
      a.send({ type: "invite-to-flight", inviteeId: ` ${b.id} `, flightCode })
      expect(await b.until("flight-invitation")).toEqual({ type: "flight-invitation", flightCode, fromName: "A" })
    })

    describe("into a room that nobody has attached to yet", () => {
      const home = "192.168.4.2"
      const create = async (address: string) => {
        const headers = { "content-type": "application/json", "x-forwarded-for": address }
        const { body } = await post(`${server.http}/api/rooms`, { name: "A" }, { headers })
        return { code: body.roomCode as string, id: body.self.participantId as string }
      }
      const neighbours = async () =>
        [await named("A", { from: home }), await named("B", { from: "192.168.4.3" })] as const
      const invitations = (client: TestClient) => client.frames.filter(({ type }) => type === "flight-invitation")

      it("reach a neighbour from the address that it was made from", async () => {
        const [a, b] = await neighbours()
        const { code } = await create(home)
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: code.toLowerCase() })
        expect(await b.until("flight-invitation")).toEqual({
          type: "flight-invitation",
          flightCode: code,
          fromName: "A"
        })
      })

      it("reach a neighbour from the address that it is polled from", async () => {
        const [a, b] = await neighbours()
        const { code, id } = await create("203.0.113.5")
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: code })
        await a.settled()
        await fetch(`${server.http}/api/rooms/${code}?participantId=${id}`, { headers: { "x-forwarded-for": home } })
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: code })
        await b.until("flight-invitation")
        expect(invitations(b)).toHaveLength(1)
      })

      it("are dropped silently from another address, from who is not seen, into a full room and into one that has ended", async () => {
        const [a, b] = await neighbours()
        const [mine, theirs, full] = [await create(home), await create("192.168.4.9"), await create(home)]
        await post(`${server.http}/api/rooms/${full.code}/join`, { name: "Guest" })
        const far = await named("F", { from: "203.0.113.9" })
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: theirs.code })
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: full.code })
        a.send({ type: "invite-to-flight", inviteeId: far.id, flightCode: mine.code })
        b.send({ type: "invite-to-flight", inviteeId: a.id, flightCode: mine.code })
        const host = await named("H", { from: home })
        host.send({ type: "attach-room", roomCode: mine.code, participantId: mine.id })
        await host.until("room-attached")
        await host.close()
        await expect.poll(() => server.actors().flights).toBe(0)
        a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: mine.code })
        for (const client of [a, b, far]) await client.settled()
        for (const client of [a, b, far]) {
          expect(client.frames.filter(({ type }) => type === "flight-invitation" || type === "error")).toEqual([])
        }
      })
    })

    it("are dropped silently from an outsider, to a stranger, to oneself and into another flight", async () => {
      const [a, b, outsider] = [await named("A"), await named("B"), await named("O")]
      const far = await named("F", { from: "203.0.113.9" })
      a.send({ type: "create-flight" })
      const { flightCode } = await a.until("flight-created")
      outsider.send({ type: "invite-to-flight", inviteeId: b.id, flightCode })
      a.send({ type: "invite-to-flight", inviteeId: far.id, flightCode })
      a.send({ type: "invite-to-flight", inviteeId: a.id, flightCode })
      a.send({ type: "invite-to-flight", inviteeId: "nobody", flightCode })
      a.send({ type: "invite-to-flight", inviteeId: b.id, flightCode: "ZZZZZZ" })
      for (const client of [outsider, a, b, far]) await client.settled()
      for (const client of [outsider, a, b, far]) {
        expect(client.frames.filter(({ type }) => type === "flight-invitation" || type === "error")).toEqual([])
      }
    })
  })
})
