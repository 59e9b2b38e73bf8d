/** What is said to one node is known to the next that is asked, at once: three servers that are one. */
import { expect, it } from "vitest"
import { startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { createRondevu, type Json, offerOn, type Peer, refused, said } from "../offers/peers.ts"
import { createPage, fresh } from "../sessions/pages.ts"

describeOnPostgres("rondevu on three servers that are one", () => {
  const url = useDatabase()
  const clients = useThroughout(
    async () => {
      const cluster = await startCluster(3, { DATABASE_URL: url, RONDEVU_OFFER_MIN_TTL: "1" })
      return {
        cluster,
        rondevus: cluster.nodes.map(({ port }) => createRondevu(() => port)),
        pages: cluster.nodes.map(({ port }) => createPage(() => port))
      }
    },
    async ({ cluster, rondevus, pages }) => {
      for (const { leave } of [...rondevus, ...pages]) leave()
      await cluster.stop()
    }
  )
  const everywhere = [0, 1, 2] as const
  /** A peer, as each node is asked by it. */
  const register = async (): Promise<readonly [Peer, Peer, Peer]> => {
    const peer = await clients.rondevus[0]?.register()
    return everywhere.map((node) => clients.rondevus[node]?.peerOf(peer as Peer)) as unknown as [Peer, Peer, Peer]
  }
  const publish = async (peer: Peer, offer: Json): Promise<string> => (await peer.publish(offer)).json.offers[0].id

  it("let one of nine answers win, and the next poll through any node tells of it", async () => {
    const owner = await register()
    const answerers = await Promise.all(Array.from({ length: 9 }, register))
    for (let round = 0; round < 12; round++) {
      const id = await publish(owner[everywhere[round % 3] as 0], offerOn("raced"))
      // What there was before is remembered by each.
      for (const asked of owner) expect((await asked.answers()).json.answers).toHaveLength(round)
      const replies = await Promise.all(
        answerers.map((answerer, index) => answerer[(index % 3) as 0].answer(id, { sdp: `answer ${index}` }))
      )
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(8).fill(400)])
      const winner = replies.findIndex(({ status }) => status === 200)
      for (const asked of owner) {
        const { answers } = (await asked.answers()).json
        expect(answers).toHaveLength(round + 1)
        expect(answers[0]).toMatchObject({ offerId: id, sdp: `answer ${winner}` })
      }
    }
  })

  it("tell of every candidate through every node, in order, as soon as it is taken", async () => {
    const owner = await register()
    const answerer = await register()
    for (let round = 0; round < 6; round++) {
      const id = await publish(owner[0], offerOn("candidates"))
      expect((await answerer[1].answer(id, { sdp: "a" })).status).toBe(200)
      for (let number = 0; number < 9; number++) {
        expect((await owner[(number % 3) as 0].add(id, [number])).status).toBe(200)
        const { candidates } = (await answerer[((number + 1) % 3) as 0].candidates(id)).json
        expect(candidates.map(({ candidate }: Json) => candidate)).toEqual([...Array(number + 1).keys()])
      }
    }
  })

  it("count and forget at every node what is published and deleted at one", async () => {
    const owner = await register()
    const [stranger] = await register()
    const totals = () =>
      Promise.all(clients.rondevus.map(async (each) => (await each.byTopic("counted")).json.total as number))
    for (const node of everywhere) {
      const id = await publish(owner[node], offerOn("counted"))
      expect(await totals()).toEqual([1, 1, 1])
      expect((await stranger.answer(id, { sdp: "a" })).status).toBe(200)
      for (const asked of owner) expect((await asked.answers()).json.answers).toHaveLength(1)
      expect((await owner[((node + 1) % 3) as 0].remove(id)).status).toBe(200)
      expect(await totals()).toEqual([0, 0, 0])
      for (const asked of owner) {
        expect((await asked.answers()).json.answers).toEqual([])
        expect((await asked.candidates(id)).status).toBe(404)
      }
      expect(said(await stranger.answer(id, { sdp: "b" }))).toEqual(refused(400, "Offer not found or expired"))
    }
  })

  it("tell of the new offer by an id at once, whoever has known the one before it", async () => {
    const owner = await register()
    const answerer = await register()
    for (const node of everywhere) {
      const id = fresh("offer")
      await publish(owner[0], offerOn("again", { id, ttl: 1_500 }))
      expect((await answerer[0].answer(id, { sdp: "old" })).status).toBe(200)
      expect((await owner[1].add(id, ["old"])).status).toBe(200)
      await expect.poll(async () => (await owner[2].candidates(id)).status).toBe(404)
      await publish(owner[node], offerOn("again", { id }))
      for (const asked of owner) expect((await asked.candidates(id)).json.candidates).toEqual([])
      expect((await answerer[((node + 1) % 3) as 0].answer(id, { sdp: "new" })).status).toBe(200)
    }
  })

  it("begin, answer and poll a session through any of them", async () => {
    const { pages } = clients
    for (let round = 0; round < 12; round++) {
      const code = fresh("code")
      const at = (turn: number) => pages[(round + turn) % 3] as (typeof pages)[number]
      // Somebody looks for it before it is there.
      expect((await at(2).poll(code, "answerer")).status).toBe(404)
      expect((await at(0).offer("meeting", { code })).status).toBe(200)
      for (const page of pages) expect((await page.poll(code, "offerer")).status).toBe(200)
      const replies = await Promise.all(everywhere.map((turn) => at(turn).answer(code, `answer ${turn}`)))
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
      const answer = `answer ${replies.findIndex(({ status }) => status === 200)}`
      for (let number = 0; number < 6; number++) {
        expect((await at(number).add(code, "answerer", `${number}`)).status).toBe(200)
        expect((await at(number + 1).poll(code, "offerer")).json).toMatchObject({
          answer,
          answerCandidates: Array.from({ length: number + 1 }, (_, index) => `${index}`)
        })
      }
    }
  })
})
