import { readFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { type Frame, makeRoom, type TestClient } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"

interface Recorded {
  readonly socket: "A1" | "A2" | "B1" | "B2"
  readonly from: "client" | "server"
  readonly frame: string
}

describe("a recorded session of the real web client", () => {
  const server = useServer()

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
