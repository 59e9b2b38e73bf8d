import { expect, it } from "vitest"
import { useServer } from "../../../support/useServer.ts"
import { describeOnBoth } from "../databases.ts"
import { bloomOf } from "./bloomOf.ts"
import { type Json, offerOn, type Peer, refused, rondevuOf, said } from "./peers.ts"

const nul = String.fromCharCode(0)

describeOnBoth("finding", (environment) => {
  const server = useServer(environment)
  const rondevu = rondevuOf(server)
  const idsOf = (offers: readonly Json[]) => offers.map(({ id }) => id)
  const publish = async (peer: Peer, ...offers: readonly Json[]): Promise<readonly string[]> =>
    idsOf((await peer.publish(...offers)).json.offers)

  it("shows what everybody may see, the newest first", async () => {
    const peer = await rondevu.register()
    const ids = [
      ...(await publish(peer, offerOn("seen", { secret: "s", info: "about me" }), offerOn("seen"))),
      ...(await publish(peer, offerOn("seen", { topics: ["other", "seen"] })))
    ]
    const { status, json } = await rondevu.byTopic("seen")
    expect([status, json.topic, json.total, json.returned]).toEqual([200, "seen", 3, 3])
    expect(idsOf(json.offers)).toEqual(ids.toReversed())
    const [{ sdp, expiresAt, lastSeen }, , first] = json.offers
    expect(json.offers[0]).toEqual({
      id: ids[2],
      peerId: peer.peerId,
      sdp,
      topics: ["other", "seen"],
      expiresAt,
      lastSeen,
      hasSecret: false
    })
    expect(first).toMatchObject({ hasSecret: true, info: "about me" })
    expect(first).not.toHaveProperty("secret")
    const ofPeer = await rondevu.get(`/peers/${peer.peerId}/offers`)
    const shown = json.offers.map(({ peerId, ...offer }: Json) => offer)
    expect(said(ofPeer)).toEqual([200, { peerId: peer.peerId, offers: shown, topics: ["other", "seen"] }])
    expect((await peer.mine()).json.offers.map(({ info }: Json) => info)).toEqual([undefined, undefined, "about me"])
  })

  it.each(["nobody", "%00", "a%2Fb"])("finds nothing at the topic and the peer %s", async (name) => {
    const empty = { offers: [], total: 0, returned: 0 }
    expect(await rondevu.get(`/offers/by-topic/${name}`)).toMatchObject({ status: 200, json: empty })
    expect(await rondevu.get(`/peers/${name}/offers`)).toMatchObject({ status: 200, json: { offers: [], topics: [] } })
  })

  it.each(["a/b ä?&#%", "..", ".", "mine", "%2F", "a+b", "😀", "by-topic/x;y"])(
    "finds the topic %s, one segment percent-encoded",
    async (topic) => {
      const [id] = await publish(await rondevu.register(), offerOn(topic))
      expect(await rondevu.byTopic(topic)).toMatchObject({ status: 200, json: { topic, offers: [{ id }], total: 1 } })
      const { json } = await rondevu.get(`/topics?startsWith=${encodeURIComponent(topic)}`)
      expect(json.startsWith).toBe(topic)
      expect(json.topics).toContainEqual({ topic, activePeers: 1 })
    }
  )

  it.each([
    ["", 50],
    ["?limit=0", 0],
    ["?limit=7", 7],
    ["?limit=200", 120],
    ["?limit=1000", 120],
    ["?limit=99999999999999999999", 120]
  ])("shows with %j so many: %i", async (query, shown) => {
    const topic = `limits ${query}`
    const peer = await rondevu.register()
    await publish(peer, ...Array.from({ length: 100 }, () => offerOn(topic)))
    await publish(peer, ...Array.from({ length: 20 }, () => offerOn(topic)))
    const { json } = await rondevu.byTopic(topic, query)
    expect([json.offers.length, json.returned, json.total]).toEqual([shown, shown, 120])
  })

  it.each(["-1", "1.5", "x", "", "NaN", "1e3"])("refuses %j for a number", async (value) => {
    const limit = refused(400, "Invalid parameter: limit")
    expect(said(await rondevu.byTopic("x", `?limit=${value}`))).toEqual(limit)
    expect(said(await rondevu.get(`/topics?limit=${value}`))).toEqual(limit)
    expect(said(await rondevu.get(`/topics?offset=${value}`))).toEqual(refused(400, "Invalid parameter: offset"))
  })

  it("leaves out the peers of a filter, which `total` still counts", async () => {
    const peers = await Promise.all(Array.from({ length: 6 }, () => rondevu.register()))
    const ids: string[] = []
    for (const peer of peers) ids.push(...(await publish(peer, offerOn("filtered"), offerOn("filtered"))))
    for (const bits of [1024, 8192]) {
      const bloom = encodeURIComponent(bloomOf(bits, [peers[0]?.peerId ?? "", peers[3]?.peerId ?? ""]))
      const { json } = await rondevu.byTopic("filtered", `?bloom=${bloom}`)
      expect([json.total, json.returned]).toEqual([12, 8])
      expect(idsOf(json.offers)).toEqual(ids.filter((_, at) => ![0, 1, 6, 7].includes(at)).toReversed())
      const few = await rondevu.byTopic("filtered", `?limit=3&bloom=${bloom}`)
      expect(idsOf(few.json.offers)).toEqual(idsOf(json.offers).slice(0, 3))
    }
    const everybody = encodeURIComponent(Buffer.alloc(128, 255).toString("base64"))
    expect((await rondevu.byTopic("filtered", `?bloom=${everybody}`)).json).toMatchObject({ total: 12, offers: [] })
  })

  it.each([
    ["AA", 200],
    ["", 200],
    ["AA%3D%3D", 200],
    ["%2B%2F%2B%2F", 200],
    ["!!", 400],
    ["A", 400],
    ["%3D%3D", 400],
    ["AA%3D", 400],
    ["_-_-", 400]
  ])("takes %j for a filter: %i", async (bloom, status) => {
    await publish(await rondevu.register(), offerOn("odd filters"))
    const answer = await rondevu.byTopic("odd filters", `?bloom=${bloom}`)
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.json).toEqual({ error: "Invalid bloom filter format" })
    if (bloom === "AA" || bloom === "") expect(answer.json.returned).toBe(answer.json.total)
  })

  it("lists topics with their peers, most first and then by name", async () => {
    const [one, two, three] = await Promise.all([rondevu.register(), rondevu.register(), rondevu.register()])
    const on = (...topics: string[]) => offerOn("", { topics: topics.map((topic) => `List:${topic}`) })
    await publish(one as Peer, on("b", "a_", "Z"), on("b"))
    await publish(two as Peer, on("b", "é"))
    await publish(three as Peer, on("b", "Z", "a%"))
    const all = [
      { topic: "List:b", activePeers: 3 },
      { topic: "List:Z", activePeers: 2 },
      { topic: "List:a%", activePeers: 1 },
      { topic: "List:a_", activePeers: 1 },
      { topic: "List:é", activePeers: 1 }
    ]
    const list = async (query: string) => (await rondevu.get(`/topics?${query}`)).json
    expect(await list("startsWith=list:")).toEqual({ topics: all, total: 5, limit: 50, offset: 0, startsWith: "list:" })
    const page = await list("startsWith=LIST:&limit=2&offset=1")
    expect(page).toEqual({ topics: all.slice(1, 3), total: 5, limit: 2, offset: 1, startsWith: "LIST:" })
    expect(await list("startsWith=list:&offset=99")).toMatchObject({ topics: [], total: 5 })
    expect(await list("startsWith=list:&limit=0")).toMatchObject({ topics: [], total: 5, limit: 0 })
    expect(await list("startsWith=list:a%25")).toMatchObject({ topics: [{ topic: "List:a%" }], total: 1 })
    expect(await list("startsWith=list:a_")).toMatchObject({ topics: [{ topic: "List:a_" }], total: 1 })
    expect(await list("startsWith=list:%C3%89")).toMatchObject({ topics: [], total: 0 })
    expect(await list(`startsWith=${encodeURIComponent(nul)}`)).toMatchObject({ topics: [], total: 0 })
    const whole = await list("limit=1000&startsWith=")
    expect([whole.limit, Object.keys(whole).toSorted()]).toEqual([200, ["limit", "offset", "topics", "total"]])
  })

  it("counts and shows what was published and deleted just now", async () => {
    const peer = await rondevu.register()
    for (let round = 1; round <= 3; round++) {
      const [id] = await publish(peer, offerOn("at once"))
      expect((await rondevu.byTopic("at once")).json).toMatchObject({ total: round })
      if (round < 3) continue
      await peer.remove(id as string)
      expect((await rondevu.byTopic("at once")).json).toMatchObject({ total: 2, returned: 2 })
      expect((await rondevu.get("/topics?startsWith=at%20once")).json.topics).toEqual([
        { topic: "at once", activePeers: 1 }
      ])
    }
  })
})
