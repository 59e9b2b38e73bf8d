import { randomBytes } from "node:crypto"
import { createCredentials } from "../../src/io/rondevu/offers/credentials.ts"
import { type KeptAlive, openKeptAlive, requestOf, share } from "../benchRequests.ts"
import { addressOf } from "../benchSocket.ts"
import { compare, compareMedians, type Figure, quantile, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"

const connectionCount = 32
const base = "/rondevu"
/** Each peer polls as often as it may without spending its budget. */
const pollingPeers = 1_000
const offersOfPeer = 100
const searches = 1_000
const topicSize = 10_000
/** Offers of the topic whose searches everybody else is measured beside. */
const crowdSize = 100_000
const probes = 2_000

const key = randomBytes(32)
const credentials = createCredentials([key])
const environment = { RONDEVU_AUTH_SECRET: key.toString("hex") }

interface Peer {
  readonly peerId: string
  readonly headers: readonly string[]
}

/** Of an address of its own, as clients are. */
const newPeer = (index: number): Peer => {
  const { peerId, secret } = credentials.issue()
  return { peerId, headers: [`Authorization: Bearer ${peerId}:${secret}`, `X-Forwarded-For: ${addressOf(index)}`] }
}
const from = (index: number): readonly string[] => [`X-Forwarded-For: ${addressOf(index)}`]

const open = ({ port }: Server): Promise<KeptAlive[]> =>
  Promise.all(Array.from({ length: connectionCount }, () => openKeptAlive(port)))

const withKey = (setting: Setting): Setting => ({
  ...setting,
  start: (kind, more) => setting.start(kind, { ...more, ...(kind === "silktower" ? environment : {}) })
})

const sdp = (name: string) => `${name} `.padEnd(250, "v")

/** Offers of so many peers, each answered and with two candidates for its owner; the polls of both kinds of each owner. */
const openOffers = async ({ port }: Server, connections: readonly KeptAlive[]) => {
  const polls: { readonly answers: Buffer; readonly candidates: Buffer }[] = []
  await share(connections, pollingPeers, async (connection, index) => {
    const [owner, answerer] = [newPeer(index * 2), newPeer(index * 2 + 1)]
    const offers = [{ sdp: sdp(`offer ${index}`), topics: ["bench"], ttl: 3_600_000 }]
    const published = await connection.ask(requestOf(port, `${base}/offers`, { offers }, owner.headers))
    const path = `${base}/offers/${JSON.parse(published).offers[0].id}`
    await connection.ask(requestOf(port, `${path}/answer`, { sdp: sdp("answer") }, answerer.headers))
    const candidates = ["one".repeat(20), "two".repeat(20)]
    await connection.ask(requestOf(port, `${path}/ice-candidates`, { candidates }, answerer.headers))
    // From one address, as all other polls are measured.
    const headers = owner.headers.slice(0, 1)
    polls.push({
      answers: requestOf(port, `${base}/offers/answers`, undefined, headers),
      candidates: requestOf(port, `${path}/ice-candidates?since=1`, undefined, headers)
    })
  })
  return polls
}

/** Against a bare server that answers at once. */
export const offerPolls = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(withKey(setting), async (silktower, bare) => {
    const [ours, theirs] = [await open(silktower), await open(bare)]
    const polls = await openOffers(silktower, ours)
    const fixed = requestOf(bare.port, "/rondevu/offers/answers", undefined, newPeer(1).headers.slice(0, 1))
    const count = setting.size.polls
    const cpu = async (server: Server, connections: readonly KeptAlive[], requestAt: (index: number) => Buffer) =>
      (await cpuOf(server, () => share(connections, count, (each, index) => each.ask(requestAt(index))))) / count
    const figureOf = async (name: string, of: "answers" | "candidates") => {
      const rounds = await takeTurns(
        setting.size.rounds,
        () => cpu(silktower, ours, (index) => polls[index % polls.length]?.[of] as Buffer),
        () => cpu(bare, theirs, () => fixed)
      )
      return compare(`rondevu: poll of ${name}, ${setting.database}`, "µs CPU a request", "ratio", 2.5, rounds)
    }
    return [await figureOf("answers", "answers"), await figureOf("candidates", "candidates")]
  })

/** Publishes so many offers on one topic, each peer as many as a request takes. */
const fill = (server: Server, connections: readonly KeptAlive[], offers: number) =>
  share(connections, offers / offersOfPeer, async (connection, index) => {
    const given = Array.from({ length: offersOfPeer }, (_, each) => ({
      sdp: sdp(`offer ${index} ${each}`),
      topics: ["crowd"],
      ttl: 3_600_000
    }))
    const { headers } = newPeer(index)
    await connection.ask(requestOf(server.port, `${base}/offers`, { offers: given }, headers))
  })

/** Against a bare server that asks its database for as many rows by an index, and writes them as JSON. */
export const offerSearch = async (setting: Setting): Promise<readonly Figure[]> => {
  if (setting.database === "embedded") return []
  return withBoth(withKey(setting), async (silktower, bare) => {
    const [ours, theirs] = [await open(silktower), await open(bare)]
    await fill(silktower, ours, topicSize)
    await (theirs[0] as KeptAlive).ask(requestOf(bare.port, "/rondevu/fill", {}))
    const asked = Array.from({ length: searches }, (_, index) =>
      requestOf(silktower.port, `${base}/offers/by-topic/crowd`, undefined, from(index))
    )
    const bareSearch = requestOf(bare.port, "/rondevu/search", {})
    const cpu = async (server: Server, connections: readonly KeptAlive[], requestAt: (index: number) => Buffer) =>
      (await cpuOf(server, () => share(connections, searches, (each, index) => each.ask(requestAt(index))), {
        mayClientsSleep: true
      })) / searches
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower, ours, (index) => asked[index] as Buffer),
      () => cpu(bare, theirs, () => bareSearch)
    )
    const name = `rondevu: search of a topic of ${topicSize.toLocaleString("en")} offers`
    return [compare(name, "µs CPU a search", "ratio", 5, rounds)]
  })
}

/** What everybody else waits while somebody searches a huge topic with a filter that leaves out everybody. */
export const offerCrowd = async (setting: Setting): Promise<readonly Figure[]> => {
  const silktower = await withKey(setting).start("silktower")
  try {
    const connections = await open(silktower)
    await fill(silktower, connections, crowdSize)
    const filter = encodeURIComponent(Buffer.alloc(1024, 255).toString("base64"))
    const searcher = await openKeptAlive(silktower.port)
    const [probe] = connections as [KeptAlive]
    let searchesAsked = 0
    let isSearching = false
    const search = async () => {
      while (isSearching) {
        const path = `${base}/offers/by-topic/crowd?bloom=${filter}`
        await searcher.ask(requestOf(silktower.port, path, undefined, from(searchesAsked++)))
      }
    }
    const ninetyNinth = async () => {
      const waits: number[] = []
      for (let index = 0; index < probes; index++) {
        const peer = newPeer(index)
        const asked = performance.now()
        await probe.ask(requestOf(silktower.port, `${base}/health`, undefined, peer.headers.slice(1)))
        waits.push(performance.now() - asked)
      }
      return quantile(waits, 0.99)
    }
    const rounds = await takeTurns(
      setting.size.rounds,
      async () => {
        isSearching = true
        const searched = search()
        const wait = await ninetyNinth()
        isSearching = false
        await searched
        return wait
      },
      ninetyNinth
    )
    const name = `rondevu: others' requests, 99 of 100, while ${crowdSize.toLocaleString("en")} offers are searched with a filter, ${setting.database}`
    return [compareMedians(name, "ms", 2, rounds)]
  } finally {
    await silktower.stop()
  }
}
