import { fileURLToPath } from "node:url"
import { addressOf, BenchSocket } from "../benchSocket.ts"
// @ts-expect-error: it is for bare JavaScript as well
import { capabilities, dtlsParameters, rtpParametersOf } from "../mediaFrames.js"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import type { Setting } from "../setting.ts"

/** In a turn, each in the room of somebody who is there already and sends nothing. */
const participants = 200
/** Of each of its own two producers. */
const consumers = 4
const aim = 3

/** A server whose engine answers at once, so that what is measured is the signaling. */
const environment = {
  SFU_PATH: "/sfu",
  NODE_OPTIONS: `--import ${fileURLToPath(new URL("../stubbedEngine.js", import.meta.url))}`
}

interface Person {
  readonly socket: BenchSocket
  readonly roomId: string
  /** Who was in the room before. */
  readonly host?: BenchSocket
}

const enter = async ({ port }: Server, index: number, userId: string, roomId: string): Promise<BenchSocket> => {
  const answer = await fetch(`http://127.0.0.1:${port}/sfu/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": addressOf(index) },
    body: JSON.stringify({ userId, userName: userId, roomId })
  })
  const { token } = (await answer.json()) as { token: string }
  return BenchSocket.open(port, addressOf(index), `/sfu?token=${token}`)
}

const openParticipant = async (server: Server, index: number): Promise<Person> => {
  const roomId = `room ${index}`
  const host = await enter(server, index, `host-${index}`, roomId)
  host.send(JSON.stringify({ type: "join-room", data: { roomId }, requestId: "k3j9x0q1z" }))
  await host.next("response")
  return { socket: await enter(server, index, `user-${index}`, roomId), roomId, host }
}

const openBare = async ({ port }: Server, index: number): Promise<Person> => ({
  socket: await BenchSocket.open(port, addressOf(index), "/sfu"),
  roomId: `room ${index}`
})

/** What the known client asks from its coming on, one after the other; answers with how many requests that were. */
const session = async ({ socket, roomId }: Person): Promise<number> => {
  let requests = 0
  const ask = async (type: string, data: object): Promise<any> => {
    requests++
    socket.send(JSON.stringify({ type, data, requestId: "k3j9x0q1z" }))
    return JSON.parse(await socket.next("response")).data
  }
  await ask("join-room", { roomId })
  const [up, down] = [await ask("create-transport", {}), await ask("create-transport", {})].map(
    ({ params }) => params.id
  )
  for (const transportId of [up, down]) await ask("connect-transport", { transportId, dtlsParameters })
  for (const kind of ["audio", "video"]) {
    const { id } = await ask("produce", { transportId: up, kind, rtpParameters: rtpParametersOf(kind) })
    for (let count = 0; count < consumers; count++) {
      const consumer = { transportId: down, producerId: id, rtpCapabilities: capabilities }
      const { params } = await ask("consume", consumer)
      await ask("resume-consumer", { consumerId: params.id })
    }
  }
  return requests
}

/** What a request costs beside a server that reads the same JSON and answers with the same. */
export const sfu = async (setting: Setting): Promise<readonly Figure[]> => {
  const [silktower, bare] = [await setting.start("silktower", environment), await setting.start("bare")]
  let came = 0
  /** Whoever comes is let in before the clock runs, and goes behind it. */
  const cpu = async (server: Server, open: (server: Server, index: number) => Promise<Person>): Promise<number> => {
    const people = await Promise.all(Array.from({ length: participants }, () => open(server, came++)))
    let requests = 0
    const spent = await cpuOf(server, async () => {
      for (const asked of await Promise.all(people.map(session))) requests += asked
    })
    await Promise.all(people.flatMap(({ socket, host }) => [socket.close(), host?.close()]))
    return spent / requests
  }
  try {
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower, openParticipant),
      () => cpu(bare, openBare)
    )
    return [compare("SFU: requests of the known client, the engine stubbed", "µs CPU a request", "ratio", aim, rounds)]
  } finally {
    await Promise.all([silktower.stop(), bare.stop()])
  }
}
