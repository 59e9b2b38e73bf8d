import { createHash, randomBytes } from "node:crypto"
import { describe, expect, it } from "vitest"
import { ask, Peer } from "../../../scripts/peer.ts"
import { useServer } from "../../support/useServer.ts"

describe("two real WebRTC peers", () => {
  const server = useServer()
  const file = randomBytes(1024 * 1024)
  const sha256 = createHash("sha256").update(file).digest("hex")

  const transfer = async (from: Peer, to: Peer) => {
    await Promise.all([from.offer(), from.opened(), to.opened()])
    const received = to.receiveFile()
    await from.sendFile(file)
    expect(await received).toEqual({ bytes: file.length, sha256 })
    expect(from.signalsSent).toBeGreaterThan(1)
    expect(to.signalsSent).toBeGreaterThan(1)
  }

  it("meet in a room, made and polled over HTTP, and send a megabyte to each other", async () => {
    const rooms = `${server.http}/api/rooms`
    const [host, guest] = await Promise.all([Peer.connect(server.http, "Host"), Peer.connect(server.http, "Guest")])
    const made = await ask(rooms, { name: "Host" })
    const code: string = made.roomCode
    const joined = await ask(`${rooms}/${code}/join`, { name: "Guest" })
    await ask(`${rooms}/${code}/participants/${made.self.participantId}/ready`, {
      fileCount: 1,
      totalBytes: file.length
    })
    const summaries = await Promise.all(
      [made, joined].map(({ self }) => ask(`${rooms}/${code}?participantId=${self.participantId}`))
    )
    expect(summaries.map(({ shouldConnect }) => shouldConnect)).toEqual([true, true])
    host.send({ type: "attach-room", roomCode: code, participantId: made.self.participantId })
    guest.send({ type: "attach-room", roomCode: code, participantId: joined.self.participantId })
    await Promise.all([host.until("peer-joined"), guest.until("peer-joined")])
    await transfer(host, guest)
    await Promise.all([host.close(), guest.close()])
  })

  it("meet in a flight and send a megabyte to each other", async () => {
    const [creator, joiner] = await Promise.all([Peer.connect(server.http, "One"), Peer.connect(server.http, "Other")])
    creator.send({ type: "create-flight" })
    const { flightCode } = await creator.until("flight-created")
    joiner.send({ type: "join-flight", flightCode })
    await Promise.all([creator.until("peer-joined"), joiner.until("peer-joined")])
    await transfer(creator, joiner)
    await Promise.all([creator.close(), joiner.close()])
  })
})
