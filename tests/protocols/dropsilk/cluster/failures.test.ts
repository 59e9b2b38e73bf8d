/** What people notice when one of several servers that are one dies, stands still or goes: counted, in processes. */
import { afterEach, expect, it } from "vitest"
import { WebSocket } from "ws"
import { clusterLimits } from "../../../../src/io/cluster/limits.ts"
import { useProcesses } from "../../../support/clusterOfProcesses.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { ServerProcess } from "../../../support/process.ts"
import { poll, post, TestClient } from "../../../support/server.ts"

/** Two who have met, and what they have said to each other. */
interface Pair {
  readonly code: string
  readonly ends: readonly [TestClient, TestClient]
  readonly nodes: readonly [number, number]
  readonly said: [number, number]
}

describeOnPostgres("of three servers that are one", () => {
  const url = useDatabase()
  const nodes = useProcesses(3, () => ({ DATABASE_URL: url }))
  const clients: TestClient[] = []

  afterEach(() => {
    for (const client of clients.splice(0)) client.socket.terminate()
  })

  const connect = async (node: number): Promise<TestClient> => {
    const client = new TestClient(new WebSocket((nodes[node] as ServerProcess).ws, { perMessageDeflate: false }))
    clients.push(client)
    client.id = (await client.until("registered"))["id"]
    return client
  }
  const meet = async (one: number, other: number): Promise<Pair> => {
    const ends = [await connect(one), await connect(other)] as const
    ends[0].send({ type: "create-flight" })
    const { flightCode: code } = await ends[0].until("flight-created")
    ends[1].send({ type: "join-flight", flightCode: code })
    await Promise.all(ends.map((end) => end.until("peer-joined")))
    return { code, ends, nodes: [one, other], said: [0, 0] }
  }
  /** As many of each way two can be on three nodes. */
  const meetEverywhere = (times: number) =>
    Promise.all(Array.from({ length: times * 9 }, (_, index) => meet(index % 3, Math.floor(index / 3) % 3)))
  const signal = ({ ends, said }: Pair) => {
    for (const side of [0, 1] as const) ends[side].send({ type: "signal", data: said[side]++ })
  }
  /** Everything that each has said has come to the other, in order. */
  const expectAllSaid = async ({ ends, said }: Pair) => {
    for (const side of [0, 1] as const) {
      const heard = () =>
        ends[1 - side]?.frames.filter(({ type }) => type === "signal").map(({ data }) => data as number)
      await expect.poll(() => heard()?.length, { timeout: 10_000 }).toBe(said[side])
      expect(heard()).toEqual(Array.from({ length: said[side] }, (_, number) => number))
    }
  }
  const heard = (client: TestClient, type: string) => client.frames.filter((frame) => frame.type === type).length

  const roomOf = async (one: number, other: number) => {
    const host = (await post(`${nodes[one]?.http}/api/rooms`, { name: "Host" })).body
    const code = host.roomCode as string
    const guest = (await post(`${nodes[other]?.http}/api/rooms/${code}/join`, { name: "Guest" })).body
    const ids = [host.self.participantId, guest.self.participantId] as [string, string]
    const attach = async (node: number, participantId: string) => {
      const client = await connect(node)
      client.send({ type: "attach-room", roomCode: code, participantId, channel: "transfer" })
      await client.until("room-attached")
      return client
    }
    const ends = [await attach(one, ids[0]), await attach(other, ids[1])] as const
    await Promise.all(ends.map((end) => end.until("peer-joined")))
    return { code, ids, ends, attach, nodes: [one, other] as const }
  }

  it("one is killed: its people come back to their codes, partners hear of it, and nobody else notices", async () => {
    const pairs = await meetEverywhere(3)
    const rooms = await Promise.all([roomOf(0, 1), roomOf(1, 2), roomOf(2, 0), roomOf(0, 0), roomOf(1, 1)])
    for (let round = 0; round < 20; round++) pairs.forEach(signal)
    const dead = 2
    const marks = [0, 1, 2].map((node) => pairs.find(({ nodes: on }) => on[0] === node)?.ends[0].id.slice(0, 2))
    await nodes[dead]?.kill()

    const untouched = pairs.filter(({ nodes: on }) => !on.includes(dead))
    const bereaved = pairs.filter(({ nodes: on }) => on.includes(dead) && on.some((node) => node !== dead))
    const left = ({ nodes: on }: { readonly nodes: readonly [number, number] }) => (on[0] === dead ? 1 : 0)
    for (let round = 0; round < 20; round++) untouched.forEach(signal)
    await Promise.all(bereaved.map((pair) => pair.ends[left(pair)].until("peer-left")))
    await Promise.all(
      bereaved.map(async (pair) => {
        const again = await connect(left(pair) === 0 ? 1 : 0)
        again.send({ type: "join-flight", flightCode: pair.code })
        const joined = await again.until("peer-joined")
        expect(joined["peer"].id).toBe(pair.ends[left(pair)].id)
        await pair.ends[left(pair)].until("peer-joined")
        again.send({ type: "signal", data: "here again" })
        expect((await pair.ends[left(pair)].until("signal", ({ data }) => data === "here again"))["data"]).toBe(
          "here again"
        )
      })
    )
    for (const room of rooms) {
      const { code, ids, ends, attach } = room
      if (!room.nodes.includes(dead)) {
        expect((await poll(nodes[0] as ServerProcess, code, ids[0])).body).toMatchObject({ status: "paired" })
        continue
      }
      const stays = left(room)
      await ends[stays].until("peer-left")
      await attach(1, ids[1 - stays] as string)
      await ends[stays].until("peer-joined")
    }
    for (let round = 0; round < 20; round++) untouched.forEach(signal)
    await Promise.all(untouched.map(expectAllSaid))
    expect(untouched.flatMap(({ ends }) => ends.map((end) => heard(end, "peer-left")))).toEqual(
      Array(untouched.length * 2).fill(0)
    )
    // Both have seen it break off, and that it is dead, and say so once.
    const said = ({ printed }: ServerProcess, message: string) =>
      [...printed().matchAll(/^\{.*$/gm)].map(([line]) => JSON.parse(line)).filter((line) => line.message === message)
    for (const node of nodes.filter((_, index) => index !== dead)) {
      const ofDead = [{ level: "warn", node: nodes[dead]?.address, mark: marks[dead] }]
      await expect.poll(() => said(node, "cluster:buried")).toMatchObject(ofDead)
      expect(said(node, "cluster:parted")).toMatchObject(ofDead)
    }
    // Whoever comes now finds nothing missing.
    await Promise.all([meet(0, 1), meet(1, 0), meet(0, 0), meet(1, 1)])
  }, 60_000)

  it("one is drained: its clients are told, partners hear of it, no request fails and nobody else notices", async () => {
    const pairs = await meetEverywhere(2)
    const going = 1
    const [stays] = [nodes[0] as ServerProcess]
    const rooms: { code: string; host: string }[] = []
    let isOver = false
    const failed: unknown[] = []
    const asking = (async () => {
      while (!isOver) {
        const made = await post(`${stays.http}/api/rooms`, { name: "Host" })
        if (made.status !== 201) failed.push(made)
        else rooms.push({ code: made.body.roomCode, host: made.body.self.participantId })
      }
    })()
    const code = await nodes[going]?.end("SIGTERM")
    expect(code).toBe(0)
    for (const { ends, nodes: on } of pairs) {
      for (const side of [0, 1] as const) {
        if (on[side] === going) expect(heard(ends[side], "server-shutdown")).toBe(1)
        else if (on[1 - side] === going) await ends[side].until("peer-left")
        else expect(heard(ends[side], "peer-left")).toBe(0)
      }
    }
    isOver = true
    await asking
    expect(failed).toEqual([])
    expect(rooms.length).toBeGreaterThan(0)
    for (const room of rooms) {
      expect((await poll(nodes[2] as ServerProcess, room.code, room.host)).status).toBe(200)
    }
    const untouched = pairs.filter(({ nodes: on }) => !on.includes(going))
    for (let round = 0; round < 20; round++) untouched.forEach(signal)
    await Promise.all(untouched.map(expectAllSaid))
    await Promise.all([meet(0, 2), meet(2, 0), meet(0, 0), meet(2, 2)])
  }, 60_000)

  it("one stands still: partners hear that it has gone, and meet again when it goes on", async () => {
    const pairs = await meetEverywhere(2)
    const frozen = 0
    nodes[frozen]?.child.kill("SIGSTOP")
    const across = pairs.filter(({ nodes: on }) => on.includes(frozen) && on.some((node) => node !== frozen))
    const stays = ({ nodes: on }: Pair) => (on[0] === frozen ? 1 : 0)
    await Promise.all(across.map((pair) => pair.ends[stays(pair)].until("peer-left")))
    await Promise.all([meet(1, 2), meet(2, 1), meet(1, 1), meet(2, 2)])
    nodes[frozen]?.child.kill("SIGCONT")
    await Promise.all(across.map((pair) => pair.ends[stays(pair)].until("peer-joined")))
    for (let round = 0; round < 20; round++) pairs.forEach(signal)
    await Promise.all(pairs.filter(({ nodes: on }) => !on.includes(frozen)).map(expectAllSaid))
    await Promise.all(
      across.map(async ({ ends }) => {
        ends[0].send({ type: "signal", data: "met again" })
        ends[1].send({ type: "signal", data: "met again" })
        await Promise.all(ends.map((end) => end.until("signal", ({ data }) => data === "met again")))
      })
    )
  }, 60_000)

  it("one has stood still: whatever it answers when it goes on is so on all of them", async () => {
    const frozen = 0
    const pairs = await meetEverywhere(1)
    const ours = await Promise.all(Array.from({ length: 20 }, () => connect(frozen)))
    const theirs = await Promise.all(ours.map(() => connect(1)))
    nodes[frozen]?.child.kill("SIGSTOP")
    const across = pairs.filter(({ nodes: on }) => on[0] === frozen && on[1] !== frozen)
    await Promise.all(across.map(({ ends }) => ends[1].until("peer-left")))
    const ownedBy = async ({ http }: ServerProcess) => {
      const metrics = await (await fetch(`${http}/metrics`)).text()
      return Number(/^silktower_cluster_shards{state="open"} (\d+)$/m.exec(metrics)?.[1] ?? 0)
    }
    const others = nodes.slice(1)
    const ownedByOthers = async () => (await Promise.all(others.map(ownedBy))).reduce((sum, owned) => sum + owned)
    await expect.poll(ownedByOthers, { timeout: 30_000 }).toBe(clusterLimits.shards)
    for (const client of ours) client.send({ type: "create-flight" })
    nodes[frozen]?.child.kill("SIGCONT")
    const answerTo = async (client: TestClient, type: string) => {
      const answer = () => client.frames.find((frame) => frame.type === type || frame.type === "error")
      await expect.poll(answer, { timeout: 20_000 }).toBeDefined()
      return answer()
    }
    const answers = await Promise.all(
      ours.map(async (client, index) => {
        const created = await answerTo(client, "flight-created")
        // What was on its way to another one may be lost, and that is said.
        if (created?.type === "error") return "not created"
        const other = theirs[index] as TestClient
        other.send({ type: "join-flight", flightCode: created?.["flightCode"] })
        return (await answerTo(other, "peer-joined"))?.type
      })
    )
    expect(answers).toContain("peer-joined")
    expect(answers).not.toContain("error")
  }, 60_000)
})
