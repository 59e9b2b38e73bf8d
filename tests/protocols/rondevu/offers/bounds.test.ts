/** How much one peer, one offer, one address and all together may have, at the edges. */
import { expect, it, onTestFinished } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { startProcess } from "../../../support/process.ts"
import { serverForThisTest, useServer } from "../../../support/useServer.ts"
import { createRondevu, type Json, offerOn, type Peer, type Reply, refused, said } from "./peers.ts"

const unavailable = refused(503, "Service temporarily unavailable")
const spent = refused(429, "Too many requests")
const tooManyOffers = refused(429, "Too many offers")
const fullSide = refused(400, "Too many ICE candidates. Maximum 512 per offer")

const refusedOf = (replies: readonly Reply[]) => replies.filter(({ status }) => status !== 200)
const expectSpent = (reply: Reply) => {
  expect(said(reply)).toEqual(spent)
  expect(Number(reply.headers["retry-after"])).toBeGreaterThanOrEqual(1)
}
let addresses = 0
/** Somebody at an address that nobody has asked from. */
const strangerTo = (port: number) => {
  const address = `192.0.2.${++addresses}`
  const rondevu = createRondevu(
    () => port,
    "/rondevu",
    () => ({ "x-forwarded-for": address })
  )
  onTestFinished(rondevu.leave)
  return rondevu
}

describeOnPostgres("offers, in large numbers", () => {
  const databaseUrl = useDatabase()
  const start = (more: Readonly<Record<string, string>> = {}) =>
    serverForThisTest({ DATABASE_URL: databaseUrl, TRUST_PROXY: "1", ...more })
  const server = useServer(() => ({ DATABASE_URL: databaseUrl, TRUST_PROXY: "1", RONDEVU_OFFER_MIN_TTL: "1" }))
  const stranger = () => strangerTo(server.port)
  const many = (count: number, topic: string, more: Json = {}) =>
    Array.from({ length: count }, () => offerOn(topic, more))

  it("are 200 of one peer however many come at once, all of a request or none", async () => {
    const peer = await stranger().register()
    const parallel = await Promise.all(Array.from({ length: 6 }, () => peer.publish(...many(39, "parallel"))))
    expect(parallel.filter(({ status }) => status === 200).length).toBe(5)
    expect(refusedOf(parallel).map(said)).toEqual([tooManyOffers])
    expect(said(await peer.publish(...many(6, "parallel")))).toEqual(tooManyOffers)
    expect((await peer.mine()).json.offers.length).toBe(195)
    const last = many(5, "parallel")
    expect((await peer.publish(...last)).status).toBe(200)
    // What is there costs nothing; with anything new beside it, nothing is extended either.
    expect((await peer.publish(...last)).status).toBe(200)
    const mixed = last.map((offer) => ({ ...offer, ttl: 600_000 }))
    expect(said(await peer.publish(...mixed, offerOn("parallel")))).toEqual(tooManyOffers)
    const { offers } = (await peer.mine()).json
    expect(offers.length).toBe(200)
    expect(Math.max(...offers.map(({ expiresAt, createdAt }: Json) => expiresAt - createdAt))).toBeLessThan(70_000)
  }, 30_000)

  it("leave room when they expire, of their number and of their bytes", async () => {
    const [ofMany, ofLarge] = [await stranger().register(), await stranger().register()]
    expect((await ofMany.publish(...many(100, "fill"))).status).toBe(200)
    expect((await ofMany.publish(...many(100, "fill", { ttl: 1_500 }))).status).toBe(200)
    // Two bytes a unit: SDP is counted as it is kept.
    const large = (more: Json = {}) =>
      Array.from({ length: 32 }, (_, index) => offerOn("fill", { sdp: `${index}`.padEnd(65_536, "é"), ...more }))
    const kept = large().map((offer, index) => ({ ...offer, sdp: `k${index}`.padEnd(65_536, "é") }))
    expect((await ofLarge.publish(...kept)).status).toBe(200)
    expect((await ofLarge.publish(...large({ ttl: 1_500 }))).status).toBe(200)
    expect(said(await ofLarge.publish(offerOn("fill", { sdp: "u".repeat(65_536) })))).toEqual(tooManyOffers)
    for (const peer of [ofMany, ofLarge]) {
      const publish = async () => said(await peer.publish(offerOn("fill", { sdp: `${Math.random()}`.padEnd(60_000) })))
      await expect.poll(publish, { timeout: 5_000 }).toMatchObject([200, {}])
    }
  }, 30_000)

  it("have 512 candidates of each side, of whole posts, however many come at once", async () => {
    const [owner, answerer] = [await stranger().register(), await stranger().register()]
    const { id } = (await owner.publish(offerOn("candidates"))).json.offers[0]
    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    const posts = await Promise.all(
      Array.from({ length: 60 }, (_, post) => owner.add(id, Array(10).fill(`of post ${post}`)))
    )
    expect(posts.filter(({ status }) => status === 200).length).toBe(51)
    for (const reply of refusedOf(posts)) expect(said(reply)).toEqual(fullSide)
    const { candidates } = (await answerer.candidates(id)).json
    expect(candidates.length).toBe(510)
    const ofPosts = new Map<string, number>()
    for (const { candidate } of candidates) ofPosts.set(candidate, (ofPosts.get(candidate) ?? 0) + 1)
    expect(new Set(ofPosts.values())).toEqual(new Set([10]))
    expect((await owner.add(id, [1, 2])).status).toBe(200)
    expect(said(await owner.add(id, [3]))).toEqual(fullSide)
    // The other side has room of its own, and as many another offer.
    expect((await answerer.add(id, Array(512).fill(null))).status).toBe(200)
    const other = (await owner.publish(offerOn("candidates"))).json.offers[0].id
    expect((await owner.add(other, Array(512).fill("c"))).status).toBe(200)
  }, 30_000)

  it("have candidates of 4 KiB of JSON, and not one unit more", async () => {
    const owner = await stranger().register()
    const { id } = (await owner.publish(offerOn("long"))).json.offers[0]
    // {"c":"…"} has eight units around the text.
    for (const [candidate, status] of [
      ["c".repeat(4094), 200],
      ["c".repeat(4095), 400],
      [{ c: "é".repeat(4088) }, 200],
      [{ c: "é".repeat(4089) }, 400],
      // Two units each.
      ["\n".repeat(2047), 200],
      ["\n".repeat(2048), 400]
    ] as const) {
      expect((await owner.add(id, ["short", candidate])).status).toBe(status)
    }
    const answerer = await stranger().register()
    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    expect((await answerer.candidates(id)).json.candidates.length).toBe(6)
  })

  it("are asked for by one address 300 times for credentials, 1,000 times by searches, and are 2,000 a minute", async () => {
    const rondevu = stranger()
    const startedAt = performance.now()
    /** Some have come back while the others were asked. */
    const back = (aMinute: number) => Math.ceil(((performance.now() - startedAt) / 60_000) * aMinute)
    const registered = await Promise.all(Array.from({ length: 400 }, () => rondevu.send("POST", "/register")))
    const peers = registered.filter(({ status }) => status === 200).map(({ json }) => rondevu.peerOf(json))
    expect(peers.length).toBeGreaterThanOrEqual(300)
    expect(peers.length).toBeLessThanOrEqual(300 + back(300))
    for (const reply of refusedOf(registered)) expectSpent(reply)

    const at = (index: number) => peers[index] as Peer
    for (let request = 0; request < 19; request++) {
      expect((await at(request).publish(...many(100, "minute"))).status).toBe(200)
    }
    // A request of which one is wrong costs nothing.
    expect((await at(20).publish(...many(99, "minute"), { sdp: "" })).status).toBe(400)
    expect((await at(20).publish(...many(99, "minute"))).status).toBe(200)
    const left = 1 + back(2_000)
    if (left < 90) expectSpent(await at(21).publish(...many(100, "minute")))
    // It was not taken in part.
    expect((await at(21).publish(offerOn("minute"))).status).toBe(200)

    const searchedAt = performance.now()
    const paths = ["/topics", "/offers/by-topic/none", `/peers/${at(0).peerId.replace(/./g, "0")}/offers`]
    const searches = await Promise.all(Array.from({ length: 1_200 }, (_, index) => rondevu.get(paths[index % 3] ?? "")))
    const found = 1_200 - refusedOf(searches).length
    expect(found).toBeGreaterThanOrEqual(1_000)
    expect(found).toBeLessThanOrEqual(1_000 + Math.ceil((performance.now() - searchedAt) / 60))
    for (const reply of refusedOf(searches)) expectSpent(reply)

    // Nobody else is stopped.
    const other = stranger()
    const peer = await other.register()
    expect((await peer.publish(offerOn("minute"))).status).toBe(200)
    expect((await other.byTopic("none")).status).toBe(200)
  }, 60_000)

  it("are polled by one peer 150 times at once, and its neighbour at the same address as often", async () => {
    const rondevu = stranger()
    const [peer, neighbour] = [await rondevu.register(), await rondevu.register()]
    const { id } = (await peer.publish(offerOn("polled"))).json.offers[0]
    const startedAt = performance.now()
    const polls = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => (index % 2 === 0 ? peer.answers() : peer.candidates(id)))
    )
    const told = 1_000 - refusedOf(polls).length
    expect(told).toBeGreaterThanOrEqual(150)
    expect(told).toBeLessThanOrEqual(151 + Math.ceil((performance.now() - startedAt) / 20))
    for (const reply of refusedOf(polls)) {
      expect(said(reply)).toEqual(spent)
      expect(reply.headers["retry-after"]).toBe("1")
    }
    expect((await neighbour.answers()).status).toBe(200)
    expect((await peer.mine()).status).toBe(200)
  }, 30_000)

  it("let one address name ten wrong secrets, of peers and of offers together", async () => {
    const own = await start({ MAX_FAILED_JOINS_PER_MINUTE: "10" })
    const [rondevu, other] = [strangerTo(own.port), strangerTo(own.port)]
    const [owner, guesser] = [await other.register(), await rondevu.register()]
    const { id } = (await owner.publish(offerOn("guessed", { secret: "right" }))).json.offers[0]
    // What is right costs nothing, nor does what has not the form.
    for (let times = 0; times < 30; times++) expect((await guesser.mine()).status).toBe(200)
    for (let times = 0; times < 30; times++) {
      const noForm = { authorization: `Bearer ${guesser.peerId}` }
      expect((await rondevu.get("/offers/mine", noForm)).status).toBe(401)
    }
    for (let times = 0; times < 5; times++) {
      const wrong = rondevu.peerOf({ peerId: guesser.peerId, secret: owner.secret })
      expect(said(await wrong.mine())).toEqual(refused(401, "Invalid credentials"))
    }
    const guesses = await Promise.all(
      Array.from({ length: 30 }, (_, index) => guesser.answer(id, { sdp: "a", secret: `wrong ${index}` }))
    )
    const looked = guesses.filter(({ status }) => status === 400)
    // One may have come back, six seconds later.
    expect(looked.length).toBeGreaterThanOrEqual(5)
    expect(looked.length).toBeLessThanOrEqual(6)
    for (const reply of looked) expect(said(reply)).toEqual(refused(400, "Invalid or missing secret"))
    for (const reply of guesses.filter((each) => !looked.includes(each))) expectSpent(reply)
    expectSpent(await guesser.answer(id, { sdp: "a", secret: "right" }))
    const elsewhere = other.peerOf(guesser)
    expect((await elsewhere.answer(id, { sdp: "a", secret: "right" })).status).toBe(200)
    expect((await other.byTopic("guessed")).status).toBe(200)
    for (const word of ["right", "guessed", guesser.peerId, guesser.secret, id]) expect(own.log()).not.toContain(word)
  }, 30_000)

  it("pass in any number through a server that has little memory", async () => {
    const process = await startProcess({
      DATABASE_URL: databaseUrl,
      NODE_OPTIONS: "--max-old-space-size=128"
    })
    onTestFinished(() => process.kill())
    const rondevu = strangerTo(Number(new URL(process.http).port))
    const owner = await rondevu.register()
    const largest = Array(512).fill("c".repeat(4094))
    for (let round = 0; round < 40; round++) {
      const { id } = (await owner.publish(offerOn("memory", { sdp: `${round}`.padEnd(65_536) }))).json.offers[0]
      expect((await owner.add(id, largest)).status).toBe(200)
      expect((await owner.answer(id, { sdp: "a" })).status).toBe(200)
      expect((await owner.answers()).json.answers.length).toBe(1)
      expect((await owner.remove(id)).status).toBe(200)
    }
    const metrics = await (await fetch(`${process.http}/metrics`)).text()
    expect(metrics).toMatch(/^silktower_rondevu_offers_in_use 0$/m)
    expect(process.child.exitCode).toBeNull()
  }, 60_000)
})

describeOnPostgres("a store of offers that is small", () => {
  const databaseUrl = useDatabase()
  const lifeMs = 4_000
  const server = useServer(() => ({
    DATABASE_URL: databaseUrl,
    TRUST_PROXY: "1",
    RONDEVU_STORE_BYTES: "4000000",
    RONDEVU_OFFER_MIN_TTL: "1"
  }))
  const large = () => offerOn("full", { sdp: `${Math.random()}`.padEnd(65_536, "x"), ttl: lifeMs })
  const larges = (count: number) => Array.from({ length: count }, large)

  it("is not filled by what is refused", async () => {
    const [peer, other] = [await strangerTo(server.port).register(), await strangerTo(server.port).register()]
    const largest = Array(512).fill("c".repeat(4094))
    for (let posts = 0; posts < 4; posts++) {
      expect(said(await peer.add("nobody's", largest))).toEqual(refused(404, "Offer not found or expired"))
    }
    const [taken] = larges(1)
    expect((await other.publish({ ...taken, id: "taken", ttl: 3_600_000 })).status).toBe(200)
    for (let posts = 0; posts < 4; posts++) {
      const again = await peer.publish(...larges(30), offerOn("full", { id: "taken" }))
      expect(said(again)).toEqual(refused(409, "Offer id already exists"))
    }
    for (let posts = 0; posts < 70; posts++) {
      const late = await peer.answer("nobody's", { sdp: "a".repeat(65_536) })
      expect(said(late)).toEqual(refused(400, "Offer not found or expired"))
    }
    expect((await other.publish(...larges(5))).status).toBe(200)
    expect((await other.remove("taken")).status).toBe(200)
  }, 30_000)

  it("takes offers, answers and candidates until it is full, tells what it has, and takes more when some expire", async () => {
    const [peer, other] = [await strangerTo(server.port).register(), await strangerTo(server.port).register()]
    const rondevu = strangerTo(server.port)
    // Those of the test before have expired, or been seen to.
    const kept = async () => (await other.publish(offerOn("kept", { ttl: 600_000 }))).json
    await expect.poll(async () => (await peer.publish(...larges(30))).status, { timeout: 10_000 }).toBe(200)
    const [{ id }] = (await kept()).offers
    const replies: Reply[] = []
    while (refusedOf(replies).length === 0 && replies.length < 40) replies.push(await peer.publish(...larges(2)))
    expect(replies.length).toBeGreaterThan(1)
    const late = [
      ...refusedOf(replies),
      await other.answer(id, { sdp: "é".repeat(65_536) }),
      await other.add(id, Array(512).fill("c".repeat(4094)))
    ]
    for (const reply of late) {
      expect(said(reply)).toEqual(unavailable)
      expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0)
    }
    expect(server.lines("offers:full").length).toBeGreaterThan(0)
    expect((await other.mine()).json.offers).toMatchObject([{ id }])
    expect((await other.mine()).json.offers[0]).not.toHaveProperty("answeredAt")
    expect((await rondevu.byTopic("full", "?limit=1")).json.returned).toBe(1)
    expect((await other.candidates(id)).json.candidates).toEqual([])

    const answered = async () => (await other.answer(id, { sdp: "é".repeat(65_536) })).status
    await expect.poll(answered, { timeout: 3 * lifeMs, interval: 100 }).toBe(200)
    await expect.poll(async () => (await peer.publish(...larges(30))).status, { timeout: 3 * lifeMs }).toBe(200)
    expect((await other.answers()).json.answers).toMatchObject([{ offerId: id }])
  }, 60_000)
})
