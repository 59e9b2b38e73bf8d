import { randomUUID } from "node:crypto"
import { openKeptAlive, requestOf, share } from "../benchRequests.ts"
import { addressOf, BenchSocket, encodeText, openAll, serverFrameBytes } from "../benchSocket.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"
import { idleMemoryOf } from "./connections.ts"
import { type Direction, openPairs, relayOf } from "./relay.ts"

const roomCount = 50
const frameBytes = 800
const connectionCount = 32

const empty = JSON.stringify({ type: "offer", sdp: { type: "offer", sdp: "" } })
const offer = JSON.stringify({ type: "offer", sdp: { type: "offer", sdp: "v".repeat(frameBytes - empty.length) } })
const frame = encodeText(offer)

const target = (appId: string, side: "A" | "B") => `/noisytransfer/ws?appID=${appId}&side=${side}`

const openRoom = async ({ port }: Server, index: number): Promise<readonly [Direction, Direction]> => {
  const appId = randomUUID()
  const a = await BenchSocket.open(port, addressOf(index * 2), target(appId, "A"))
  const b = await BenchSocket.open(port, addressOf(index * 2 + 1), target(appId, "B"))
  await Promise.all([a.next("room_full"), b.next("room_full")])
  const each = { frameAt: () => frame, bytesOfOne: serverFrameBytes(frameBytes) }
  return [
    { from: a, to: b, ...each },
    { from: b, to: a, ...each }
  ]
}

/** Of both sides, and of connections that are together and say nothing. */
export const noisyTransfer = async (setting: Setting): Promise<readonly Figure[]> => [
  await withBoth(setting, async (silktower, bare) => {
    const open = (server: Server) => openPairs(roomCount, (index) => openRoom(server, index))
    const name = `NoisyTransfer: relay of ${frameBytes}-byte offers, ${roomCount} rooms, saturated`
    return relayOf(setting, name, [silktower, bare], [await open(silktower), await open(bare)])
  }),
  await idleMemoryOf(
    setting,
    "NoisyTransfer: resident memory of an idle connection, rooms of two",
    (port, first, count) => {
      const rooms = Array.from({ length: Math.ceil(count / 2) }, () => randomUUID())
      return openAll(count, (index) => {
        const place = target(rooms[index >> 1] as string, index % 2 === 0 ? "A" : "B")
        return BenchSocket.open(port, addressOf(first + index), place)
      })
    }
  )
]

/** A code that is minted and redeemed. */
export const rendezvous = async (setting: Setting): Promise<readonly Figure[]> => {
  if (setting.database === "embedded") return []
  const unlimited = { NOISYTRANSFER_CODES_PER_MINUTE: "0", NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "0" }
  const start: Setting["start"] = (kind, environment) => setting.start(kind, { ...environment, ...unlimited })
  return withBoth({ ...setting, start }, async (silktower, bare) => {
    const count = setting.size.rooms
    const meet = async (server: Server) => {
      const connections = await Promise.all(Array.from({ length: connectionCount }, () => openKeptAlive(server.port)))
      const mint = requestOf(server.port, "/noisytransfer/rendezvous/code", {})
      return () =>
        share(connections, count, async (connection) => {
          const { code } = JSON.parse(await connection.ask(mint)) as { code: string }
          await connection.ask(requestOf(server.port, "/noisytransfer/rendezvous/redeem", { code }))
        })
    }
    const [ours, theirs] = [await meet(silktower), await meet(bare)]
    const rounds = await takeTurns(
      setting.size.rounds,
      async () => (await cpuOf(silktower, ours, { mayClientsSleep: true })) / count,
      async () => (await cpuOf(bare, theirs, { mayClientsSleep: true })) / count
    )
    return [compare("NoisyTransfer: minting and redeeming a code", "µs CPU a code", "ratio", undefined, rounds)]
  })
}
