/** What was answered is kept when one of several servers that are one dies or goes: counted, in processes. */
import { afterEach, beforeEach, expect, it } from "vitest"
import { useProcesses } from "../../../support/clusterOfProcesses.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { ServerProcess } from "../../../support/process.ts"
import { createRondevu, type Json, offerOn, type Peer, type Rondevu } from "../offers/peers.ts"
import { createPage, fresh, type Page } from "../sessions/pages.ts"

describeOnPostgres("rondevu, of three servers that are one", () => {
  const url = useDatabase()
  const nodes = useProcesses(3, () => ({ DATABASE_URL: url }))
  let rondevus: readonly Rondevu[] = []
  let pages: readonly Page[] = []

  beforeEach(() => {
    const portOf = ({ http }: ServerProcess) => Number(new URL(http).port)
    rondevus = nodes.map((node) => createRondevu(() => portOf(node)))
    pages = nodes.map((node) => createPage(() => portOf(node)))
  })
  afterEach(() => {
    for (const { leave } of [...rondevus, ...pages]) leave()
  })

  /** Somebody's meeting, by an offer and by a session of one code, and what was answered with success of it. */
  interface Meeting {
    readonly id: string
    readonly owner: Peer
    readonly answerer: Peer
    readonly ofOffer: number[]
    readonly ofSession: number[]
  }
  const meetings = async (count: number): Promise<readonly Meeting[]> => {
    const [owner, answerer] = [await rondevus[0]?.register(), await rondevus[0]?.register()] as [Peer, Peer]
    return Promise.all(
      Array.from({ length: count }, async () => {
        const id = fresh("meeting")
        expect((await owner.publish(offerOn("kept", { id }))).status).toBe(200)
        expect((await answerer.answer(id, { sdp: `answer to ${id}` })).status).toBe(200)
        expect((await pages[0]?.offer("kept", { code: id }))?.status).toBe(200)
        return { id, owner, answerer, ofOffer: [], ofSession: [] }
      })
    )
  }

  /** Candidates are added through this node, one after the other, until `isOver`; gives back what was not taken. */
  const add = async (node: number, { id, answerer, ofOffer, ofSession }: Meeting, isOver: () => boolean) => {
    const refused: Json[] = []
    const peer = rondevus[node]?.peerOf(answerer) as Peer
    for (let number = node + 3; !isOver(); number += 3) {
      // A node that is killed answers nothing.
      const replies = await Promise.all([
        peer.add(id, [number]).catch(() => undefined),
        pages[node]?.add(id, "answerer", number).catch(() => undefined)
      ])
      for (const [reply, taken] of [
        [replies[0], ofOffer],
        [replies[1], ofSession]
      ] as const) {
        if (reply?.status === 200) taken.push(number)
        else refused.push(reply && [reply.status, reply.text])
      }
      if (replies.every((reply) => reply === undefined)) break
    }
    return refused
  }

  /** Everything that was taken is told through this node: what came through one node in its order. */
  const expectAllKept = async (node: number, { id, owner, ofOffer, ofSession }: Meeting) => {
    const { candidates } = (await rondevus[node]?.peerOf(owner).candidates(id))?.json ?? {}
    const { answerCandidates } = (await pages[node]?.poll(id, "offerer"))?.json ?? {}
    for (const [taken, told] of [
      [ofOffer, candidates.map(({ candidate }: Json) => candidate)],
      [ofSession, answerCandidates]
    ] as const) {
      expect(told).toEqual(expect.arrayContaining(taken))
      for (const from of [0, 1, 2]) {
        const ofNode = (told as number[]).filter((number) => number % 3 === from)
        expect(ofNode).toEqual(ofNode.toSorted((one, other) => one - other))
        expect(new Set(ofNode).size).toBe(ofNode.length)
      }
    }
  }

  it("one is killed with requests under way: nothing that was answered is lost, and others take over", async () => {
    const all = await meetings(12)
    let isOver = false
    const adding = [0, 1, 2].flatMap((node) => all.map((meeting) => add(node, meeting, () => isOver)))
    await expect.poll(() => all.every(({ ofOffer }) => ofOffer.length >= 6)).toBe(true)
    await nodes[2]?.kill()
    const before = all.map(({ ofOffer, ofSession }) => [ofOffer.length, ofSession.length] as const)
    // Through the others each goes on, whoever was the one to look after it.
    await expect
      .poll(
        () =>
          all.every(
            ({ ofOffer, ofSession }, index) =>
              ofOffer.length > (before[index]?.[0] ?? 0) + 3 && ofSession.length > (before[index]?.[1] ?? 0) + 3
          ),
        { timeout: 40_000 }
      )
      .toBe(true)
    isOver = true
    const refused = (await Promise.all(adding)).flat().filter((reply) => reply !== undefined)
    expect(refused.filter(([status]) => status !== 503)).toEqual([])
    for (const meeting of all) for (const node of [0, 1]) await expectAllKept(node, meeting)
  }, 120_000)

  it("one is drained with requests under way: none fails through the others, and nothing is lost", async () => {
    const all = await meetings(12)
    let isOver = false
    const adding = [0, 1].flatMap((node) => all.map((meeting) => add(node, meeting, () => isOver)))
    await expect.poll(() => all.every(({ ofOffer }) => ofOffer.length >= 2)).toBe(true)
    expect(await nodes[2]?.end("SIGTERM")).toBe(0)
    const before = all.map(({ ofOffer }) => ofOffer.length)
    await expect.poll(() => all.every(({ ofOffer }, index) => ofOffer.length > (before[index] ?? 0) + 3)).toBe(true)
    isOver = true
    expect((await Promise.all(adding)).flat()).toEqual([])
    for (const meeting of all) for (const node of [0, 1]) await expectAllKept(node, meeting)
  }, 120_000)
})
