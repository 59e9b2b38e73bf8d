/** What has been answered is there: after a kill, for another process, and until its time is over. */
import { expect, it, onTestFinished } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { type ServerProcess, startProcess } from "../../../support/process.ts"
import { useWay } from "../../../support/standIns/way.ts"
import { serverForThisTest } from "../../../support/useServer.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { createRondevu, type Json, offerOn, type Peer, type Reply, type Rondevu, refused, said } from "./peers.ts"

const kills = 3
const portOf = ({ http }: Pick<ServerProcess, "http">) => Number(new URL(http).port)
const rondevuAt = (port: number): Rondevu => {
  const rondevu = createRondevu(() => port)
  onTestFinished(rondevu.leave)
  return rondevu
}
const candidatesIn = ({ json }: Reply): readonly Json[] => json.candidates.map(({ candidate }: Json) => candidate)
const timesIn = ({ json }: Reply): readonly number[] => json.candidates.map(({ createdAt }: Json) => createdAt)
const risesStrictly = (times: readonly number[]) =>
  expect(times).toEqual([...new Set(times)].toSorted((one, other) => one - other))

/** What one lane of load has been answered, and what it has sent last without hearing. */
interface Told {
  readonly offers: Map<string, { answer: string | null; readonly candidates: string[]; sent: number }>
  readonly deleted: Set<string>
  /** The change that may have been made or not. */
  unheard: string | null
}

describeOnPostgres("offers that are kept", () => {
  const databaseUrl = useDatabase()
  const way = useWay(databaseUrl)

  /** Publishes, answers, adds candidates and deletes, one after the other, until the server is gone. */
  const load = async (owner: Peer, answerer: Peer, told: Told): Promise<void> => {
    const heard = async (change: string, reply: Promise<Reply>): Promise<Reply> => {
      told.unheard = change
      const { status, ...rest } = await reply
      expect(status).toBe(200)
      told.unheard = null
      return { status, ...rest }
    }
    for (let number = 0; ; number++) {
      const { id } = (await heard("publish", owner.publish(offerOn("killed", { ttl: 600_000 })))).json.offers[0]
      const offer = { answer: null as string | null, candidates: [] as string[], sent: 0 }
      told.offers.set(id, offer)
      for (let post = 0; post < 3; post++) {
        const candidates = [`${number} ${post} a`, `${number} ${post} b`]
        offer.sent += candidates.length
        await heard(`add ${id}`, owner.add(id, candidates))
        offer.candidates.push(...candidates)
      }
      if (number % 3 === 0) continue
      await heard(`answer ${id}`, answerer.answer(id, { sdp: `answer ${number}` }))
      offer.answer = `answer ${number}`
      if (number % 3 === 1) continue
      await heard(`delete ${id}`, owner.remove(id))
      told.offers.delete(id)
      told.deleted.add(id)
    }
  }

  it("lose nothing that was answered when the server is killed, and know their peers again", async () => {
    let server = await startProcess({ DATABASE_URL: databaseUrl })
    onTestFinished(() => server.kill())
    const rondevu = createRondevu(() => portOf(server))
    onTestFinished(rondevu.leave)
    const lanes = await Promise.all(
      Array.from({ length: 4 }, async () => ({
        owner: await rondevu.register(),
        answerer: await rondevu.register(),
        told: { offers: new Map(), deleted: new Set(), unheard: null } as Told
      }))
    )
    const deleted = () => lanes.reduce((sum, { told }) => sum + told.deleted.size, 0)

    for (let round = 0; round < kills; round++) {
      const before = deleted()
      const loads = lanes.map(async ({ owner, answerer, told }) => {
        // The connection breaks with the server; an answer that is no 200 is a fault of it.
        await load(owner, answerer, told).catch((error) => expect(String(error)).toMatch(/ECONN|hang up|aborted/))
      })
      await expect.poll(() => deleted() - before, { timeout: 20_000, interval: 5 }).toBeGreaterThan(10)
      await server.kill()
      await Promise.all(loads)
      server = await startProcess({ DATABASE_URL: databaseUrl })

      for (const { owner, answerer, told } of lanes) {
        // Credentials that the first server has given.
        const mine: readonly Json[] = (await owner.mine()).json.offers
        const listed = new Map(mine.map((offer) => [offer.id, offer]))
        const answers: readonly Json[] = (await owner.answers()).json.answers
        const isUnheard = (change: string) => told.unheard === change
        for (const [id, { answer, candidates, sent }] of told.offers) {
          if (isUnheard(`delete ${id}`) && !listed.has(id)) continue
          const stored = listed.get(id)
          expect(stored).toBeDefined()
          const given = answers.find(({ offerId }) => offerId === id)
          if (answer !== null) {
            expect(given).toMatchObject({ answererId: answerer.peerId, sdp: answer, answeredAt: stored.answeredAt })
          } else if (!isUnheard(`answer ${id}`)) expect(given).toBeUndefined()
          // Nobody else may read them.
          if (given === undefined) expect((await answerer.answer(id, { sdp: "afterwards" })).status).toBe(200)
          const kept = await answerer.candidates(id)
          expect(candidatesIn(kept).slice(0, candidates.length)).toEqual(candidates)
          expect(candidatesIn(kept).length).toBeLessThanOrEqual(sent)
          risesStrictly(timesIn(kept))
        }
        for (const id of told.deleted) expect(listed.has(id)).toBe(false)
        const unknown = mine.filter(({ id }) => !told.offers.has(id))
        expect(unknown.length).toBeLessThanOrEqual(isUnheard("publish") ? 1 : 0)
        // The next round begins with what this one has told; of 200 offers none is left in the way.
        for (const { id } of mine) {
          expect((await owner.remove(id)).status).toBe(200)
          told.deleted.add(id)
        }
        told.offers.clear()
        told.unheard = null
      }
    }
  }, 120_000)

  it("are removed when they have expired, with their topics and candidates", async () => {
    const server = await serverForThisTest({
      DATABASE_URL: databaseUrl,
      RONDEVU_OFFER_MIN_TTL: "1",
      RONDEVU_CLEANUP_INTERVAL: "1000"
    })
    const rondevu = rondevuAt(server.port)
    const [owner, answerer] = [await rondevu.register(), await rondevu.register()]
    const published = (await owner.publish(offerOn("ends", { ttl: 1_000 }))).json.offers[0]
    const { id, expiresAt } = published
    expect((await answerer.answer(id, { sdp: "in time" })).status).toBe(200)
    expect((await owner.add(id, ["one"])).status).toBe(200)
    const left = () =>
      withClient(databaseUrl, async (client) => {
        const { rows } = await client.query(
          `select (select count(*)::int from rondevu_offers where id = $1) as offers,
            (select count(*)::int from rondevu_topics where offer_id = $1) as topics,
            (select count(*)::int from rondevu_candidates where offer_id = $1) as candidates`,
          [id]
        )
        return rows[0]
      })
    expect(await left()).toEqual({ offers: 1, topics: 1, candidates: 1 })
    // Polled without a pause, so that it is in use and known.
    await expect.poll(async () => (await answerer.candidates(id)).status, { timeout: 3_000, interval: 5 }).toBe(404)
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt)
    expect((await owner.answers()).json.answers).toEqual([])
    expect((await owner.mine()).json.offers).toEqual([])
    expect((await rondevu.byTopic("ends")).json).toEqual({ topic: "ends", offers: [], total: 0, returned: 0 })
    expect((await rondevu.get("/topics?startsWith=ends")).json.topics).toEqual([])
    expect(said(await answerer.answer(id, { sdp: "late" }))).toEqual(refused(400, "Offer not found or expired"))
    expect(said(await owner.remove(id))).toEqual(refused(404, "Offer not found or not authorized"))
    await expect.poll(left, { timeout: 6_000 }).toEqual({ offers: 0, topics: 0, candidates: 0 })
  }, 30_000)

  it("say that the service is unavailable while the database is away, and have changed nothing", async () => {
    const rondevu = rondevuAt((await serverForThisTest({ DATABASE_URL: way.url })).port)
    const [owner, answerer] = [await rondevu.register(), await rondevu.register()]
    const { id } = (await owner.publish(offerOn("away"))).json.offers[0]
    expect((await owner.add(id, ["first"])).status).toBe(200)
    way.cut()
    for (const reply of [
      await answerer.answer(id, { sdp: "lost" }),
      await owner.add(id, ["lost"]),
      await owner.publish(offerOn("away")),
      await owner.remove(id),
      await owner.mine(),
      await rondevu.byTopic("away"),
      await rondevu.get("/topics"),
      await owner.candidates("somebody's")
    ]) {
      expect(said(reply)).toEqual(refused(503, "Service temporarily unavailable"))
      expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0)
    }
    way.mend()
    const answered = async () => (await answerer.answer(id, { sdp: "kept" })).status
    await expect.poll(answered, { timeout: 10_000 }).toBe(200)
    expect(candidatesIn(await answerer.candidates(id))).toEqual(["first"])
    expect((await owner.answers()).json.answers).toMatchObject([{ offerId: id, sdp: "kept" }])
    expect((await rondevu.byTopic("away")).json.total).toBe(1)
  }, 60_000)
})

describeOnPostgres("offers of two processes on one database", () => {
  const databaseUrl = useDatabase()
  // At the same moment, on a database that has no key yet.
  const processes = useThroughout(
    async () => {
      const [one, other] = await Promise.all([
        startProcess({ DATABASE_URL: databaseUrl }),
        startProcess({ DATABASE_URL: databaseUrl })
      ])
      return { one, other }
    },
    async ({ one, other }) => {
      await Promise.all([one.kill(), other.kill()])
    }
  )
  /** Both, and a peer that is known to both. */
  const both = () => {
    const [one, other] = [rondevuAt(portOf(processes.one)), rondevuAt(portOf(processes.other))]
    const register = async () => {
      const peer = await one.register()
      return [peer, other.peerOf(peer)] as const
    }
    return { one, other, register }
  }
  const soon = { timeout: 3_000, interval: 20 }

  it("know each other's peers", async () => {
    const { one, other } = both()
    for (const [maker, reader] of [
      [one, other],
      [other, one]
    ] as const) {
      const peer = await maker.register()
      expect(said(await reader.peerOf(peer).mine())).toEqual([200, { peerId: peer.peerId, offers: [] }])
    }
  })

  it("hear one of eight answers, whichever process is asked", async () => {
    const { register } = both()
    const [owner, ownerThere] = await register()
    const peers = await Promise.all(Array.from({ length: 8 }, register))
    for (let round = 0; round < 10; round++) {
      const { id } = (await owner.publish(offerOn("raced"))).json.offers[0]
      // In use in both.
      await Promise.all([owner, ownerThere].map((each) => each.candidates(id)))
      const replies = await Promise.all(
        peers.map(([here, there], index) => (index % 2 === 0 ? here : there).answer(id, { sdp: `answer ${index}` }))
      )
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(400)])
      for (const reply of replies.filter(({ status }) => status === 400)) {
        expect(said(reply)).toEqual(refused(400, "Offer already answered"))
      }
      const winner = replies.findIndex(({ status }) => status === 200)
      const { offerId, ...heard } = replies.find(({ status }) => status === 200)?.json ?? {}
      expect(offerId).toBe(id)
      const expected = { ...heard, sdp: `answer ${winner}` }
      for (const each of [owner, ownerThere]) {
        const told = async () => (await each.answers()).json.answers.find(({ offerId }: Json) => offerId === id)
        await expect.poll(told, soon).toMatchObject(expected)
      }
    }
  }, 60_000)

  it("lose no candidate, and give each a later time than the one before it", async () => {
    const { register } = both()
    const [owner, ownerThere] = await register()
    const [answerer, answererThere] = await register()
    const { id } = (await owner.publish(offerOn("raced"))).json.offers[0]
    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    await expect.poll(async () => (await answererThere.candidates(id)).status, soon).toBe(200)
    const posts = Array.from({ length: 60 }, (_, post) => [`${post} a`, `${post} b`])
    const replies = await Promise.all(
      posts.flatMap((candidates, index) => {
        const [mine, theirs] = index % 2 === 0 ? [owner, answererThere] : [ownerThere, answerer]
        return [mine.add(id, candidates), theirs.add(id, candidates)]
      })
    )
    expect(replies.filter(({ status }) => status !== 200)).toEqual([])
    for (const [mine, theirs] of [
      [owner, answerer],
      [ownerThere, answererThere]
    ] as const) {
      await expect.poll(async () => candidatesIn(await mine.candidates(id)).length, soon).toBe(120)
      const [ofAnswerer, ofOwner] = [await mine.candidates(id), await theirs.candidates(id)]
      for (const side of [ofAnswerer, ofOwner]) {
        risesStrictly(timesIn(side))
        expect(candidatesIn(side).toSorted()).toEqual(posts.flat().toSorted())
        // Those of one post stay together.
        expect(candidatesIn(side).filter((_, index) => index % 2 === 0)).toEqual(
          expect.arrayContaining(posts.map(([first]) => first))
        )
      }
      expect(new Set([...timesIn(ofAnswerer), ...timesIn(ofOwner)]).size).toBe(240)
    }
    expect((await owner.candidates(id)).json).toEqual((await ownerThere.candidates(id)).json)
  }, 60_000)

  it("give whoever polls the one every candidate that the other takes, by `since`", async () => {
    const { register } = both()
    const [owner, ownerThere] = await register()
    const [answerer] = await register()
    const { id } = (await owner.publish(offerOn("followed"))).json.offers[0]
    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    const seen: Json[] = []
    let since = 0
    const poll = async () => {
      for (const { candidate, createdAt } of (await answerer.candidates(id, `?since=${since}`)).json.candidates) {
        seen.push(candidate)
        since = createdAt
      }
      return seen.length
    }
    const posting = Promise.all(
      Array.from({ length: 40 }, (_, number) => (number % 2 === 0 ? owner : ownerThere).add(id, [number]))
    )
    await expect.poll(poll, { timeout: 6_000, interval: 20 }).toBe(40)
    expect((await posting).every(({ status }) => status === 200)).toBe(true)
    expect(seen.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 40 }, (_, number) => number))
  }, 30_000)

  it("show what the other has written: offers at once, changes of what is in use soon", async () => {
    const { one, other, register } = both()
    const [owner, ownerThere] = await register()
    const [answerer, answererThere] = await register()
    const topic = "shown"
    const total = async () => (await other.byTopic(topic)).json.total
    expect(await total()).toBe(0)
    const offer = offerOn(topic, { ttl: 120_000 })
    const { id, expiresAt } = (await owner.publish(offer)).json.offers[0]
    expect((await other.byTopic(topic)).json.offers).toMatchObject([{ id, expiresAt }])
    expect((await ownerThere.mine()).json.offers).toMatchObject([{ id, expiresAt }])
    await expect.poll(total, soon).toBe(1)
    // Known there, without an answer.
    expect((await ownerThere.answers()).json.answers).toEqual([])
    expect((await answererThere.candidates(id)).status).toBe(403)

    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    await expect.poll(async () => (await ownerThere.answers()).json.answers, soon).toMatchObject([{ offerId: id }])
    await expect.poll(async () => (await answererThere.candidates(id)).status, soon).toBe(200)
    expect((await owner.add(id, ["c"])).status).toBe(200)
    await expect.poll(async () => candidatesIn(await answererThere.candidates(id)), soon).toEqual(["c"])

    // A longer life, and an end.
    const longer = (await ownerThere.publish({ ...offer, ttl: 600_000 })).json.offers[0]
    expect(longer).toMatchObject({ id })
    expect(longer.expiresAt).toBeGreaterThan(expiresAt)
    expect((await one.byTopic(topic)).json.offers).toMatchObject([{ id, expiresAt: longer.expiresAt }])
    expect(said(await ownerThere.remove(id))).toEqual([200, { deleted: true }])
    await expect.poll(async () => (await answerer.candidates(id)).status, soon).toBe(404)
    await expect.poll(async () => (await owner.answers()).json.answers, soon).toEqual([])
    expect((await one.byTopic(topic)).json.offers).toEqual([])
  }, 30_000)

  it("keep one offer under an id, whichever process is asked", async () => {
    const { register } = both()
    for (let round = 0; round < 5; round++) {
      const peers = await Promise.all(Array.from({ length: 8 }, register))
      const replies = await Promise.all(
        peers.map(([here, there], index) =>
          (index % 2 === 0 ? here : there).publish(offerOn("own id", { id: `own ${round}` }))
        )
      )
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(409)])
      for (const reply of replies.filter(({ status }) => status === 409)) {
        expect(said(reply)).toEqual(refused(409, "Offer id already exists"))
      }
    }
  }, 30_000)
})
