import { afterEach, describe, expect, it } from "vitest"
import { makeRoom, meetInFlight, poll, post, type TestClient } from "../../support/server.ts"
import { useClients, useServer } from "../../support/useServer.ts"

const hour = 3_600_000
/** So many on one network that their lists wait for a while. */
const neighbours = 30

describe("a wall clock that is set while people are there", () => {
  const clockOfThisMachine = Date.now
  const set = (by: number) => {
    Date.now = () => clockOfThisMachine() + by
  }
  const server = useServer({ ROOM_TTL_MINUTES: "30" })
  const open = useClients(server)
  afterEach(() => set(0))

  const come = (from: string) => open({ from })
  const flight = async () => {
    const [ann, bob] = [await come("203.0.113.1"), await come("203.0.113.2")]
    await meetInFlight(ann, bob)
    return [ann, bob] as const
  }
  const expectToTalk = async ([ann, bob]: readonly [TestClient, TestClient]) => {
    ann.send({ type: "signal", data: "still there?" })
    expect(await bob.until("signal")).toMatchObject({ data: "still there?" })
  }
  const attach = async (room: Awaited<ReturnType<typeof makeRoom>>) => {
    const sockets = [await come("203.0.113.3"), await come("203.0.113.4")] as const
    for (const [index, socket] of sockets.entries()) {
      socket.send({ type: "attach-room", roomCode: room.code, participantId: index === 0 ? room.host : room.guest })
      await socket.until("room-attached")
    }
    await sockets[0].until("peer-joined")
    return sockets
  }

  it.each([
    ["an hour back", -hour, 200],
    ["an hour ahead", hour, 404]
  ])("%s disturbs nobody: only who was away for a room's whole life finds it gone", async (_, by, left) => {
    const pair = await flight()
    const street = await Promise.all(Array.from({ length: neighbours }, () => come("10.0.0.1")))
    const [attended, unattended] = [await makeRoom(server), await makeRoom(server)]
    const inRoom = await attach(attended)
    set(by)

    await expectToTalk(pair)
    await expectToTalk(await flight())
    ;(street[0] as TestClient).send({ type: "register-details", name: "Renamed" })
    await (street[1] as TestClient).list((names) => names.length === neighbours - 1 && names.includes("Renamed"))

    await expectToTalk(inRoom)
    expect((await poll(server, attended.code, attended.host)).status).toBe(200)
    expect((await poll(server, unattended.code, unattended.host)).status).toBe(left)
    await expect
      .poll(async () => Date.parse((await poll(server, attended.code, attended.host)).body.expiresAt) > Date.now())
      .toBe(true)

    const fresh = await makeRoom(server)
    const answer = await post(`${server.http}/api/rooms/${fresh.code}/participants/${fresh.host}/chat`, {
      active: true
    })
    expect(answer.status).toBe(200)
    await expectToTalk(await attach(fresh))
  })
})
