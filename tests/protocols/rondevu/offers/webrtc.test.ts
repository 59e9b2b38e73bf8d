/** Two real WebRTC peers meet by a topic, as the client of the contract does: candidates go to and fro while they come. */
import { describe, expect, it } from "vitest"
import { exchangeMegabytes, newConnection } from "../../../support/realPeers.ts"
import { useServer } from "../../../support/useServer.ts"
import { bloomOf } from "./bloomOf.ts"
import { type Json, type Peer, refused, rondevuOf, said } from "./peers.ts"

/** A filter of 1024 bits that holds this peer. */
const filterOf = (peerId: string): string => encodeURIComponent(bloomOf(1024, [peerId]))

/** A connection, and a way to post its candidates: those that it has, then each as it comes. */
const connect = () => {
  const connection = newConnection()
  const early: Json[] = []
  const posts: Promise<unknown>[] = []
  let post = (candidate: Json): unknown => early.push(candidate)
  const gathered = new Promise<void>((resolve) => {
    connection.onicecandidate = ({ candidate }: Json) => {
      if (candidate === null) resolve()
      else post(candidate.toJSON())
    }
  })
  const postAll = (peer: Peer, id: string) => {
    post = (candidate) =>
      posts.push(
        peer
          .add(id, [candidate])
          .then((reply) => expect(said(reply)).toEqual([200, { offerId: id, candidatesAdded: 1 }]))
      )
    for (const candidate of early) post(candidate)
  }
  /** How many candidates there are, once all of them are posted. */
  const posted = async () => {
    await gathered
    await Promise.all(posts)
    return posts.length
  }
  return { connection, postAll, posted }
}

/** Polls the other side's candidates, each once, until the two are connected; says how many came. */
const follow = async (peer: Peer, id: string, connection: Json): Promise<() => Promise<number>> => {
  let [since, came] = [0, 0]
  const poll = async () => {
    for (const { candidate, createdAt } of (await peer.candidates(id, `?since=${since}`)).json.candidates) {
      expect(createdAt).toBeGreaterThan(since)
      since = createdAt
      came++
      await connection.addIceCandidate(candidate)
    }
  }
  const state = async () => {
    await poll()
    return connection.connectionState
  }
  await expect.poll(state, { interval: 50, timeout: 15_000 }).toBe("connected")
  return async () => {
    await poll()
    return came
  }
}

describe("two real WebRTC peers", () => {
  const server = useServer()
  const rondevu = rondevuOf(server)

  it("meet by their topic, with a secret, and send a megabyte each way", async () => {
    const [ada, bob] = [await rondevu.register(), await rondevu.register()]
    const [caller, callee] = [connect(), connect()]
    const topic = "files/ä?"

    const channel = caller.connection.createDataChannel("data")
    const opened = new Promise<void>((resolve) => (channel.onopen = () => resolve()))
    await caller.connection.setLocalDescription(await caller.connection.createOffer())
    const published = await ada.publish({
      sdp: caller.connection.localDescription.sdp,
      topics: [topic, "others"],
      ttl: 300_000,
      secret: "open sesame",
      info: "ada's"
    })
    expect(published.status).toBe(200)
    const { id } = published.json.offers[0]
    // Before anybody has answered.
    caller.postAll(ada, id)

    const without = (await rondevu.byTopic(topic, `?limit=10&bloom=${filterOf(ada.peerId)}`)).json
    expect(without).toMatchObject({ offers: [], total: 1, returned: 0 })
    const found = (await rondevu.byTopic(topic, `?limit=10&bloom=${filterOf(bob.peerId)}`)).json
    expect(found).toEqual((await rondevu.byTopic(topic)).json)
    expect(found.offers).toMatchObject([{ id, peerId: ada.peerId, hasSecret: true, info: "ada's" }])

    const otherEnd = new Promise<Json>((resolve) => {
      callee.connection.ondatachannel = ({ channel }: Json) => resolve(channel)
    })
    await callee.connection.setRemoteDescription({ type: "offer", sdp: found.offers[0].sdp })
    const answer = await callee.connection.createAnswer()
    const wrong = await bob.answer(id, { sdp: answer.sdp, secret: "close sesame" })
    expect(said(wrong)).toEqual(refused(400, "Invalid or missing secret"))
    expect((await bob.add(id, ["too early"])).status).toBe(403)
    expect((await ada.answers()).json.answers).toEqual([])
    expect((await bob.answer(id, { sdp: answer.sdp, secret: "open sesame" })).status).toBe(200)
    // It gathers candidates only now, and may post them.
    callee.postAll(bob, id)
    await callee.connection.setLocalDescription(answer)

    const [told] = (await ada.answers()).json.answers
    expect(told).toMatchObject({ offerId: id, answererId: bob.peerId, topics: [topic, "others"] })
    await caller.connection.setRemoteDescription({ type: "answer", sdp: told.sdp })
    const [callees, callers] = await Promise.all([
      follow(ada, id, caller.connection),
      follow(bob, id, callee.connection)
    ])
    const counts = await Promise.all([caller.posted(), callee.posted()])
    expect(counts.every((count) => count > 0)).toBe(true)
    expect([await callers(), await callees()]).toEqual(counts)

    const other = await otherEnd
    await opened
    await exchangeMegabytes(channel, other)

    expect((await rondevu.get("/topics?startsWith=FILES")).json.topics).toEqual([{ topic, activePeers: 1 }])
    expect((await ada.mine()).json.offers).toMatchObject([{ id, answererPeerId: bob.peerId, secret: "open sesame" }])
    expect(said(await ada.remove(id))).toEqual([200, { deleted: true }])
    expect((await rondevu.byTopic(topic)).json).toMatchObject({ offers: [], total: 0 })
  }, 40_000)
})
