/** Two real WebRTC peers meet in a session, as the client of the contract does: candidates first, then the offer. */
import { describe, expect, it } from "vitest"
import { exchangeMegabytes, newConnection } from "../../../support/realPeers.ts"
import { useServer } from "../../../support/useServer.ts"
import { fresh, type Json, type Page, pagesOf } from "./pages.ts"

const origin = "https://files.example"

/** A connection that collects its candidates; `gathered` has them all. */
const connect = () => {
  const connection = newConnection()
  const candidates: string[] = []
  const gathered = new Promise<readonly string[]>((resolve) => {
    connection.onicecandidate = ({ candidate }: Json) => {
      if (candidate === null) resolve(candidates)
      // As JSON text, as the client sends them.
      else candidates.push(JSON.stringify(candidate))
    }
  })
  return { connection, gathered }
}

/** Asks until the answer has what is wanted. */
const polled = async <A>(page: Page, code: string, side: "offerer" | "answerer", read: (json: Json) => A | null) => {
  const found = await expect
    .poll(async () => read((await page.poll(code, side)).json), { timeout: 10_000, interval: 20 })
    .not.toBeNull()
    .then(async () => read((await page.poll(code, side)).json))
  return found as A
}

describe("two real WebRTC peers", () => {
  const server = useServer()
  const page = pagesOf(server)

  it("meet in a session of their topic and send a megabyte each way", async () => {
    const [ada, bob, topic, code] = [page(origin), page(origin), fresh("files"), fresh("code")]
    const [caller, callee] = [connect(), connect()]

    const channel = caller.connection.createDataChannel("_negotiation")
    const opened = new Promise<void>((resolve) => (channel.onopen = () => resolve()))
    await caller.connection.setLocalDescription(await caller.connection.createOffer())
    const offering = await caller.gathered
    await ada.offer(topic, { peerId: "ada", offer: JSON.stringify(caller.connection.localDescription), code })
    for (const candidate of offering) await ada.add(code, "offerer", candidate)

    // Bob looks at the topic, and skips what is his own.
    await bob.offer(topic, { peerId: "bob", offer: "his own" })
    const listed = (await bob.list(topic)).find(({ peerId }) => peerId !== "bob")
    expect(listed).toMatchObject({ code, peerId: "ada" })
    const { offer, offerCandidates } = (await bob.poll(listed.code, "answerer")).json
    const answered = new Promise<Json>((resolve) => {
      callee.connection.ondatachannel = ({ channel }: Json) => resolve(channel)
    })
    await callee.connection.setRemoteDescription(JSON.parse(offer))
    for (const candidate of offerCandidates) await callee.connection.addIceCandidate(JSON.parse(candidate))
    await callee.connection.setLocalDescription(await callee.connection.createAnswer())
    const answering = await callee.gathered
    await bob.answer(code, JSON.stringify(callee.connection.localDescription))
    for (const candidate of answering) await bob.add(code, "answerer", candidate)

    const answer = await polled<string>(ada, code, "offerer", (json) => json.answer)
    await caller.connection.setRemoteDescription(JSON.parse(answer))
    const theirs = await polled<readonly string[]>(ada, code, "offerer", ({ answerCandidates }) =>
      answerCandidates.length < answering.length ? null : answerCandidates
    )
    for (const candidate of theirs) await caller.connection.addIceCandidate(JSON.parse(candidate))

    const other = await answered
    await opened
    await exchangeMegabytes(channel, other)
  }, 30_000)
})
