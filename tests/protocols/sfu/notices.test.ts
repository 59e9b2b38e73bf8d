/** Who hears of whose producers, and when: nothing is lost while a client sets up, nothing told twice, nothing after its end. */
import { describe, expect, it } from "vitest"
import { everybodyKnows } from "../../support/server.ts"
import { rtp, type SfuClient, type SfuClientOptions, useParticipants, useSfu } from "./sfuClient.ts"

const { server, engine } = useSfu()
const participant = useParticipants(server, engine)

/** Somebody who has joined. */
const joined = async (userId: string, options: SfuClientOptions = {}): Promise<SfuClient> => {
  const client = await participant({ userId, userName: userId.toUpperCase(), ...options })
  await client.join()
  return client
}
/** Somebody who has joined and set up, with its two transports. */
const ready = async (userId: string, options: SfuClientOptions = {}) => {
  const client = await joined(userId, options)
  return { client, sends: await client.transport(), receives: await client.transport() }
}
/** A new producer's id, once its conference knows of it. */
const produced = async ({ client, sends }: Awaited<ReturnType<typeof ready>>, kind: "audio" | "video" = "audio") => {
  const id = await client.produce(sends, kind)
  await everybodyKnows()
  return id
}
const opened = (producerId: string, userId: string, kind = "audio") => ({
  type: "new-producer",
  data: { producerId, kind, userName: userId.toUpperCase(), userId }
})
const ended = (producerId: string, userId: string) => ({ type: "producer-closed", data: { producerId, userId } })

describe("a producer", () => {
  it("is answered before anybody hears of it, and told to everybody else in the room alone", async () => {
    const ada = await ready("ada")
    const bob = await ready("bob")
    const eve = await participant({ userId: "eve", roomId: "elsewhere" })
    await eve.join("elsewhere")
    await eve.transport()
    await eve.transport()
    const gate = engine.gate("produce")
    ada.client.send({
      type: "produce",
      data: { transportId: ada.sends, kind: "video", rtpParameters: rtp },
      requestId: "p"
    })
    await expect.poll(() => gate.waiting).toBe(1)
    expect(await bob.client.heard()).toEqual([])
    gate.open()
    const { id } = (await ada.client.response("p"))["data"]
    expect(await bob.client.next()).toEqual(opened(id, "ada", "video"))
    expect(await ada.client.heard()).toEqual([])
    expect(await eve.heard()).toEqual([])
  })

  it("is in the list of whoever joins, in order, but not in that of its own user", async () => {
    const ada = await ready("ada")
    const bob = await ready("bob")
    const ids = [await produced(ada), await produced(bob), await produced(ada, "video")]
    const cid = await participant({ userId: "cid" })
    const { existingProducers } = await cid.join()
    expect(existingProducers.map(({ producerId }: { producerId: string }) => producerId)).toEqual(ids)
    const other = await participant({ userId: "ada" })
    const list = (await other.join()).existingProducers
    expect(list.map(({ userId }: { userId: string }) => userId)).toEqual(["bob"])
  })

  it("ends with its owner's socket: one event each, in order, and it cannot be consumed any more", async () => {
    for (const end of ["close", "cut"] as const) {
      const ada = await ready("ada")
      const bob = await ready("bob")
      const ids = [await ada.client.produce(ada.sends), await ada.client.produce(ada.sends, "video")] as const
      await bob.client.take(2)
      const { params } = await bob.client.consume(bob.receives, ids[0])
      await ada.client[end]()
      expect(await bob.client.take(2)).toEqual(ids.map((id) => ended(id, "ada")))
      expect(await bob.client.consume(bob.receives, ids[0])).toEqual({ error: "Cannot consume" })
      expect(await bob.client.ask("resume-consumer", { consumerId: params.id })).toEqual({
        error: "Consumer not found"
      })
      expect(await bob.client.heard()).toEqual([])
      await bob.client.close()
    }
  })

  it("ends with its transport; the others hear so once nothing is left of its owner's media", async () => {
    const ada = await ready("ada")
    const bob = await ready("bob")
    const voice = await ada.client.produce(ada.sends)
    const camera = await ada.client.produce(ada.receives, "video")
    await bob.client.take(2)
    engine.change(ada.sends, "failed")
    await everybodyKnows()
    expect(engine.producers.has(voice)).toBe(false)
    expect(await bob.client.consume(bob.receives, voice)).toEqual({ error: "Cannot consume" })
    expect(await bob.client.heard()).toEqual([])
    const late = await participant({ userId: "late" })
    expect((await late.join()).existingProducers).toMatchObject([{ producerId: camera }])
    engine.change(ada.receives, "closed")
    expect(await bob.client.take(2)).toEqual([ended(voice, "ada"), ended(camera, "ada")])
    expect(await late.heard()).toEqual([ended(camera, "ada")])
    expect(await ada.client.ask("produce", { transportId: ada.sends, kind: "audio", rtpParameters: rtp })).toEqual({
      error: "Transport not found"
    })
  })
})

describe("two sockets of one user", () => {
  it("are two participants, and one's end is its own", async () => {
    const bob = await ready("bob")
    const one = await ready("ada")
    const other = await ready("ada")
    const first = await one.client.produce(one.sends)
    expect(await bob.client.next()).toEqual(opened(first, "ada"))
    const second = await other.client.produce(other.sends)
    expect(await bob.client.next()).toEqual(opened(second, "ada"))
    await one.client.close()
    expect(await bob.client.next()).toEqual(ended(first, "ada"))
    expect(await bob.client.heard()).toEqual([])
    expect((await bob.client.consume(bob.receives, second)).params.producerId).toBe(second)
  })
})

describe("what is told while a client sets up", () => {
  it("waits, in order, until its second transport is answered", async () => {
    const bob = await ready("bob")
    const ada = await joined("ada")
    await ada.transport()
    const ids = [await bob.client.produce(bob.sends), await bob.client.produce(bob.sends, "video")] as const
    expect(await ada.heard()).toEqual([])
    ada.send({ type: "create-transport", requestId: "second" })
    const frames = await ada.take(3)
    expect(frames[0]).toMatchObject({ type: "response", requestId: "second" })
    expect(frames.slice(1)).toEqual([opened(ids[0], "bob"), opened(ids[1], "bob", "video")])
    const third = await bob.client.produce(bob.sends)
    expect(await ada.next()).toEqual(opened(third, "bob"))
  })

  it("waits until it consumes", async () => {
    const bob = await ready("bob")
    const known = await produced(bob)
    const ada = await joined("ada")
    const transportId = await ada.transport()
    const held = await bob.client.produce(bob.sends)
    expect(await ada.heard()).toEqual([])
    expect((await ada.consume(transportId, known)).params.producerId).toBe(known)
    expect(await ada.heard()).toEqual([opened(held, "bob")])
  })

  it("waits a second behind its first transport", async () => {
    const bob = await ready("bob")
    const ada = await joined("ada")
    await ada.transport()
    const began = performance.now()
    const held = await bob.client.produce(bob.sends)
    expect(await ada.next()).toEqual(opened(held, "bob"))
    expect(performance.now() - began).toBeGreaterThan(800)
    expect(performance.now() - began).toBeLessThan(2500)
  })

  it("waits five seconds behind its coming", { timeout: 15_000 }, async () => {
    const bob = await ready("bob")
    const ada = await joined("ada")
    const began = performance.now()
    const held = await bob.client.produce(bob.sends)
    expect(await ada.next()).toEqual(opened(held, "bob"))
    expect(performance.now() - began).toBeGreaterThan(4500)
    expect(performance.now() - began).toBeLessThan(7500)
  })

  it("leaves out what has ended meanwhile, and tells of the end of what is in the list at once", async () => {
    const bob = await ready("bob")
    const listed = await produced(bob)
    const cid = await ready("cid")
    const ada = await participant({ userId: "ada" })
    expect((await ada.join()).existingProducers).toMatchObject([{ producerId: listed }])
    await bob.client.produce(bob.sends)
    const stays = await cid.client.produce(cid.sends)
    await bob.client.close()
    expect(await ada.next()).toEqual(ended(listed, "bob"))
    await ada.transport()
    await ada.transport()
    expect(await ada.heard()).toEqual([opened(stays, "cid")])
  })

  it("is in the list of whoever asks for it again, and not told besides", async () => {
    const bob = await ready("bob")
    const ada = await joined("ada")
    const held = await produced(bob)
    expect((await ada.join()).existingProducers).toMatchObject([{ producerId: held }])
    await ada.transport()
    await ada.transport()
    expect(await ada.heard()).toEqual([])
  })
})

describe("somebody who leaves while something is being made for it", () => {
  it("leaves nothing behind, whatever that comes to", async () => {
    const ada = await joined("ada")
    const gate = engine.gate("openTransport")
    ada.send({ type: "create-transport", requestId: "t" })
    await expect.poll(() => gate.waiting).toBe(1)
    await ada.close()
    await expect.poll(() => server.actors()["participants"]).toBe(0)
    gate.open()
    await expect.poll(() => engine.holds.transports).toBe(0)

    const bob = await ready("bob")
    const producing = engine.gate("produce")
    bob.client.send({
      type: "produce",
      data: { transportId: bob.sends, kind: "audio", rtpParameters: rtp },
      requestId: "p"
    })
    await expect.poll(() => producing.waiting).toBe(1)
    const cid = await ready("cid")
    await bob.client.close()
    producing.open()
    expect(await cid.client.heard()).toEqual([])
  })
})
