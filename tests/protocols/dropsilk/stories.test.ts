import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { WrittenStory } from "../../../src/io/dropsilk/telling/stories.ts"
import { poison } from "../../support/poison.ts"
import { makeRoom, startServer, type TestClient, type TestServer } from "../../support/server.ts"
import { useClients, useServer } from "../../support/useServer.ts"

describe("flight stories", () => {
  const server = useServer()
  const open = useClients(server, { connections: 0, flights: 0, stories: 0 })

  const named = (name: string, from?: string) => open({ name, from })

  const linesOf = (code: string, of: TestServer = server) =>
    of.lines().filter(({ message, story }) => message.startsWith("FLIGHT STORY") && story.meta.flightCode === code)
  const storiesOf = async (code: string, count = 1): Promise<WrittenStory[]> => {
    await expect.poll(() => linesOf(code)).toHaveLength(count)
    return linesOf(code).map(({ story }) => story)
  }
  const told = (story: WrittenStory) => story.timeline.map(({ event, id }) => [event, id])
  const whoIn = (story: WrittenStory) => story.participants.map(({ id }) => id)

  const attach = async (client: TestClient, roomCode: string, participantId: string, channel = "transfer") => {
    client.send({ type: "attach-room", roomCode, participantId, channel })
    await client.until("room-attached")
  }

  const pair = async () => {
    const [ann, bob] = [await named("Ann", "203.0.113.7"), await named("Bob", "198.51.100.9")]
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    bob.send({ type: "join-flight", flightCode })
    await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
    return { ann, bob, code: flightCode as string }
  }

  it("tells an open flight from its creation to its end", async () => {
    const { ann, bob, code } = await pair()
    for (let count = 0; count < 5; count++) {
      ann.send({ type: "signal", data: { sdp: count } })
      expect((await bob.until("signal"))["data"]).toEqual({ sdp: count })
    }
    bob.send({ type: "signal", data: "answer" })
    await ann.until("signal")
    await bob.close()
    await ann.until("peer-left")
    // Without a peer a signal goes nowhere, and does not count.
    ann.send({ type: "signal", data: "into the void" })
    await ann.settled()
    const cay = await named("Cay", "203.0.113.7")
    cay.send({ type: "join-flight", flightCode: code })
    await Promise.all([ann.until("peer-joined"), cay.until("peer-joined")])
    expect(linesOf(code)).toEqual([])
    await ann.close()
    await cay.until("peer-left")
    await cay.close()

    const [story] = (await storiesOf(code)) as [WrittenStory]
    expect(linesOf(code)[0]).toMatchObject({ level: "info", message: "FLIGHT STORY COMPLETE" })
    expect(story.meta).toMatchObject({ flightCode: code, creatorId: ann.id })
    expect(story.participants).toEqual([
      { id: ann.id, name: "Ann", ip: "203.0.113.7", connectionType: "wan", joinedAt: expect.any(String) },
      { id: bob.id, name: "Bob", ip: "198.51.100.9", connectionType: "wan", joinedAt: expect.any(String) },
      { id: cay.id, name: "Cay", ip: "203.0.113.7", connectionType: "lan", joinedAt: expect.any(String) }
    ])
    expect(told(story)).toEqual([
      ["peer_joined", bob.id],
      ["participant_disconnected", bob.id],
      ["peer_joined", cay.id],
      ["participant_disconnected", ann.id],
      ["participant_disconnected", cay.id]
    ])
    expect(story.stats.signalsExchanged).toBe(6)
    const times = [story.meta.startTime, ...story.timeline.map(({ timestamp }) => timestamp), story.meta.endTime]
    expect(times.toSorted()).toEqual(times)
  })

  it("tells each channel of a room as a flight of its own", async () => {
    const room = await makeRoom(server, "Host", "Guest")
    const sockets: TestClient[] = []
    for (const channel of ["transfer", "chat"]) {
      const [host, guest] = [await named("h"), await named("g")]
      await attach(host, room.code, room.host, channel)
      await attach(guest, room.code, room.guest, channel)
      await Promise.all([host.until("peer-joined"), guest.until("peer-joined")])
      sockets.push(host, guest)
    }
    const [host, , chatHost] = sockets as [TestClient, TestClient, TestClient]
    for (const client of [host, chatHost, chatHost]) client.send({ type: "signal", data: 1 })
    await Promise.all([host.settled(), chatHost.settled()])
    await Promise.all(sockets.map((client) => client.close()))
    const stories = await storiesOf(room.code, 2)
    expect(stories.map(({ stats }) => stats.signalsExchanged).sort()).toEqual([1, 2])
    const transfer = stories.find(({ stats }) => stats.signalsExchanged === 1) as WrittenStory
    expect(transfer.meta.creatorId).toBe(host.id)
    expect(transfer.participants.map(({ name, connectionType }) => [name, connectionType])).toEqual([
      ["Host", "lan"],
      ["Guest", "lan"]
    ])
    const secrets = JSON.stringify(stories)
    expect(secrets).not.toContain(room.host)
    expect(secrets).not.toContain(room.guest)
  })

  it("tells of a reloaded page as of one who goes and one who comes", async () => {
    const room = await makeRoom(server)
    const old = await named("old")
    await attach(old, room.code, room.host, "chat")
    const reloaded = await named("reloaded")
    await attach(reloaded, room.code, room.host, "chat")
    const guest = await named("guest")
    await attach(guest, room.code, room.guest, "chat")
    await reloaded.until("peer-joined")
    // Repeated attaches are normal traffic: nobody goes, and nobody comes.
    await attach(guest, room.code, room.guest, "chat")
    await guest.close()
    await reloaded.close()
    const [story] = (await storiesOf(room.code)) as [WrittenStory]
    expect(whoIn(story)).toEqual([old.id, reloaded.id, guest.id])
    expect(story.participants.map(({ connectionType }) => connectionType)).toEqual([null, "lan", "lan"])
    expect(told(story)).toEqual([
      ["participant_disconnected", old.id],
      ["peer_joined", guest.id],
      ["participant_disconnected", guest.id],
      ["participant_disconnected", reloaded.id]
    ])
  })

  it("counts the signals of a flight, not those of an earlier one of the same room", async () => {
    const room = await makeRoom(server)
    for (const signals of [3, 1]) {
      const [host, guest] = [await named("h"), await named("g")]
      await attach(host, room.code, room.host, "chat")
      await attach(guest, room.code, room.guest, "chat")
      await guest.until("peer-joined")
      for (let count = 0; count < signals; count++) host.send({ type: "signal", data: count })
      for (let count = 0; count < signals; count++) await guest.until("signal")
      await Promise.all([host.close(), guest.close()])
      await expect.poll(() => server.actors().flights).toBe(0)
    }
    const stories = await storiesOf(room.code, 2)
    expect(stories.map(({ stats }) => stats.signalsExchanged)).toEqual([3, 1])
  })

  it("tells a crashed flight as far as it came", async () => {
    const { ann, bob, code } = await pair()
    ann.send({ type: "signal", data: 1 })
    await bob.until("signal")
    server.tower.system.get("flights")?.send({ type: "child.tell", id: code, event: poison("seat.take", "member") })
    await ann.until("peer-left")
    const [story] = (await storiesOf(code)) as [WrittenStory]
    expect(whoIn(story)).toEqual([ann.id, bob.id])
    expect(story.stats.signalsExchanged).toBe(1)
    expect(server.log()).toContain(`"message":"flight:ended","flightCode":"${code}","reason":"crashed"`)
  })

  it("loses the narrative of a crashed story, and nothing else", async () => {
    const { ann, bob, code } = await pair()
    server.tower.system.get("stories")?.send({ type: "child.tell", id: code, event: poison("story.seated", "id") })
    expect(server.actors().stories).toBe(0)
    ann.send({ type: "signal", data: "still here" })
    expect((await bob.until("signal"))["data"]).toBe("still here")
    await bob.close()
    await ann.until("peer-left")
    await ann.close()
    await expect.poll(() => server.log()).toContain(`"message":"flight:ended","flightCode":"${code}","reason":"empty"`)
    expect(linesOf(code)).toEqual([])
    // The next flight has its story again.
    const next = await pair()
    await Promise.all([next.ann.close(), next.bob.close()])
    await storiesOf(next.code)
  })

  it("closes a story that has grown old while its flight goes on", async () => {
    const { ann, bob, code } = await pair()
    server.tower.system
      .get("stories")
      ?.send({ type: "child.tell", id: code, event: { type: "deadline", at: Date.now() } })
    const [story] = (await storiesOf(code)) as [WrittenStory]
    expect(linesOf(code)[0]).toMatchObject({ level: "warn", message: "FLIGHT STORY STALE", reason: "old" })
    expect(whoIn(story)).toEqual([ann.id, bob.id])
    ann.send({ type: "signal", data: "still here" })
    await bob.until("signal")
    await Promise.all([ann.close(), bob.close()])
    await expect.poll(() => server.actors().flights).toBe(0)
    expect(linesOf(code)).toHaveLength(1)
  })

  it("counts a client whose connection has crashed as gone", async () => {
    const { ann, bob, code } = await pair()
    const closed = ann.closed()
    server.tower.system
      .get("connections")
      ?.send({ type: "child.tell", id: ann.id, event: poison("details.register", "name") })
    expect(await closed).toBe(1011)
    await bob.until("peer-left")
    await bob.close()
    const [story] = (await storiesOf(code)) as [WrittenStory]
    expect(told(story)).toContainEqual(["participant_disconnected", ann.id])
    const lines = server.log().split("\n")
    expect(lines.find((line) => line.includes("client:disconnected") && line.includes(ann.id))).toContain(
      '"remainingClients":1'
    )
  })

  it("tells the stories of flights that the server's stop has ended", async () => {
    const folder = await mkdtemp(join(tmpdir(), "silktower-"))
    const stopping = await startServer({ DATA_DIR: folder })
    const ann = await stopping.connect()
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    await stopping.stop()
    await rm(folder, { recursive: true, force: true })
    expect(linesOf(flightCode, stopping)).toEqual([
      expect.objectContaining({ message: "FLIGHT STORY COMPLETE", level: "info" })
    ])
  })
})
