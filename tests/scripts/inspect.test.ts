import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { createWebSocketReceiver } from "@statelyai/inspect"
import { beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { redact } from "../../scripts/inspect/redact.ts"
import { freePort } from "../support/freePort.ts"
import { startProcess } from "../support/process.ts"
import { runScript } from "../support/scripts.ts"
import { connect, post } from "../support/server.ts"
import { useFolder, useThroughout } from "../support/useThroughout.ts"

/** Goes through what the other protocols know, with words that nobody may be shown. */
const leaveSecrets = async (http: string) => {
  const ask = async (path: string, body: object, authorization = ""): Promise<any> => {
    const headers = { "content-type": "application/json", authorization }
    const response = await fetch(http + path, { method: "POST", headers, body: JSON.stringify(body) })
    expect([path, response.status]).toEqual([path, 200])
    return response.json()
  }
  const { peerId, secret } = await ask("/rondevu/register", {})
  const bearer = `Bearer ${peerId}:${secret}`
  const offer = { sdp: "planted-sdp", topics: ["files"], secret: "planted-secret", id: "an-offer" }
  await ask("/rondevu/offers", { offers: [offer] }, bearer)
  await ask("/rondevu/offers/an-offer/answer", { sdp: "planted-answer", secret: "planted-secret" }, bearer)
  await ask("/rondevu/offers/an-offer/ice-candidates", { candidates: [{ candidate: "planted-candidate" }] }, bearer)
  await ask("/rondevu-sessions/files/offer", { peerId: "ann", offer: "planted-offer", code: "planted-code" })
  const mine = { code: "planted-code", side: "answerer" }
  await ask("/rondevu-sessions/answer", { ...mine, candidate: "planted-candidate" })
  await ask("/rondevu-sessions/answer", { ...mine, answer: "planted-answer" })
  const relay = new WebSocket(`${http.replace("http", "ws")}/noisytransfer/ws?appID=${randomUUID()}&side=A`)
  await once(relay, "open")
  relay.send(JSON.stringify({ type: "send", to: "A", payload: "planted-payload" }))
  expect(`${(await once(relay, "message"))[0]}`).toContain("planted-payload")
  relay.close()
}

describe("npm run inspect", () => {
  const folder = useFolder()
  let port: number
  beforeAll(async () => {
    port = await freePort()
  })
  const server = useThroughout(
    () =>
      startProcess({ DATA_DIR: folder, LOG_LEVEL: "warn" }, [
        process.execPath,
        "scripts/inspect.ts",
        "--no-open",
        `--port=${port}`
      ]),
    (server) => server.kill()
  )

  it("shows the whole tree, its events and its snapshots to Stately's receiver, and no secret", async () => {
    const events: any[] = []
    createWebSocketReceiver({ server: `ws://localhost:${port}` }).subscribe((event) => void events.push(event))
    const named = (name: string) => events.find((event) => event.type === "@xstate.actor" && event.name === name)
    await expect.poll(() => named("jobs"), { timeout: 10_000 }).toBeDefined()
    const tree = ["connections", "flights", "rooms", "networks", "stories", "jobs"].map((name) => named(name)?.parentId)
    expect(tree).toEqual(tree.map(() => named("tower").sessionId))
    expect(JSON.parse(named("tower").definition).states).toHaveProperty("draining")

    const { roomCode, self } = (await post(`${server.http}/api/rooms`, { name: "Ann" })).body
    const guest = (await post(`${server.http}/api/rooms/${roomCode}/join`, { name: "Bob" })).body.self
    const ann = await connect(server.ws)
    const bob = await connect(server.ws)
    ann.send({ type: "register-details", name: "Ann" })
    ann.send({ type: "attach-room", roomCode, participantId: self.participantId, channel: "transfer" })
    await ann.until("room-attached")
    bob.send({ type: "attach-room", roomCode, participantId: guest.participantId, channel: "transfer" })
    await bob.until("peer-joined")
    bob.send({ type: "attach-room", roomCode, participantId: "planted-participant" })
    await bob.until("error")
    ann.send({ type: "signal", data: { type: "offer", sdp: "planted-sdp" } })
    await bob.until("signal")

    const connection = () => events.find((event) => event.type === "@xstate.actor" && event.name === ann.id)
    await expect.poll(connection, { timeout: 10_000 }).toMatchObject({ parentId: named("connections").sessionId })
    const isPaired = ({ type, sessionId, snapshot }: any) =>
      type === "@xstate.snapshot" &&
      sessionId === connection().sessionId &&
      snapshot.value.connected?.place?.seated === "paired"
    await expect.poll(() => events.some(isPaired), { timeout: 10_000 }).toBe(true)
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "@xstate.event",
        sessionId: connection().sessionId,
        event: { type: "details.register", name: "Ann" }
      })
    )
    const flight = events.find(({ type, name }) => type === "@xstate.actor" && name === `${roomCode}/transfer`)
    expect(flight.parentId).toBe(named("flights").sessionId)
    expect(events.some(({ type, event }) => type === "@xstate.event" && event.type === "room.attach")).toBe(true)

    await leaveSecrets(server.http)
    const heard = (type: string) => events.some((event) => event.type === "@xstate.event" && event.event.type === type)
    const asked = ["offer.answer", "candidates.add", "session.answer", "candidate.add", "mail.put"]
    await expect.poll(() => asked.filter((type) => !heard(type)), { timeout: 10_000 }).toEqual([])

    const shown = JSON.stringify(events)
    for (const secret of [self.participantId, guest.participantId, "planted"]) {
      expect([secret, shown.includes(secret)]).toEqual([secret, false])
    }
    await Promise.all([ann.close(), bob.close()])
    expect(await server.end("SIGTERM")).toBe(0)
  }, 30_000)

  it("names --port when its own port is taken", async () => {
    const other = createServer()
    await once(other.listen(0), "listening")
    const { port: taken } = other.address() as AddressInfo
    const { exitCode, stderr } = await runScript("scripts/inspect.ts", ["--no-open", `--port=${taken}`], {})
    await once(other.close(), "close")
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`^Port ${taken} is taken by another program: .*--port\\.\n$`))
  }, 30_000)

  it("hides what may be a secret in whatever it stands", () => {
    expect(
      redact({
        participantId: "x",
        room: { host: { id: "h", alias: "a", name: "Ann" }, seated: ["p", "q"] },
        text: "of abcdefghij12, not abcdefghij1 nor xabcdefghij12",
        code: "ABC234",
        key: 7,
        none: null
      })
    ).toEqual({
      participantId: "<redacted>",
      room: { host: { id: "<redacted>", alias: "a", name: "Ann" }, seated: ["<redacted>", "<redacted>"] },
      text: "of <redacted>, not abcdefghij1 nor xabcdefghij12",
      code: "ABC234",
      key: "<redacted>",
      none: null
    })
  })
})
