/** What a client asks, what it is answered, and what it is refused. */
import { describe, expect, it } from "vitest"
import { everybodyKnows } from "../../support/server.ts"
import { fakeCapabilities } from "./fakeEngine.ts"
import { capabilities, dtls, room, rtp, useParticipants, useSfu } from "./sfuClient.ts"

const { server, engine } = useSfu()
const participant = useParticipants(server, engine)
const refused = (error: string) => ({ error })

describe("a call of two", () => {
  it("goes from the login to flowing media, each answer in the known server's very words", async () => {
    const ada = await participant()
    ada.send({ type: "join-room", data: { roomId: room }, requestId: "k3j9x0q1z" })
    await ada.response("k3j9x0q1z").then((frame) => {
      expect(JSON.stringify(frame)).toBe(
        JSON.stringify({
          type: "response",
          requestId: "k3j9x0q1z",
          data: { rtpCapabilities: fakeCapabilities, existingProducers: [] }
        })
      )
    })
    const send = await ada.ask("create-transport")
    expect(Object.keys(send)).toEqual(["params"])
    expect(Object.keys(send.params)).toEqual(["id", "iceParameters", "iceCandidates", "dtlsParameters"])
    const transportId = send.params.id
    expect(await ada.ask("connect-transport", { transportId, dtlsParameters: dtls })).toEqual({ success: true })
    const produced = await ada.ask("produce", { transportId, kind: "video", rtpParameters: rtp })
    expect(Object.keys(produced)).toEqual(["id"])
    await everybodyKnows()

    const bob = await participant({ userId: "user-2", userName: "Bob" })
    const joined = await bob.join()
    expect(JSON.stringify(joined.existingProducers)).toBe(
      JSON.stringify([{ producerId: produced.id, kind: "video", userName: "Ada", userId: "user-1" }])
    )
    await bob.transport()
    const receive = await bob.transport()
    const consumed = await bob.ask("consume", {
      transportId: receive,
      producerId: produced.id,
      rtpCapabilities: capabilities
    })
    expect(Object.keys(consumed.params)).toEqual(["id", "producerId", "kind", "rtpParameters"])
    expect(consumed.params).toMatchObject({ producerId: produced.id, kind: "video" })
    expect(await bob.ask("resume-consumer", { consumerId: consumed.params.id })).toEqual({ success: true })

    const back = await bob.produce(receive)
    expect(await ada.next()).toEqual({
      type: "new-producer",
      data: { producerId: back, kind: "audio", userName: "Bob", userId: "user-2" }
    })
    await bob.close()
    expect(await ada.next()).toEqual({ type: "producer-closed", data: { producerId: back, userId: "user-2" } })
    expect(await ada.ask("consume", { transportId, producerId: back, rtpCapabilities: capabilities })).toEqual(
      refused("Cannot consume")
    )
  })
})

describe("a request", () => {
  it("is read from bytes as from text, and its id comes back as it came", async () => {
    const ada = await participant()
    for (const requestId of ["", "é 名", "__proto__", "x".repeat(1000)]) {
      ada.send(Buffer.from(JSON.stringify({ requestId, data: { roomId: room, more: 1 }, more: 2, type: "join-room" })))
      expect(await ada.response(requestId)).toMatchObject({ requestId, data: { existingProducers: [] } })
    }
  })

  it("is refused in plain words when it comes too early", async () => {
    const ada = await participant()
    const transportId = "none"
    expect(await ada.ask("create-transport", { roomId: room })).toEqual(refused("Room not found"))
    expect(await ada.ask("connect-transport", { transportId, dtlsParameters: dtls })).toEqual(
      refused("Transport not found")
    )
    expect(await ada.ask("produce", { transportId, kind: "audio", rtpParameters: rtp })).toEqual(
      refused("Transport not found")
    )
    expect(await ada.consume(transportId, "none")).toEqual(refused("Transport or Router not found"))
    expect(await ada.ask("resume-consumer", { consumerId: "none" })).toEqual(refused("Consumer not found"))
  })

  it("is for the token's own room", async () => {
    const ada = await participant()
    expect(await ada.join("another")).toEqual(refused("Unauthorized room access"))
    expect(await ada.join()).toMatchObject({ existingProducers: [] })
    expect(await ada.join("another")).toEqual(refused("Unauthorized room access"))
  })

  it("without an id is carried out and not answered, of two kinds", async () => {
    const ada = await participant()
    await ada.join()
    const transportId = await ada.transport()
    ada.send({ type: "connect-transport", data: { transportId, dtlsParameters: dtls } })
    expect(await ada.heard()).toEqual([])
    expect(await ada.ask("connect-transport", { transportId, dtlsParameters: dtls })).toEqual(
      refused("Transport already connected")
    )
    const own = await ada.produce(transportId)
    const { params } = await ada.consume(transportId, own)
    ada.send({ type: "resume-consumer", data: { consumerId: params.id } })
    expect(await ada.heard()).toEqual([])
  })

  const bare = { type: "error", data: "Invalid message or unauthorized" }
  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["a text", '"join-room"'],
    ["bytes that are no UTF-8", Buffer.from([0xff, 0xfe, 0x7b])],
    ["no type", { data: {} }],
    ["an unknown type", { type: "leave-room", data: {} }],
    ["a name of the language's", { type: "constructor", data: {} }],
    ["a join without an id", { type: "join-room", data: { roomId: room } }],
    ["a transport without an id", { type: "create-transport" }],
    ["an id that is no text", { type: "join-room", data: { roomId: room }, requestId: 7 }],
    ["a resume of nothing without an id", { type: "resume-consumer", data: { consumerId: "none" } }]
  ])("that cannot be answered by an id gets the bare error: %s", async (_, frame) => {
    const ada = await participant()
    ada.send(frame)
    expect(await ada.next()).toEqual(bare)
    expect(await ada.join()).toMatchObject({ existingProducers: [] })
  })

  it.each([
    ["leave-room", {}],
    ["join-room", undefined],
    ["join-room", {}],
    ["join-room", { roomId: 5 }],
    ["connect-transport", { transportId: "t" }],
    ["connect-transport", { transportId: "t", dtlsParameters: "client" }],
    ["connect-transport", { transportId: "t".repeat(257), dtlsParameters: dtls }],
    ["produce", { transportId: "t", kind: "screen", rtpParameters: rtp }],
    ["produce", { transportId: "t", kind: "audio", rtpParameters: [] }],
    ["consume", { transportId: "t", producerId: "p" }],
    ["resume-consumer", { consumerId: null }]
  ])("that cannot be read is answered by its id: %s with %j", async (type, data) => {
    const ada = await participant()
    expect(await ada.ask(type, data)).toEqual(refused("Invalid message"))
    expect(await ada.join()).toMatchObject({ existingProducers: [] })
  })

  it("is told what the engine refuses, and that it has failed, with nothing lost", async () => {
    const ada = await participant()
    await ada.join()
    const transportId = await ada.transport()
    expect(await ada.ask("connect-transport", { transportId, dtlsParameters: {} })).toEqual(
      refused("Invalid DTLS parameters")
    )
    expect(await ada.ask("produce", { transportId, kind: "audio", rtpParameters: {} })).toEqual(
      refused("Invalid RTP parameters")
    )
    engine.faults.set("produce", new Error("the worker hiccups"))
    expect(await ada.ask("produce", { transportId, kind: "audio", rtpParameters: rtp })).toEqual(
      refused("Internal error")
    )
    expect(server.lines("sfu:error").at(-1)).toMatchObject({ level: "error", error: "Error: the worker hiccups" })
    expect(await ada.ask("connect-transport", { transportId, dtlsParameters: dtls })).toEqual({ success: true })
    expect(await ada.produce(transportId)).toMatch(/^producer-/)
  })

  it("of one connection waits for the one before it, whatever it asks", async () => {
    const ada = await participant()
    const gate = engine.gate("openRouter")
    ada.send({ type: "join-room", data: { roomId: "slow" }, requestId: "1" })
    await ada.response("1")
    ada.send({ type: "join-room", data: { roomId: room }, requestId: "2" })
    ada.send({ type: "create-transport", requestId: "3" })
    ada.send({ type: "nothing", requestId: "4" })
    ada.send("{")
    gate.open()
    const frames = await ada.take(4)
    expect(frames.map((frame) => frame["requestId"] ?? frame.type)).toEqual(["2", "3", "4", "error"])
  })
})

describe("what somebody has", () => {
  it("is nobody else's: ids of others do not exist", async () => {
    const [ada, bob] = [await participant(), await participant({ userId: "user-2" })]
    const eve = await participant({ userId: "eve", roomId: "elsewhere" })
    for (const client of [ada, bob]) await client.join()
    await eve.join("elsewhere")
    const transportId = await ada.transport()
    const producerId = await ada.produce(transportId)
    const own = await bob.transport()
    await everybodyKnows()
    const { params } = await bob.consume(own, producerId)
    const eves = await eve.transport()
    for (const stranger of [eve, bob]) {
      expect(await stranger.ask("connect-transport", { transportId, dtlsParameters: dtls })).toEqual(
        refused("Transport not found")
      )
      expect(await stranger.ask("produce", { transportId, kind: "audio", rtpParameters: rtp })).toEqual(
        refused("Transport not found")
      )
      expect(await stranger.consume(transportId, producerId)).toEqual(refused("Transport or Router not found"))
    }
    expect(await eve.consume(eves, producerId)).toEqual(refused("Cannot consume"))
    expect(await ada.ask("resume-consumer", { consumerId: params.id })).toEqual(refused("Consumer not found"))
    expect(await bob.ask("resume-consumer", { consumerId: params.id })).toEqual({ success: true })
  })

  it("is so much and not more", async () => {
    const ada = await participant()
    await ada.join()
    const transports = [await ada.transport(), await ada.transport(), await ada.transport(), await ada.transport()]
    const [transportId = ""] = transports
    expect(await ada.ask("create-transport")).toEqual(refused("Too many transports"))
    const producerId = await ada.produce(transportId)
    for (let more = 1; more < 8; more++) await ada.produce(transportId)
    expect(await ada.ask("produce", { transportId, kind: "audio", rtpParameters: rtp })).toEqual(
      refused("Too many producers")
    )
    for (let consumer = 0; consumer < 200; consumer++)
      expect((await ada.consume(transportId, producerId)).params.producerId).toBe(producerId)
    expect(await ada.consume(transportId, producerId)).toEqual(refused("Too many consumers"))
    // One of its transports is over: there is place for another.
    engine.change(transports[3] as string, "closed")
    await everybodyKnows()
    expect(await ada.transport()).toMatch(/^transport-/)
  })
})
