import { addressOf, BenchSocket, encodeText, openAll, serverFrameBytes } from "../benchSocket.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"
import { idleMemoryOf } from "./connections.ts"
import { type Direction, openPairs, relayOf } from "./relay.ts"

const pairCount = 50
const frameBytes = 800
const crowd = 1_000
/** Peers of one space that say nothing. */
const together = 10
/** Logins into the crowd that are measured at a time; they go again. */
const newcomers = 50

/** Logged in, and told so. */
const openPeer = async (port: number, index: number, name: string, space: string): Promise<BenchSocket> => {
  const socket = await BenchSocket.open(port, addressOf(index), `/named-peers?space=${space}`)
  socket.send(JSON.stringify({ type: "login", name }))
  await socket.next("login_success")
  return socket
}

/** From one to the other, each called by its name. */
const direction = (from: readonly [BenchSocket, string], to: readonly [BenchSocket, string]): Direction => {
  const [[sender, own], [receiver, target]] = [from, to]
  const message = (sdp: string) => JSON.stringify({ type: "offer", target, offer: { type: "offer", sdp } })
  const text = message("v".repeat(frameBytes - message("").length))
  const frame = encodeText(text)
  const signed = JSON.stringify({ ...JSON.parse(text), from: own })
  return { from: sender, to: receiver, frameAt: () => frame, bytesOfOne: serverFrameBytes(signed.length) }
}

const openPair = async ({ port }: Server, index: number): Promise<readonly [Direction, Direction]> => {
  const open = async (name: string, at: number) =>
    [await openPeer(port, index * 2 + at, name, `pair-${index}`), name] as const
  const [nantes, paris] = [await open("nantes", 0), await open("paris", 1)]
  return [direction(nantes, paris), direction(paris, nantes)]
}

/** Of two that know each other, and of some that are together and say nothing. */
export const namedPeers = async (setting: Setting): Promise<readonly Figure[]> => [
  await withBoth(setting, async (silktower, bare) => {
    const open = (server: Server) => openPairs(pairCount, (index) => openPair(server, index))
    const name = `named peers: relay of ${frameBytes}-byte offers, ${pairCount} pairs, saturated`
    return relayOf(setting, name, [silktower, bare], [await open(silktower), await open(bare)])
  }),
  await idleMemoryOf(
    setting,
    `named peers: resident memory of an idle connection, spaces of ${together}`,
    (port, first, count) =>
      openAll(count, (index) =>
        openPeer(port, first + index, `peer-${index}`, `space-${first + Math.floor(index / together)}`)
      )
  )
]

/** Coming into a space of a thousand, and going again: everybody there is told of both. */
export const login = async (setting: Setting): Promise<readonly Figure[]> => {
  const start: Setting["start"] = (kind, environment) =>
    setting.start(kind, { ...environment, NAMED_PEERS_MAX: "2000" })
  return withBoth({ ...setting, start }, async (silktower, bare) => {
    const fill = async (server: Server) => {
      const peers = await openAll(crowd, (index) => openPeer(server.port, index, `peer-${index}`, "crowd"))
      // Nobody reads what they are told, but that it comes.
      for (const peer of peers) peer.follow(() => {})
      let next = 0
      return async () => {
        const first = next
        next += newcomers
        const arrived = await openAll(newcomers, (index) =>
          openPeer(server.port, crowd + ((first + index) % 50_000), `newcomer-${first + index}`, "crowd")
        )
        await Promise.all(arrived.map((peer) => peer.close()))
      }
    }
    const [ours, theirs] = [await fill(silktower), await fill(bare)]
    const rounds = await takeTurns(
      setting.size.rounds,
      async () => (await cpuOf(silktower, ours)) / newcomers,
      async () => (await cpuOf(bare, theirs)) / newcomers
    )
    const name = `named peers: a login into a space of ${crowd.toLocaleString("en")}, and the going`
    return [compare(name, "µs CPU a login", "ratio", undefined, rounds)]
  })
}
