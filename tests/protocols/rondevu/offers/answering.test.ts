import { expect, it } from "vitest"
import { useServer } from "../../../support/useServer.ts"
import { describeOnBoth } from "../databases.ts"
import { type Json, offerOn, type Peer, refused, rondevuOf, said } from "./peers.ts"

const nul = String.fromCharCode(0)
const gone = refused(400, "Offer not found or expired")
const unknownOffer = refused(404, "Offer not found or expired")

describeOnBoth("answering", (environment) => {
  const server = useServer(environment)
  const rondevu = rondevuOf(server)
  const published = async (more: Json = {}): Promise<{ owner: Peer; id: string; topics: string[] }> => {
    const owner = await rondevu.register()
    const { id, topics } = (await owner.publish(offerOn("answering", more))).json.offers[0]
    return { owner, id, topics }
  }
  const idsOf = ({ json }: { json: Json }) => json.candidates.map(({ candidate }: Json) => candidate)

  it("is told to the owner, at the moment that the answerer was told", async () => {
    const { owner, id, topics } = await published()
    const answerer = await rondevu.register()
    expect(said(await owner.answers())).toEqual([200, { answers: [] }])
    const { status, json } = await answerer.answer(id, { sdp: "answer", secret: "ignored" })
    expect([status, json]).toEqual([200, { offerId: id, answererId: answerer.peerId, answeredAt: expect.any(Number) }])
    const { answeredAt } = json
    const told = { offerId: id, answererId: answerer.peerId, sdp: "answer", answeredAt, topics }
    // Reading does not consume.
    for (let polls = 0; polls < 3; polls++) expect(said(await owner.answers())).toEqual([200, { answers: [told] }])
    expect((await owner.mine()).json.offers).toMatchObject([{ answererPeerId: answerer.peerId, answeredAt }])
    expect(said(await answerer.answers())).toEqual([200, { answers: [] }])
    expect((await rondevu.byTopic("answering")).json.offers.map(({ id }: Json) => id)).toContain(id)
  })

  it("lists the newest answer first", async () => {
    const [owner, answerer] = [await rondevu.register(), await rondevu.register()]
    const { json } = await owner.publish(offerOn("many"), offerOn("many"), offerOn("many"))
    const ids: string[] = json.offers.map(({ id }: Json) => id)
    for (const id of ids) expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    const { answers } = (await owner.answers()).json
    expect(new Set(answers.map(({ offerId }: Json) => offerId))).toEqual(new Set(ids))
    const times = answers.map(({ answeredAt }: Json) => answeredAt)
    expect(times).toEqual(times.toSorted((one: number, other: number) => other - one))
  })

  it.each<[string, Json, string]>([
    ["no sdp", {}, "Missing or invalid required parameter: sdp"],
    ["an empty sdp", { sdp: "" }, "Missing or invalid required parameter: sdp"],
    ["an sdp that is no string", { sdp: {} }, "Missing or invalid required parameter: sdp"],
    ["an array", [], "Missing or invalid required parameter: sdp"],
    ["a long sdp", { sdp: "u".repeat(65_537), secret: 5 }, "SDP must be 64KB or less"],
    ["a secret that is no string", { sdp: "a", secret: 5 }, "Secret must be a string"],
    ["NUL in its sdp", { sdp: nul }, "Invalid character in sdp"],
    ["NUL in its secret", { sdp: "a", secret: nul }, "Invalid character in secret"],
    ["no JSON", "x", "Invalid JSON body"],
    ["nothing", "", "Invalid JSON body"]
  ])("refuses %s by name, whether or not there is such an offer", async (_, body, error) => {
    const { id } = await published()
    const peer = await rondevu.register()
    for (const asked of [id, "nobody's"]) {
      expect(said(await peer.answer(asked, body))).toEqual(refused(400, error))
    }
  })

  it("asks for the secret before it says that somebody was first", async () => {
    const { id } = await published({ secret: "open sesame" })
    const [one, other] = [await rondevu.register(), await rondevu.register()]
    const wrong = refused(400, "Invalid or missing secret")
    const wrongs = [undefined, "", "open", "open sesam", "open sesame ", "open sesamE"]
    for (const secret of wrongs) expect(said(await one.answer(id, { sdp: "a", secret }))).toEqual(wrong)
    expect((await one.answer(id, { sdp: "a", secret: "open sesame" })).status).toBe(200)
    expect(said(await other.answer(id, { sdp: "a", secret: "open" }))).toEqual(wrong)
    const late = await other.answer(id, { sdp: "a", secret: "open sesame" })
    expect(said(late)).toEqual(refused(400, "Offer already answered"))
    expect(said(await other.answer("nobody's", { sdp: "a", secret: "open" }))).toEqual(gone)
  })

  it("takes an empty secret of an offer for none, and shows secrets to the owner alone", async () => {
    const { id, owner } = await published({ secret: "" })
    const secret = await published({ secret: "hush" })
    const listed = (await rondevu.byTopic("answering")).json.offers
    const hasSecret = (wanted: string) => listed.find((offer: Json) => offer.id === wanted).hasSecret
    expect([hasSecret(id), hasSecret(secret.id)]).toEqual([false, true])
    expect(JSON.stringify([listed, (await rondevu.get(`/peers/${secret.owner.peerId}/offers`)).json])).not.toContain(
      "hush"
    )
    expect((await secret.owner.mine()).json.offers[0].secret).toBe("hush")
    expect((await owner.mine()).json.offers[0]).not.toHaveProperty("secret")
    expect((await owner.answer(id, { sdp: "my own" })).status).toBe(200)
    expect((await owner.answers()).json.answers).toMatchObject([{ answererId: owner.peerId, sdp: "my own" }])
  })

  it("hears one of eight that come at the same moment", async () => {
    const { id, owner } = await published()
    const peers = await Promise.all(Array.from({ length: 8 }, () => rondevu.register()))
    const replies = await Promise.all(peers.map((peer) => peer.answer(id, { sdp: peer.peerId })))
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(400)])
    const [heard] = replies.filter(({ status }) => status === 200)
    expect((await owner.answers()).json.answers).toMatchObject([{ answererId: heard?.json.answererId }])
  })

  it("leaves a deleted offer to nobody", async () => {
    const { id, owner, topics } = await published({ sdp: "to be deleted" })
    const other = await rondevu.register()
    const notYours = refused(404, "Offer not found or not authorized")
    expect(said(await other.remove(id))).toEqual(notYours)
    expect((await owner.add(id, ["c"])).status).toBe(200)
    expect(said(await owner.remove(id))).toEqual([200, { deleted: true }])
    expect(said(await owner.remove(id))).toEqual(notYours)
    expect(said(await other.answer(id, { sdp: "a" }))).toEqual(gone)
    expect(said(await owner.add(id, ["c"]))).toEqual(unknownOffer)
    expect(said(await owner.candidates(id))).toEqual(unknownOffer)
    const again = (await owner.publish({ sdp: "to be deleted", topics })).json.offers[0]
    expect(again.id).toBe(id)
    expect(said(await owner.answers())).toEqual([200, { answers: [] }])
    expect((await other.answer(id, { sdp: "a" })).status).toBe(200)
    expect((await other.candidates(id)).json.candidates).toEqual([])
  })

  it("deletes an answered offer with its answer", async () => {
    const { id, owner } = await published()
    expect((await (await rondevu.register()).answer(id, { sdp: "a" })).status).toBe(200)
    expect((await owner.answers()).json.answers.length).toBe(1)
    expect((await owner.remove(id)).status).toBe(200)
    expect((await owner.answers()).json.answers).toEqual([])
  })

  it("gives each side the candidates of the other, as they came and oldest first", async () => {
    const { id, owner } = await published()
    const answerer = await rondevu.register()
    const any: Json[] = [
      { candidate: "a", sdpMLineIndex: 0, nested: { z: 1, a: [null] } },
      "",
      null,
      7,
      [],
      nul,
      "\ud800"
    ]
    expect(said(await owner.add(id, any.slice(0, 3)))).toEqual([200, { offerId: id, candidatesAdded: 3 }])
    expect((await owner.candidates(id)).json.candidates).toEqual([])
    expect(said(await answerer.candidates(id))).toEqual(
      refused(403, "Not authorized to view ICE candidates for this offer")
    )
    expect(said(await answerer.add(id, ["x"]))).toEqual(
      refused(403, "Not authorized to post ICE candidates for this offer")
    )
    await answerer.answer(id, { sdp: "a" })
    await owner.add(id, any.slice(3))
    await answerer.add(id, ["from the answerer"])
    const { json } = await answerer.candidates(id)
    expect(Object.keys(json)).toEqual(["offerId", "candidates"])
    expect(json.candidates.map(({ candidate }: Json) => candidate)).toEqual(any)
    for (const { peerId, role } of json.candidates) expect([peerId, role]).toEqual([owner.peerId, "offerer"])
    expect((await owner.candidates(id)).json.candidates).toEqual([
      {
        candidate: "from the answerer",
        peerId: answerer.peerId,
        role: "answerer",
        createdAt: expect.any(Number)
      }
    ])
    expect((await answerer.candidates(id)).json).toEqual(json)
  })

  it("loses nothing by `since`, however many come at once", async () => {
    const { id, owner } = await published()
    const answerer = await rondevu.register()
    await answerer.answer(id, { sdp: "a" })
    const posts = Array.from({ length: 20 }, (_, post) => [`${post} a`, `${post} b`, `${post} c`])
    const seen: Json[] = []
    let since = 0
    const poll = async () => {
      // None, when it polls more than it may.
      const { candidates = [] } = (await answerer.candidates(id, `?since=${since}`)).json
      seen.push(...candidates)
      since = candidates.at(-1)?.createdAt ?? since
    }
    const posting = posts.flatMap((candidates) => [owner.add(id, candidates), answerer.add(id, candidates)])
    let isPosted = false
    const posted = Promise.all(posting).then(() => {
      isPosted = true
    })
    while (!isPosted) await poll()
    await posted
    // From here on it waits until it may ask again.
    const read = async (peer: typeof owner, query?: string) => {
      let answer = await peer.candidates(id, query)
      await expect
        .poll(async () => (answer.status === 429 ? (answer = await peer.candidates(id, query)) : answer).status)
        .toBe(200)
      return answer
    }
    seen.push(...(await read(answerer, `?since=${since}`)).json.candidates)
    const times = seen.map(({ createdAt }) => createdAt)
    expect(times).toEqual([...new Set(times)].toSorted((one, other) => one - other))
    expect(seen.map(({ candidate }) => candidate).toSorted()).toEqual(posts.flat().toSorted())
    const both = [...(await read(owner)).json.candidates, ...(await read(answerer)).json.candidates]
    expect(new Set(both.map(({ createdAt }) => createdAt)).size).toBe(both.length)
    expect((await read(answerer, "?since=0")).json.candidates.length).toBe(posts.flat().length)
    expect(idsOf(await read(answerer, `?since=${times.at(-2)}`))).toEqual([seen.at(-1)?.candidate])
  })

  const empty = "Missing or invalid required parameter: candidates (must be non-empty array)"
  it.each<[string, Json, string]>([
    ["none", undefined, empty],
    ["an empty list", [], empty],
    ["an object", {}, empty],
    ["513", Array(513).fill("c"), "Too many ICE candidates. Maximum 512 per offer"],
    ["one of more than 4 KiB", ["c".repeat(4095)], "ICE candidate must be 4KB or less"]
  ])("refuses %s for candidates", async (_, candidates, error) => {
    const { id, owner } = await published()
    expect(said(await owner.add(id, candidates))).toEqual(refused(400, error))
    expect(said(await owner.add("nobody's", candidates))).toEqual(refused(400, error))
    await owner.answer(id, { sdp: "a" })
  })

  it("takes 512 of each side, of 4 KiB each", async () => {
    const { id, owner } = await published()
    const answerer = await rondevu.register()
    await answerer.answer(id, { sdp: "a" })
    const full = refused(400, "Too many ICE candidates. Maximum 512 per offer")
    const largest = Array(512).fill("c".repeat(4094))
    expect(said(await owner.add(id, largest))).toEqual([200, { offerId: id, candidatesAdded: 512 }])
    expect(said(await owner.add(id, ["c"]))).toEqual(full)
    expect((await answerer.add(id, Array(511).fill("c"))).status).toBe(200)
    expect(said(await answerer.add(id, ["c", "c"]))).toEqual(full)
    expect((await answerer.add(id, ["c"])).status).toBe(200)
    expect((await answerer.candidates(id)).json.candidates.length).toBe(512)
  })

  it.each(["-1", "1.5", "x", "", "1e3", "%201"])("refuses to look since %j", async (since) => {
    const { id, owner } = await published()
    expect(said(await owner.candidates(id, `?since=${since}`))).toEqual(refused(400, "Invalid parameter: since"))
  })

  it("knows no offer that it was not given", async () => {
    const peer = await rondevu.register()
    for (const id of ["nobody's", nul, "a/b ä?&#%"]) {
      expect(said(await peer.answer(id, { sdp: "a" }))).toEqual(gone)
      expect(said(await peer.add(id, ["c"]))).toEqual(unknownOffer)
      expect(said(await peer.candidates(id))).toEqual(unknownOffer)
      expect(said(await peer.remove(id))).toEqual(refused(404, "Offer not found or not authorized"))
    }
  })

  it("finds an offer under the strangest id of its own", async () => {
    const owner = await rondevu.register()
    const id = `a/b ä?&#% ${owner.peerId}`
    await owner.publish(offerOn("strange", { id }))
    expect(said(await owner.add(id, ["c"]))).toEqual([200, { offerId: id, candidatesAdded: 1 }])
    expect((await owner.candidates(id)).json.offerId).toBe(id)
    expect((await owner.remove(id)).status).toBe(200)
  })
})
