/** The contract's lines, one by one, on either database. */
import { expect, it } from "vitest"
import { describeOnEachDatabase } from "../../../support/databases.ts"
import { createHttpClient } from "../../../support/httpClient.ts"
import { startServer, withoutBudgets } from "../../../support/server.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { done, fresh, missing, pagesOf, refused, said } from "./pages.ts"

const usual = "https://app.example"

describeOnEachDatabase("sessions", (database) => {
  const server = useThroughout(
    async () => startServer({ ...withoutBudgets, ...(await database.given()) }),
    (server) => server.stop()
  )
  const page = pagesOf(server)

  it("say their version at the base, with a slash and without, and nothing else", async () => {
    for (const path of ["", "/"]) {
      const reply = await page().get(path)
      expect(reply.status).toBe(200)
      expect(Object.keys(reply.json)).toEqual(["version"])
      expect(reply.headers["content-type"]).toBe("application/json")
    }
    const before = Date.now()
    const { json } = await page().get("/health")
    expect(Object.keys(json)).toEqual(["status", "timestamp"])
    expect(json.status).toBe("ok")
    expect(json.timestamp).toBeGreaterThanOrEqual(before)
  })

  it.each([
    ["GET", "/x/offer"],
    ["POST", "/x/sessions"],
    ["GET", "/answer"],
    ["GET", "/poll"],
    ["POST", "/topics"],
    ["PUT", "/answer"],
    ["DELETE", "/x/sessions"],
    ["PATCH", "/"],
    ["POST", "/"],
    ["POST", "/health"],
    ["GET", "/nothing"],
    ["GET", "/a/b/c"],
    ["GET", "//sessions"],
    ["GET", "/x/sessions/"]
  ])("answer %s %s with 404 in plain text, which pages may read", async (method, path) => {
    const reply = await page().send(method, path)
    expect([reply.status, reply.text]).toEqual([404, "404 Not Found"])
    expect(reply.headers["content-type"]).toMatch(/^text\/plain/)
    expect(reply.headers["access-control-allow-origin"]).toBe(usual)
  })

  it("let pages of every origin read every answer, and say so on all of them", async () => {
    for (const reply of [
      await page().get("/topics"),
      await page().post("/answer", {}),
      await page().get("/nothing"),
      await page().post("/poll", {}),
      await page().post("/poll", "{")
    ]) {
      expect(reply.headers["access-control-allow-origin"]).toBe(usual)
      expect(reply.headers["access-control-allow-credentials"]).toBe("true")
      expect(reply.headers["access-control-expose-headers"]).toBe("Content-Type")
      expect(reply.headers.vary).toBe("Origin")
    }
    for (const path of ["/x/offer", "/nothing", "/", "/poll"]) {
      const { status, headers } = await page().send("OPTIONS", path)
      expect([status, headers["access-control-max-age"]]).toEqual([204, "600"])
      expect(headers["access-control-allow-methods"]).toBe("GET,POST,OPTIONS")
      expect(headers["access-control-allow-headers"]).toBe("Content-Type,Origin,X-Rondevu-Global")
      expect(headers["access-control-allow-origin"]).toBe(usual)
    }
  })

  it("are offered, listed, answered and polled, whatever the topic is called", async () => {
    for (const topic of [fresh("a/b ä?&#%"), "topics", "health", "answer", "poll", "ü".repeat(1024)]) {
      const [ada, bob] = [page(`https://${fresh("two")}.example`), page()]
      const before = Date.now()
      const { code } = (await ada.offer(topic)).json
      expect(code).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
      expect(said(await ada.add(code, "offerer", { candidate: "one" }))).toEqual(done)
      expect(said(await ada.add(code, "offerer", "two"))).toEqual(done)
      const [listed, ...others] = await ada.list(topic)
      expect(others).toEqual([])
      expect(listed).toEqual({
        ...{ code, peerId: "ada", info: "ada", offer: "v=0 offer", offerCandidates: [{ candidate: "one" }, "two"] },
        ...{ createdAt: expect.any(Number), expiresAt: listed.createdAt + 300_000 }
      })
      expect(listed.createdAt).toBeGreaterThanOrEqual(before)
      expect(said(await ada.poll(code, "offerer"))).toEqual([200, { answer: null, answerCandidates: [] }])
      expect(said(await ada.poll(code, "answerer"))).toEqual([
        200,
        { offer: "v=0 offer", offerCandidates: [{ candidate: "one" }, "two"] }
      ])
      expect(said(await ada.answer(code, "v=0 answer"))).toEqual(done)
      expect(await ada.list(topic)).toEqual([])
      expect(said(await ada.add(code, "answerer", [1, { two: null }]))).toEqual(done)
      for (let times = 0; times < 2; times++) {
        expect(said(await ada.poll(code, "offerer"))).toEqual([
          200,
          { answer: "v=0 answer", answerCandidates: [[1, { two: null }]] }
        ])
      }
      expect(said(await bob.poll(code, "offerer"))).toEqual(missing)
    }
  })

  it("are shown the newest first, also those of one millisecond, and only while nobody has answered", async () => {
    const [ada, topic] = [page(), fresh("topic")]
    const codes: string[] = []
    for (let index = 0; index < 12; index++) codes.push((await ada.offer(topic, { peerId: `peer ${index}` })).json.code)
    expect((await ada.list(topic)).map(({ code }) => code)).toEqual(codes.toReversed())
    await ada.answer(codes[5] as string, "taken")
    expect((await ada.list(topic)).map(({ code }) => code)).toEqual(codes.toReversed().filter((_, at) => at !== 6))
  })

  it("take a label by either name, and give it by both; `peerId` counts where both are there", async () => {
    const [ada, topic] = [page(), fresh("topic")]
    const post = (body: object) => ada.post(`/${topic}/offer`, { offer: "o", ...body })
    await post({ info: "by info" })
    await post({ peerId: "by peerId", info: "other" })
    expect((await ada.list(topic)).map(({ peerId, info }) => [peerId, info])).toEqual([
      ["by peerId", "by peerId"],
      ["by info", "by info"]
    ])
    expect(said(await post({ peerId: "", info: "other" }))).toEqual(
      refused(400, "Missing or invalid required parameter: peerId")
    )
  })

  it("are read whatever the content type says", async () => {
    const topic = fresh("topic")
    const body = JSON.stringify({ peerId: "ada", offer: "o", code: topic })
    expect((await page().send("POST", `/${topic}/offer`, body, { "content-type": "text/plain" })).json).toEqual({
      code: topic
    })
    const poll = JSON.stringify({ code: topic, side: "offerer" })
    const chunked = { "content-type": "text/plain", "transfer-encoding": "chunked" }
    for (const headers of [{ "content-type": "text/plain" }, chunked]) {
      expect(said(await page().send("POST", "/poll", poll, headers))).toEqual([
        200,
        { answer: null, answerCandidates: [] }
      ])
    }
  })

  const long = (units: number) => "x".repeat(units)
  const noLabel = "Missing or invalid required parameter: peerId"
  const noOffer = "Missing or invalid required parameter: offer"
  it.each([
    ["a topic over 1024", long(1025), {}, "Topic string must be 1024 characters or less"],
    ["no label", "t", { peerId: undefined }, noLabel],
    ["an empty label", "t", { peerId: "" }, noLabel],
    ["a label that is no string", "t", { peerId: 7, offer: undefined }, noLabel],
    ["a label over 1024", "t", { peerId: long(1025) }, "PeerId string must be 1024 characters or less"],
    ["no offer", "t", { offer: undefined }, noOffer],
    ["an empty offer", "t", { offer: "" }, noOffer],
    ["an offer that is an object", "t", { offer: { sdp: "v=0" } }, noOffer],
    ["an offer over 64 KiB", "t", { offer: long(65_537) }, "Offer must be 64KB or less"],
    ["an empty code", "t", { code: "" }, "Invalid parameter: code"],
    ["a code that is no string", "t", { code: 5 }, "Invalid parameter: code"],
    ["a code that is null", "t", { code: null }, "Invalid parameter: code"],
    ["a code over 128", "t", { code: long(129) }, "Invalid parameter: code"],
    ["half a character as a code", "t", { code: "\ud800" }, "Invalid parameter: code"],
    ["U+0000 in the topic", "t\0", {}, "Invalid character in topic"],
    ["U+0000 in the label", "t", { peerId: "a\0" }, "Invalid character in peerId"],
    ["U+0000 in the offer", "t", { offer: "a\0" }, "Invalid character in offer"],
    ["U+0000 in the code", "t", { code: "a\0" }, "Invalid character in code"]
  ])("are refused: %s", async (_, topic, body, error) => {
    const ada = page("https://refused.example")
    expect(said(await ada.offer(topic, body))).toEqual(refused(400, error))
    expect((await ada.get("/topics")).json.topics).toEqual([])
  })

  it("take everything of just the size that is allowed", async () => {
    const [ada, code, topic] = [page(), fresh("").padEnd(128, "c"), fresh("").padEnd(1024, "t")]
    const [label, offer, answer] = [long(1024), long(65_536), long(65_536)]
    expect((await ada.offer(topic, { peerId: label, offer, code })).json).toEqual({ code })
    expect((await ada.list(topic))[0]).toMatchObject({ code, peerId: label, offer })
    const candidate = long(4094)
    expect(said(await ada.add(code, "offerer", candidate))).toEqual(done)
    expect(said(await ada.add(code, "offerer", `${candidate}x`))).toEqual(
      refused(400, "ICE candidate must be 4KB or less")
    )
    expect(said(await ada.answer(code, `${answer}x`))).toEqual(refused(400, "Answer must be 64KB or less"))
    expect(said(await ada.answer(code, answer))).toEqual(done)
    expect((await ada.poll(code, "offerer")).json.answer).toBe(answer)
    expect((await ada.poll(code, "answerer")).json.offerCandidates).toEqual([candidate])
  })

  const badCode = "Missing or invalid required parameter: code"
  const badSide = 'Invalid or missing parameter: side (must be "offerer" or "answerer")'
  const nothing = "Missing required parameter: answer or candidate"
  it.each([
    ["no code", {}, badCode],
    ["an empty code", { code: "", side: "offerer" }, badCode],
    ["a code that is no string", { code: 1, side: "offerer" }, badCode],
    ["U+0000 in the code", { code: "a\0" }, "Invalid character in code"],
    ["no side", { code: "c" }, badSide],
    ["another side", { code: "c", side: "Offerer" }, badSide]
  ])("are refused an answer and a poll: %s", async (_, body, error) => {
    expect(said(await page().post("/answer", body))).toEqual(refused(400, error))
    expect(said(await page().post("/poll", body))).toEqual(refused(400, error))
  })

  it.each([
    ["nothing", {}, 400, nothing],
    ["empty strings", { answer: "", candidate: "" }, 400, nothing],
    ["what is false", { answer: null, candidate: 0 }, 400, nothing],
    ["both", { answer: "a", candidate: "c" }, 400, "Cannot provide both answer and candidate"],
    ["an answer that is no string", { answer: { sdp: "v=0" } }, 400, "Invalid parameter: answer"],
    ["U+0000 in the answer", { answer: "a\0" }, 400, "Invalid character in answer"],
    ["a code that nobody has", { answer: "a" }, 404, missing[1].error],
    ["a candidate for a code that nobody has", { candidate: "c" }, 404, missing[1].error]
  ])("are refused an answer: %s", async (_, body, status, error) => {
    const reply = await page().post("/answer", { code: "nobody's", side: "answerer", ...body })
    expect(said(reply)).toEqual(refused(status, error))
  })

  it.each(["", "{", "null", "7", '"text"', "true"])("are refused the body %j by name", async (body) => {
    for (const path of ["/x/offer", "/answer", "/poll"]) {
      expect(said(await page().post(path, body))).toEqual(refused(400, "Invalid JSON body"))
    }
  })

  it("are refused a request without any body by the same name", async () => {
    const http = createHttpClient(server.port)
    for (const path of ["/x/offer", "/answer", "/poll"]) {
      const bytes = `POST /rondevu-sessions${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
      expect(await http.exchange(bytes)).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n\{"error":"Invalid JSON body"\}$/)
    }
  })

  it("take a body [] for one without anything", async () => {
    expect(said(await page().post("/x/offer", "[]"))).toEqual(refused(400, noLabel))
    expect(said(await page().post("/answer", "[]"))).toEqual(refused(400, badCode))
    expect(said(await page().post("/poll", "[]"))).toEqual(refused(400, badCode))
  })

  it("are refused bodies over 512 KiB, and paths that cannot be decoded", async () => {
    const body = JSON.stringify({ code: "c", side: "offerer", more: long(512 * 1024) })
    for (const path of ["/x/offer", "/answer", "/poll"]) {
      expect(said(await page().post(path, body))).toEqual(refused(413, "Request body too large"))
    }
    const chunked = { "transfer-encoding": "chunked" }
    expect(said(await page().send("POST", "/poll", body, chunked))).toEqual(refused(413, "Request body too large"))
    expect(said(await page().get("/%E0%A4%A/sessions"))).toEqual(refused(400, "Invalid path"))
    expect(said(await page().get(`/${long(1025)}/sessions`))).toEqual(
      refused(400, "Topic string must be 1024 characters or less")
    )
  })

  it("keep the first answer: the same again is fine, another is refused, whoever gives it", async () => {
    const [ada, code] = [page(), fresh("code")]
    await ada.offer("t", { code })
    expect(said(await ada.answer(code, "first", "offerer"))).toEqual(done)
    expect(said(await ada.answer(code, "first"))).toEqual(done)
    expect(said(await ada.answer(code, "second"))).toEqual(refused(409, "Session already answered"))
    expect((await ada.poll(code, "offerer")).json.answer).toBe("first")
  })

  it("have one answer of eight that come at once", async () => {
    const [ada, code] = [page(), fresh("code")]
    await ada.offer("t", { code })
    const replies = await Promise.all(Array.from({ length: 8 }, (_, index) => ada.answer(code, `answer ${index}`)))
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(409)])
    const first = replies.findIndex(({ status }) => status === 200)
    expect((await ada.poll(code, "offerer")).json.answer).toBe(`answer ${first}`)
  })

  it("belong to their bucket: the literal origin, none, or one for all", async () => {
    const [topic, code] = [fresh("topic"), fresh("code")]
    const other = [
      page("https://app.example/"),
      page("https://APP.example"),
      page("http://app.example"),
      page("https://app.example:8443"),
      page(null),
      page(usual, { "x-rondevu-global": "true" })
    ]
    const all = [page(usual), ...other]
    for (const [index, each] of all.entries()) {
      expect(said(await each.offer(topic, { code, offer: `of ${index}` }))).toEqual([200, { code }])
      expect(said(await each.offer(topic, { code, offer: "another" }))).toEqual(
        refused(409, `Session code '${code}' already exists`)
      )
    }
    for (const [index, each] of all.entries()) {
      expect((await each.list(topic)).map(({ offer }) => offer)).toEqual([`of ${index}`])
      expect((await each.poll(code, "answerer")).json.offer).toBe(`of ${index}`)
    }
    expect(said((await all[0]?.answer(code, "here")) as any)).toEqual(done)
    for (const each of other) expect((await each.poll(code, "offerer")).json.answer).toBeNull()
    // Two names of one bucket.
    expect((await page("unknown").list(topic)).map(({ offer }) => offer)).toEqual(["of 5"])
    expect((await page("https://ronde.vu").list(topic)).map(({ offer }) => offer)).toEqual(["of 6"])
    for (const word of ["True", "1", "true "]) {
      const seen = await page("https://ronde.vu.example", { "x-rondevu-global": word }).list(topic)
      expect(seen.length, word).toBe(word === "true " ? 1 : 0)
    }
  })

  it("have buckets for origins of any length", async () => {
    const topic = fresh("topic")
    const [one, other] = [page(`https://${long(4000)}1`), page(`https://${long(4000)}2`)]
    const { code } = (await one.offer(topic)).json
    expect(await one.list(topic)).toHaveLength(1)
    expect(await other.list(topic)).toHaveLength(0)
    expect(said(await other.poll(code, "answerer"))).toEqual(missing)
  })

  it("keep every candidate, in the order of the answers, and any JSON", async () => {
    const [ada, code] = [page(), fresh("code")]
    await ada.offer("t", { code })
    const odd = [{ b: 1, a: [null, "\0", "\ud800"] }, "text", 7, true, [], { "": {} }]
    for (const candidate of odd) expect(said(await ada.add(code, "answerer", candidate))).toEqual(done)
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1)
    for (const number of numbers.slice(0, 20)) await page().add(code, "offerer", number)
    await Promise.all(
      numbers.slice(20).map(async (number) => {
        expect(said(await page().add(code, number % 2 === 0 ? "offerer" : "answerer", number))).toEqual(done)
      })
    )
    const { answerCandidates } = (await ada.poll(code, "offerer")).json
    const { offerCandidates } = (await ada.poll(code, "answerer")).json
    const rising = (list: readonly number[]) => list.toSorted((one, other) => one - other)
    expect(answerCandidates.slice(0, odd.length)).toEqual(odd)
    expect(rising(answerCandidates.slice(odd.length))).toEqual(numbers.slice(20).filter((each) => each % 2 === 1))
    expect(offerCandidates.slice(0, 20)).toEqual(numbers.slice(0, 20))
    expect(rising(offerCandidates.slice(20))).toEqual(numbers.slice(20).filter((each) => each % 2 === 0))
  })

  it("take 256 candidates of a side and no more, also of many at once", async () => {
    const [ada, code] = [page(), fresh("code")]
    await ada.offer("t", { code })
    const replies = await Promise.all(Array.from({ length: 260 }, (_, index) => ada.add(code, "offerer", index + 1)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(256)
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect(said(reply)).toEqual(refused(400, "Too many candidates"))
    }
    expect((await ada.poll(code, "answerer")).json.offerCandidates).toHaveLength(256)
    expect(said(await ada.add(code, "answerer", "fits"))).toEqual(done)
  })

  it("are counted by topic, page by page", async () => {
    const ada = page(`https://${fresh("topics")}.example`)
    const names = ["b", "a", "ä", "B", "zz"]
    for (const name of names) await ada.offer(name)
    await ada.offer("b")
    const { code } = (await ada.offer("answered")).json
    await ada.answer(code, "taken")
    const of = async (query: string) => {
      const { json } = await ada.get(`/topics${query}`)
      return [json.topics.map(({ topic, count }: any) => [topic, count]), json.pagination]
    }
    const all = [
      ["B", 1],
      ["a", 1],
      ["b", 2],
      ["zz", 1],
      ["ä", 1]
    ]
    expect(await of("")).toEqual([all, { page: 1, limit: 100, total: 5, hasMore: false }])
    expect(await of("?page=2&limit=2")).toEqual([all.slice(2, 4), { page: 2, limit: 2, total: 5, hasMore: true }])
    expect(await of("?page=3&limit=2")).toEqual([all.slice(4), { page: 3, limit: 2, total: 5, hasMore: false }])
    expect(await of("?page=9&limit=2")).toEqual([[], { page: 9, limit: 2, total: 5, hasMore: false }])
    expect(await of("?page=0&limit=0")).toEqual([all.slice(0, 1), { page: 1, limit: 1, total: 5, hasMore: true }])
    expect(await of("?page=-2&limit=-3")).toEqual([all.slice(0, 1), { page: 1, limit: 1, total: 5, hasMore: true }])
    expect(await of("?limit=1001")).toEqual([all, { page: 1, limit: 1000, total: 5, hasMore: false }])
    expect((await of("?page=99999999999999999999&limit=1000"))[0]).toEqual([])
    for (const bad of ["x", "1.5", "", "1e3", " 1"]) {
      for (const name of ["page", "limit"]) {
        expect(said(await ada.get(`/topics?${name}=${encodeURIComponent(bad)}`))).toEqual(
          refused(400, `Invalid parameter: ${name}`)
        )
      }
    }
  })
})
