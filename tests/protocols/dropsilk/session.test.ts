import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Frame, makeRoom, startServer, type TestClient, type TestServer } from "../../support/server.ts"

interface Recorded {
  readonly socket: "A1" | "A2" | "B1" | "B2"
  readonly from: "client" | "server"
  readonly frame: string
}

describe("a recorded session of the real web client", () => {
  let directory: string
  let server: TestServer

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "silktower-"))
    server = await startServer({ DATA_DIR: directory })
  })
  afterAll(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  it("goes through with the same frames for every socket", async () => {
    const recorded: Recorded[] = JSON.parse(
      await readFile(new URL("./samples/dropsilk-session.json", import.meta.url), "utf8")
    )
    const names = { A: "SilentJaguar458", B: "EagerWing567" }
    const room = await makeRoom(server, names.A, names.B)
    const clients: Partial<Record<Recorded["socket"], TestClient>> = {}

    // Every client frame in its turn, under this room's code and ids. A turn begins when the one before is handled.
    for (const { socket, from, frame } of recorded) {
      if (from !== "client") continue
      const client = (clients[socket] ??= await server.connect())
      const parsed = JSON.parse(frame)
      if (parsed.type === "attach-room") {
        parsed.roomCode = room.code
        parsed.participantId = socket.startsWith("A") ? room.host : room.guest
      }
      client.send(parsed.type === "signal" ? frame : parsed)
      await client.settled()
    }
    for (const client of Object.values(clients)) await client.settled()

    // What differs between any two sessions is left out: ids, codes, and what the recorded host had on offer.
    const essence = (frame: Frame) => {
      switch (frame.type) {
        case "signal":
          return frame
        case "peer-joined":
          return { type: frame.type, name: frame["peer"].name, connectionType: frame["connectionType"] }
        case "room-attached":
          return { type: frame.type, role: frame["role"], peer: frame["peer"]?.name }
        default:
          return { type: frame.type }
      }
    }
    const told = (frame: Frame) => !["users-on-network-update", "registered", "peer-left"].includes(frame.type)
    for (const socket of ["A1", "A2", "B1", "B2"] as const) {
      const expected = recorded
        .filter((each) => each.socket === socket && each.from === "server")
        .map(({ frame }): Frame => JSON.parse(frame))
      expect(clients[socket]?.frames.filter(told).map(essence), socket).toEqual(expected.filter(told).map(essence))
    }
    await Promise.all(Object.values(clients).map((client) => client.close()))
  })
})
