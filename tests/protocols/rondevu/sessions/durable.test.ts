/** What has been answered is there: after a kill, for another process, and until its time is over. */
import { expect, it, onTestFinished } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { startProcess } from "../../../support/process.ts"
import { useWay } from "../../../support/standIns/way.ts"
import { serverForThisTest } from "../../../support/useServer.ts"
import { done, fresh, missing, type Page, pagesOf, refused, said } from "./pages.ts"

describeOnPostgres("sessions that are kept", () => {
  const databaseUrl = useDatabase()
  const way = useWay(databaseUrl)
  const start = (more: Readonly<Record<string, string>> = {}) =>
    serverForThisTest({ DATABASE_URL: databaseUrl, ...more })
  const query = (statement: string, values: readonly unknown[] = []) =>
    withClient(databaseUrl, (client) => client.query(statement, [...values]))
  const portOf = ({ http }: { readonly http: string }) => ({ port: Number(new URL(http).port) })

  it("lose nothing that was answered when the server is killed", async () => {
    const topic = fresh("killed")
    const code = fresh("code")
    const first = await startProcess({ DATABASE_URL: databaseUrl })
    onTestFinished(() => first.kill())
    const before = pagesOf(portOf(first))()
    await before.offer(topic, { code })
    await before.offer(topic, { code: `${code} listed` })
    await before.answer(code, "the answer")
    /** Those that were answered, and all that were sent. */
    const [kept, sent]: [number[], number[]] = [[], []]
    let isOver = false
    const posting = Array.from({ length: 4 }, async (_, lane) => {
      for (let number = lane + 1; !isOver; number += 4) {
        sent.push(number)
        const reply = await before.add(code, "offerer", number).catch(() => null)
        if (reply?.status === 200) kept.push(number)
        else isOver = true
      }
    })
    await expect.poll(() => kept.length).toBeGreaterThan(40)
    await first.kill()
    isOver = true
    await Promise.all(posting)

    const after = pagesOf(await start())()
    expect((await after.list(topic)).map((each) => each.code)).toEqual([`${code} listed`])
    const { offerCandidates } = (await after.poll(code, "answerer")).json
    expect(offerCandidates).toEqual(expect.arrayContaining(kept))
    expect(sent).toEqual(expect.arrayContaining(offerCandidates))
    expect(new Set(offerCandidates).size).toBe(offerCandidates.length)
    expect((await after.poll(code, "offerer")).json.answer).toBe("the answer")
    expect(said(await after.answer(code, "the answer"))).toEqual(done)
    expect(said(await after.answer(code, "another"))).toEqual(refused(409, "Session already answered"))
  }, 60_000)

  /** Pages of two servers on one database. */
  const two = async (): Promise<readonly [Page, Page]> => {
    const [one, other] = await Promise.all([start(), start()])
    return [pagesOf(one)(), pagesOf(other)()]
  }

  it("have one answer, whichever of two processes is asked", async () => {
    const [one, other] = await two()
    for (let round = 0; round < 10; round++) {
      const code = fresh("code")
      await one.offer("t", { code })
      await Promise.all([one.poll(code, "offerer"), other.poll(code, "offerer")])
      const replies = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? one : other).answer(code, `answer ${index}`))
      )
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(409)])
      const answer = `answer ${replies.findIndex(({ status }) => status === 200)}`
      for (const page of [one, other]) {
        await expect.poll(async () => (await page.poll(code, "offerer")).json.answer, { timeout: 3_000 }).toBe(answer)
      }
    }
  }, 60_000)

  it("lose no candidate of two processes, keep one order, and the bound", async () => {
    const [one, other] = await two()
    const code = fresh("code")
    await one.offer("t", { code })
    const replies = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => ({
        number: index + 1,
        reply: await (index % 2 === 0 ? one : other).add(code, "answerer", index + 1)
      }))
    )
    const taken = replies.filter(({ reply }) => reply.status === 200).map(({ number }) => number)
    expect(taken).toHaveLength(256)
    for (const { reply } of replies.filter(({ number }) => !taken.includes(number))) {
      expect(said(reply)).toEqual(refused(400, "Too many candidates"))
    }
    const seen = async (page: Page): Promise<readonly number[]> =>
      (await page.poll(code, "offerer")).json.answerCandidates
    for (const page of [one, other]) {
      await expect.poll(async () => (await seen(page)).length, { timeout: 3_000 }).toBe(256)
    }
    expect(await seen(one)).toEqual(await seen(other))
    expect(new Set(await seen(one))).toEqual(new Set(taken))
  }, 60_000)

  it("are begun once by a code, whichever of two processes is asked", async () => {
    const [one, other] = await two()
    const code = fresh("code")
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? one : other).offer("t", { code, offer: `o ${index}` })
      )
    )
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)])
    const winner = replies.findIndex(({ status }) => status === 200)
    for (const page of [one, other]) {
      expect((await page.poll(code, "answerer")).json.offer).toBe(`o ${winner}`)
    }
  }, 60_000)

  it("end at their time, for every request, and their code is free again", async () => {
    const server = await start({ RONDEVU_SESSION_TTL: "1000" })
    const ada = pagesOf(server)(`https://${fresh("ends")}.example`)
    const [topic, code] = [fresh("topic"), fresh("code")]
    await ada.offer(topic, { code })
    const [{ createdAt, expiresAt }] = (await ada.list(topic)) as [any]
    expect(expiresAt - createdAt).toBe(1_000)
    await ada.answer(code, "in time")
    await expect.poll(async () => (await ada.poll(code, "offerer")).status, { timeout: 3_000, interval: 5 }).toBe(404)
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt)
    expect(said(await ada.answer(code, "late"))).toEqual(missing)
    expect(said(await ada.add(code, "offerer", "late"))).toEqual(missing)
    expect((await ada.get("/topics")).json.pagination.total).toBe(0)
    expect(said(await ada.offer(topic, { code, offer: "another" }))).toEqual([200, { code }])
    expect((await ada.poll(code, "answerer")).json).toEqual({ offer: "another", offerCandidates: [] })
    expect((await ada.poll(code, "offerer")).json).toEqual({ answer: null, answerCandidates: [] })
  }, 30_000)

  it("are begun anew under the eyes of who polls: nobody is told of the old one, nor that there is none", async () => {
    const server = await start({ RONDEVU_SESSION_TTL: "1000" })
    const [ada, bob] = [pagesOf(server)(), pagesOf(server)()]
    const code = fresh("code")
    for (let round = 0; round < 3; round++) {
      let isBegun = false
      let begunAt = 0
      const polling = (async () => {
        for (;;) {
          const wasBegun = isBegun
          const { status, json } = await bob.poll(code, "answerer")
          // It has polled as often as it may: it asks again.
          if (status === 429) continue
          if (wasBegun && Date.now() < begunAt + 900) expect([status, json.offer]).toEqual([200, `round ${round}`])
          if (wasBegun) return
        }
      })()
      await expect
        .poll(async () => (await ada.offer("t", { code, offer: `round ${round}` })).status, {
          interval: 1,
          timeout: 3_000
        })
        .toBe(200)
      begunAt = Date.now()
      isBegun = true
      await polling
    }
  }, 30_000)

  it("are removed when they have expired, with their candidates", async () => {
    const server = await start({ RONDEVU_SESSION_TTL: "1000", RONDEVU_CLEANUP_INTERVAL: "1000" })
    const ada = pagesOf(server)()
    const code = fresh("code")
    await ada.offer("t", { code })
    await ada.add(code, "offerer", "one")
    const left = async () => {
      const { rows } = await query(
        `select (select count(*)::int from rondevu_sessions where code = $1) as sessions,
          (select count(*)::int from rondevu_session_candidates where code = $1) as candidates`,
        [code]
      )
      return rows[0]
    }
    expect(await left()).toEqual({ sessions: 1, candidates: 1 })
    await expect.poll(left, { timeout: 6_000 }).toEqual({ sessions: 0, candidates: 0 })
    await expect.poll(() => server.lines("sessions:cleaned").length).toBeGreaterThan(0)
  }, 30_000)

  it("say that the service is unavailable while the database is away, and have changed nothing", async () => {
    const server = await start({ DATABASE_URL: way.url })
    const ada = pagesOf(server)()
    const code = fresh("code")
    await ada.offer("t", { code })
    await ada.poll(code, "offerer")
    way.cut()
    const unavailable = refused(503, "Service temporarily unavailable")
    for (const reply of [
      await ada.answer(code, "lost"),
      await ada.add(code, "offerer", "lost"),
      await ada.offer("t"),
      await ada.get("/t/sessions"),
      await ada.get("/topics"),
      await ada.poll("somebody's", "offerer")
    ]) {
      expect(said(reply)).toEqual(unavailable)
      expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0)
    }
    way.mend()
    await expect.poll(async () => (await ada.answer(code, "kept")).status, { timeout: 10_000 }).toBe(200)
    expect((await ada.poll(code, "offerer")).json).toEqual({ answer: "kept", answerCandidates: [] })
  }, 60_000)

  it("know what has been written when the database's word of it was lost", async () => {
    const server = await start({ DATABASE_URL: way.url })
    const ada = pagesOf(server)()
    const code = fresh("code")
    await ada.offer("t", { code })
    await ada.poll(code, "offerer")
    way.loseNextAnswer()
    // Whoever asked the database may have asked again, or not.
    expect([200, 503]).toContain((await ada.answer(code, "kept")).status)
    expect(said(await ada.answer(code, "another"))).toEqual(refused(409, "Session already answered"))
    expect(said(await ada.answer(code, "kept"))).toEqual(done)
    expect((await ada.poll(code, "offerer")).json.answer).toBe("kept")
  }, 30_000)
})
