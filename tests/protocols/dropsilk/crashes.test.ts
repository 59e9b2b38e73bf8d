import { EventEmitter, once } from "node:events"
import { afterEach, describe, expect, it } from "vitest"
import type { AnyActorRef, AnyEventObject, InspectionEvent } from "xstate"
import { dropSilkLimits } from "../../../src/io/dropsilk/limits.ts"
import type { Address } from "../../../src/machines/address.ts"
import { registryOf } from "../../../src/machines/registry.ts"
import { poison } from "../../support/poison.ts"
import { everybodyKnows, isShuffled, makeRoom, meetInFlight, poll } from "../../support/server.ts"
import { useClients, useServer, useUnhandled } from "../../support/useServer.ts"

describe("a crashed actor", () => {
  const unhandled = useUnhandled()
  const started = new EventEmitter()
  const server = useServer(
    {},
    {
      inspect: ({ type, actorRef }: InspectionEvent) => {
        if (type === "@xstate.actor") started.emit("actor", actorRef)
      }
    }
  )
  // After the clients have gone.
  afterEach(() => expect(unhandled).toEqual([]))
  const open = useClients(server)

  const tell = (kind: string, id: string, event: AnyEventObject) =>
    server.tower.system.get(kind)?.send({ type: "child.tell", id, event })

  /** The address of somebody who asks, and what it does with what it hears. */
  const askerWho = (hears: (event: AnyEventObject) => void): Address => {
    registryOf(server.tower).send({ type: "endpoint", kind: "asker", receive: (_, event) => hears(event) })
    return { kind: "asker", id: "one" }
  }

  const named = (name: string) => open({ name })

  const pair = async () => {
    const [one, other] = [await named("One"), await named("Other")]
    return { one, other, flightCode: await meetInFlight(one, other) }
  }

  it("connection: its socket closes with 1011, its peer hears peer-left, its network forgets it", async () => {
    const { one, other, flightCode } = await pair()
    const watcher = await named("Watcher")
    const closed = one.closed()
    tell("connections", one.id, poison("details.register", "name"))
    expect(await closed).toBe(1011)
    expect(await other.next()).toEqual({ type: "peer-left" })
    expect(await watcher.list((names) => names.join() === "Other")).toEqual(["Other"])
    const third = await named("Third")
    third.send({ type: "join-flight", flightCode })
    expect((await third.next())["peer"]["id"]).toBe(other.id)
    expect(server.log()).toContain("system:error")
  })

  it("flight: its members hear peer-left, nothing passes any more, and they can begin anew", async () => {
    const { one, other, flightCode } = await pair()
    tell("flights", flightCode, poison("seat.take", "member"))
    expect(await one.next()).toEqual({ type: "peer-left" })
    expect(await other.next()).toEqual({ type: "peer-left" })
    one.send({ type: "signal", data: "into the void" })
    await one.settled()
    await other.settled()
    expect(other.unread()).toEqual([])
    other.send({ type: "create-flight" })
    const created = await other.next()
    expect(created.type).toBe("flight-created")
    one.send({ type: "join-flight", flightCode: created["flightCode"] })
    expect((await one.next()).type).toBe("peer-joined")
  })

  it("flight: who waits alone in it hears that it is gone", async () => {
    const one = await named("One")
    one.send({ type: "create-flight" })
    const { flightCode } = await one.next()
    tell("flights", flightCode, poison("seat.take", "member"))
    expect(await one.next()).toEqual({ type: "error", message: "Server error processing your request" })
    one.send({ type: "create-flight" })
    expect((await one.next()).type).toBe("flight-created")
  })

  it("room's flight: the participants stay in the room and connect again by attaching", async () => {
    const room = await makeRoom(server)
    const [host, guest] = [await named("h"), await named("g")]
    host.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    await host.next()
    guest.send({ type: "attach-room", roomCode: room.code, participantId: room.guest })
    for (const client of [host, guest, guest]) await client.next()
    tell("flights", `${room.code}/transfer`, poison("seat.take", "member"))
    expect(await host.next()).toEqual({ type: "peer-left" })
    expect(await guest.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, room.code, room.host)).body.status).toBe("paired")
    host.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    expect((await host.next()).type).toBe("room-attached")
    guest.send({ type: "attach-room", roomCode: room.code, participantId: room.guest })
    expect((await guest.next()).type).toBe("room-attached")
    expect((await guest.next())["peer"]["id"]).toBe(host.id)
  })

  it("room: whoever waits for it fails at once, and its next use loads it from its row", async () => {
    const room = await makeRoom(server)
    const heard: AnyEventObject[] = []
    const asker = askerWho((event) => heard.push(event))
    const at = Date.now()
    tell("rooms", room.code, {
      type: "room.ready",
      participantId: room.host,
      fileCount: 1,
      totalBytes: 1,
      requestId: 7,
      replyTo: asker,
      address: "192.0.2.1",
      at
    })
    // The save is under way: the answer waits for it.
    expect(heard).toEqual([])
    tell("rooms", room.code, poison("room.ready", "participantId"))
    await everybodyKnows()
    expect(heard).toEqual([{ type: "room.unavailable", requestId: 7 }])
    expect((await poll(server, room.code, room.host)).status).toBe(200)
  })

  it("room: the question that kills it is itself answered at once", async () => {
    const room = await makeRoom(server)
    const heard: AnyEventObject[] = []
    const asker = askerWho((event) => heard.push(event))
    server.tower.system.get("rooms")?.send({
      type: "child.tell",
      id: room.code,
      event: poison("room.chat", "participantId"),
      replyTo: asker,
      requestId: 8
    })
    await everybodyKnows()
    expect(heard).toEqual([{ type: "child.crashed", id: room.code, requestId: 8 }])
  })

  it("room: whoever is making it hears at once that it is not made", async () => {
    const making = fetch(`${server.http}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Host" })
    })
    let room: AnyActorRef
    do [room] = (await once(started, "actor")) as [AnyActorRef]
    while (!/^[A-Z2-9]{6}$/.test(room.id))
    const startedAt = performance.now()
    // It looks at it as soon as its row is written, and before it answers.
    tell("rooms", room.id, poison("room.ready", "participantId"))
    expect((await making).status).toBe(503)
    expect(performance.now() - startedAt).toBeLessThan(dropSilkLimits.askTimeoutMs / 2)
  })

  it("room: attached participants keep their link, and leaving still takes them out", async () => {
    const room = await makeRoom(server)
    const [host, guest] = [await named("h"), await named("g")]
    host.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    await host.next()
    guest.send({ type: "attach-room", roomCode: room.code, participantId: room.guest })
    for (const client of [host, guest, guest]) await client.next()
    tell("rooms", room.code, poison("room.ready", "participantId"))
    host.send({ type: "signal", data: 1 })
    expect(await guest.next()).toEqual({ type: "signal", data: 1 })
    await guest.close()
    expect(await host.next()).toEqual({ type: "peer-left" })
    await expect.poll(async () => (await poll(server, room.code, room.host)).body.status).toBe("waiting")
  })

  it("network: the connections that belong to it put it together again", async () => {
    const [a, b] = [await named("A"), await named("B")]
    await a.list((names) => names.join() === "B")
    tell("networks", "127.0.0.0/24", poison("network.rename", "id"))
    const c = await named("C")
    // Where what they are told takes its time, they enter in the order in which they hear of it.
    const listed = (names: readonly string[]) => (isShuffled ? names.toSorted() : names).join()
    expect(listed(await c.list((names) => listed(names) === "A,B"))).toBe("A,B")
    expect(listed(await a.list((names) => listed(names) === "B,C"))).toBe("B,C")
    await b.close()
    expect(await a.list((names) => names.join() === "C")).toEqual(["C"])
  })

  it("network: one that crashes again and again suspends discovery only, and comes back", async () => {
    const { one, other } = await pair()
    const [a, b] = [await named("A"), await named("B")]
    for (let crash = 0; crash < 12; crash++) tell("networks", "127.0.0.0/24", poison("network.rename", "id"))
    await expect.poll(() => server.actors().networks).toBe(0)
    one.send({ type: "signal", data: "flights go on" })
    expect(await other.next()).toEqual({ type: "signal", data: "flights go on" })
    b.send({ type: "register-details", name: "Bee" })
    // The supervisor is let go on after five seconds; then every connection enters its network again.
    expect(await a.list((names) => names.join() === "Bee")).toEqual(["Bee"])
  })
})
