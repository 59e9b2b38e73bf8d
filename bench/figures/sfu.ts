import { fileURLToPath } from "node:url"
import { addressOf, BenchSocket, encodeText } from "../benchSocket.ts"
import type { Figure } from "../rounds.ts"
import type { Server } from "../servers.ts"
import type { Setting } from "../setting.ts"
import { type Direction, relayOf } from "./relay.ts"

const participants = 50
/** Of one room. */
const together = 5
const aim = 3

/** A server whose engine answers at once, so that what is measured is the signaling. */
const environment = {
  SFU_PATH: "/sfu",
  NODE_OPTIONS: `--import ${fileURLToPath(new URL("../stubbedEngine.js", import.meta.url))}`
}

const ask = async (socket: BenchSocket, type: string, data: object): Promise<any> => {
  socket.send(JSON.stringify({ type, data, requestId: "k3j9x0q1z" }))
  return JSON.parse(await socket.next("response")).data
}

/** Of a frame that a server sends, of up to 125 bytes of payload. */
const bytesOf = (text: string): number => 2 + text.length

/** Requests to the server, and its answers: of the shortest, so that all else weighs most. */
const asking = (socket: BenchSocket, consumerId: string): Direction => {
  const requestId = "k3j9x0q1z"
  const frame = encodeText(JSON.stringify({ type: "resume-consumer", data: { consumerId }, requestId }))
  const answer = JSON.stringify({ type: "response", requestId, data: { success: true } })
  return { from: socket, to: socket, frameAt: () => frame, bytesOfOne: bytesOf(answer) }
}

const openParticipant = async ({ port }: Server, index: number): Promise<Direction> => {
  const roomId = `room ${Math.floor(index / together)}`
  const person = { userId: `user-${index}`, userName: `User ${index}`, roomId }
  const answer = await fetch(`http://127.0.0.1:${port}/sfu/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": addressOf(index) },
    body: JSON.stringify(person)
  })
  const { token } = (await answer.json()) as { token: string }
  const socket = await BenchSocket.open(port, addressOf(index), `/sfu?token=${token}`)
  await ask(socket, "join-room", { roomId })
  const [up, down] = [await ask(socket, "create-transport", {}), await ask(socket, "create-transport", {})]
  const rtpParameters = { codecs: [] }
  const { id } = await ask(socket, "produce", { transportId: up.params.id, kind: "audio", rtpParameters })
  const consumer = { transportId: down.params.id, producerId: id, rtpCapabilities: { codecs: [] } }
  return asking(socket, (await ask(socket, "consume", consumer)).params.id)
}

/** The bare server answers whoever came by this path. */
const openBare = async ({ port }: Server, index: number): Promise<Direction> =>
  asking(await BenchSocket.open(port, addressOf(index), "/sfu"), "00000000-0000-4000-8000-000000000000")

/** What a request costs beside a server that reads the same JSON and answers with as much. */
export const sfu = async (setting: Setting): Promise<readonly Figure[]> => {
  const [silktower, bare] = [await setting.start("silktower", environment), await setting.start("bare")]
  try {
    const open = (server: Server, one: (server: Server, index: number) => Promise<Direction>) =>
      Promise.all(Array.from({ length: participants }, (_, index) => one(server, index)))
    const name = `SFU: requests of ${participants} participants, the engine stubbed, saturated`
    const opened = [await open(silktower, openParticipant), await open(bare, openBare)] as const
    return [await relayOf(setting, name, [silktower, bare], opened, { unit: "µs CPU a request", aim })]
  } finally {
    await Promise.all([silktower.stop(), bare.stop()])
  }
}
