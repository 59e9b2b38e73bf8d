/** How much one address and one bucket may have, at the edges. */
import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { useServer } from "../../../support/useServer.ts"
import { done, fresh, missing, pagesOf, type Reply, refused, said } from "./pages.ts"

describeOnPostgres("sessions, in large numbers", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl, TRUST_PROXY: "1" }))
  const page = pagesOf(server)
  let addresses = 0
  /** A page of an address that nobody has asked from. */
  const stranger = (origin = `https://${fresh("bounds")}.example`) =>
    page(origin, { "x-forwarded-for": `192.0.2.${++addresses}` })
  /** So many rows beside the server. */
  const fill = (bucket: string, sessions: number, offer = "o") =>
    withClient(databaseUrl, (client) =>
      client.query(
        `insert into rondevu_sessions (bucket, code, topic, label, offer, created_at, expires_at)
        select $1, 'filled ' || number, 'filled', 'label', $3, now(), now() + interval '2 minutes'
        from generate_series(1, $2::int) as number`,
        [bucket, sessions, offer]
      )
    )

  it("are begun by one address 240 times a minute, and polled 3,000 times; another address is not stopped", async () => {
    const ada = stranger()
    const begun = await Promise.all(Array.from({ length: 240 }, () => ada.offer("t")))
    expect(begun.filter(({ status }) => status !== 200)).toEqual([])
    const code: string = begun[0]?.json.code
    // What is refused for another reason costs nothing.
    expect((await ada.offer("t", { offer: "" })).status).toBe(400)
    // Some have come back while the others were asked.
    const late = (await Promise.all(Array.from({ length: 60 }, () => ada.offer("t")))).filter(
      ({ status }) => status !== 200
    )
    expect(late.length).toBeGreaterThan(0)
    for (const reply of late) {
      expect(said(reply)).toEqual(refused(429, "Too many requests"))
      expect(Number(reply.headers["retry-after"])).toBeGreaterThanOrEqual(1)
    }
    expect((await stranger().offer("t")).status).toBe(200)

    const startedAt = performance.now()
    const spent: Reply[] = []
    let told = 0
    while (spent.length === 0) {
      const polls = await Promise.all(Array.from({ length: 100 }, () => ada.poll(code, "offerer")))
      spent.push(...polls.filter(({ status }) => status !== 200))
      told += polls.filter(({ status }) => status === 200).length
    }
    // Some have come back while the others were asked.
    const back = ((performance.now() - startedAt) / 1000) * 50
    expect(told).toBeGreaterThanOrEqual(3_000)
    expect(told).toBeLessThanOrEqual(3_001 + back)
    for (const reply of spent) {
      expect(said(reply)).toEqual(refused(429, "Too many requests"))
      expect(reply.headers["retry-after"]).toBe("1")
    }
    expect(said(await stranger().poll(code, "offerer"))).toEqual(missing)
    expect(said(await ada.answer(code, "is no poll"))).toEqual(done)
  }, 60_000)

  it("are 10,000 in a bucket and no more, until some end", async () => {
    const bucket = `https://${fresh("full")}.example`
    await fill(bucket, 9_999)
    const [last, next] = [await stranger(bucket).offer("t"), await stranger(bucket).offer("t")]
    expect(last.status).toBe(200)
    expect(said(next)).toEqual(refused(429, "Too many requests"))
    const wait = Number(next.headers["retry-after"])
    expect(wait).toBeGreaterThan(60)
    expect(wait).toBeLessThanOrEqual(120)
    expect((await stranger().offer("t")).status).toBe(200)
    expect((await stranger(bucket).get("/topics")).json.topics).toEqual([
      { topic: "filled", count: 9_999 },
      { topic: "t", count: 1 }
    ])
    await withClient(databaseUrl, (client) =>
      client.query("update rondevu_sessions set expires_at = now() where bucket = $1 and code = 'filled 5'", [bucket])
    )
    expect((await stranger(bucket).offer("t")).status).toBe(200)
  }, 60_000)

  it("are listed as far as 8 MiB go, the newest first, and every one of them whole", async () => {
    const bucket = `https://${fresh("large")}.example`
    await fill(bucket, 300, "x".repeat(65_536))
    const ada = stranger(bucket)
    await ada.offer("filled", { code: "newest" })
    const sessions = await ada.list("filled")
    expect(sessions[0]).toMatchObject({ code: "newest", offer: "v=0 offer" })
    expect(sessions.length).toBeGreaterThan(120)
    expect(sessions.length).toBeLessThan(135)
    expect(sessions[1].offer).toHaveLength(65_536)
  }, 60_000)

  it("tell nobody who watches what they are called, who is in them or what was said", async () => {
    const words = ["topic", "code", "label", "offer", "answer", "candidate", "origin"].map((word) =>
      fresh(`secret-${word}`)
    )
    const [topic, code, label, offer, answer, candidate, origin] = words as [string, ...string[]]
    const ada = stranger(`https://${origin}.example`)
    await ada.offer(topic, { code, peerId: label, offer })
    await ada.offer(topic, { code, peerId: label, offer })
    await ada.answer(code as string, answer as string)
    await ada.answer(code as string, `${answer} again`)
    await ada.add(code as string, "answerer", candidate)
    await ada.poll(code as string, "offerer")
    await ada.list(topic)
    const metrics = await (await fetch(`${server.http}/metrics`)).text()
    expect(metrics).toMatch(/^silktower_rondevu_sessions_in_use [1-9]/m)
    expect(metrics).toMatch(/^silktower_rondevu_sessions_begun_total [1-9]/m)
    expect(server.lines("sessions:begun").length).toBeGreaterThan(0)
    for (const word of words) {
      expect(server.log()).not.toContain(word)
      expect(metrics).not.toContain(word)
    }
  })
})
