import { beforeAll, describe, expect, test } from "vitest"
import { type Answer, allowedOrigin, type StartedHttp, useHttp } from "../../../support/httpClient.ts"
import { randomNumbers } from "../../../support/random.ts"

/** What an answer says, without the moment. */
const told = ({ status, headers, text }: Answer) => {
  const { date: _, ...rest } = headers
  return { status, headers: rest, text: text.replace(/"expiresAt":"[^"]*"/, "") }
}

/** Ways to ask for the same that leave the fast path to the routes. */
const roundabout: readonly (readonly [string, (code: string, id: string) => string, Record<string, string>])[] = [
  [
    "a letter of the code percent-encoded",
    (code, id) => `%${code.charCodeAt(0).toString(16)}${code.slice(1)}?participantId=${id}`,
    {}
  ],
  [
    "a letter of the id percent-encoded",
    (code, id) => `${code}?participantId=${id.slice(0, -1)}%${id.charCodeAt(id.length - 1).toString(16)}`,
    {}
  ],
  ["a blank before the code", (code, id) => `%20${code}?participantId=${id}`, {}],
  ["a blank behind the id", (code, id) => `${code}?participantId=${id}+`, {}],
  ["another parameter", (code, id) => `${code}?participantId=${id}&x=1`, {}],
  ["an empty body", (code, id) => `${code}?participantId=${id}`, { "content-length": "0" }]
]

describe("a poll written as clients write it", () => {
  const started = useHttp()
  const hasty = useHttp({ MAX_POLLS_PER_SECOND: "1" })

  const roomOn = async (server: StartedHttp) => {
    const { roomCode, self } = (await server.post("/api/rooms", { name: "Änn" })).json
    return { code: roomCode as string, host: self.participantId as string }
  }
  const ask = async (server: StartedHttp, target: string, headers: Record<string, string> = {}) =>
    told(await server.get(`/api/rooms/${target}`, { origin: allowedOrigin, ...headers }))

  test.each(roundabout)(
    "is answered like one with %s, the first time and when the room is not even asked",
    async (_, written, headers) => {
      const [one, other] = [await roomOn(started), await roomOn(started)]
      const asked = [
        [one, (code: string, id: string) => `${code}?participantId=${id}`, {}],
        [other, written, headers]
      ] as const
      for (let times = 0; times < 3; times++) {
        const [plain, routed] = await Promise.all(
          asked.map(async ([{ code, host }, target, more]) => {
            const answer = await ask(started, target(code, host), more)
            return { ...answer, text: answer.text.replace(code, "CODE").replace(host, "HOST") }
          })
        )
        expect(plain?.status).toBe(200)
        expect(routed).toEqual(plain)
      }
    }
  )

  test.each(roundabout)("is refused like one with %s when a stranger asks", async (_, written, headers) => {
    const { code } = await roomOn(started)
    for (const asked of [code, "ZZZZZZ"]) {
      const plain = await ask(started, `${asked}?participantId=strangerrrrr`)
      expect(plain.status).toBe(404)
      expect(await ask(started, written(asked, "strangerrrrr"), headers)).toEqual(plain)
    }
  })

  test.each(roundabout)("takes from the same budget as one with %s", async (_, written, headers) => {
    const { code, host } = await roomOn(hasty)
    const ways = [
      () => ask(hasty, written(code, host), headers),
      () => ask(hasty, `${code}?participantId=${host}`)
    ] as const
    // A moment later there may be something in the budget again: the two are asked close together, and kept.
    let [routed, plain] = await Promise.all(ways.map((way) => way()))
    const again = async () => {
      ;[routed, plain] = await Promise.all(ways.map((way) => way()))
      return [routed?.status, plain?.status]
    }
    await expect.poll(again, { interval: 1 }).toEqual([429, 429])
    expect([plain?.status, plain?.text]).toEqual([429, '{"error":"Too many requests"}'])
    expect(plain?.headers["retry-after"]).toBe("1")
    expect(routed).toEqual(plain)
  })

  test("is read in any letter case, and refused like any other when it is none", async () => {
    const { code, host } = await roomOn(started)
    const plain = await ask(started, `${code}?participantId=${host}`)
    expect(await ask(started, `${code.toLowerCase()}?participantId=${host}`)).toEqual(plain)
    for (const target of [
      "ABC23?participantId=x",
      "ABC2345?participantId=x",
      `ABC234?participantId=${"x".repeat(65)}`
    ]) {
      const refused = await ask(started, target)
      expect([refused.status, JSON.parse(refused.text).error]).toEqual([400, "Invalid request"])
      expect(await ask(started, target, { "content-length": "0" })).toEqual(refused)
    }
  })
})

describe("request lines with something changed", () => {
  const wanted = Number(process.env["FUZZ_REQUESTS"] ?? 3_000)
  const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"])
  const started = useHttp()
  let code: string
  let participantId: string
  let pieces: readonly string[]
  beforeAll(async () => {
    const room = (await started.post("/api/rooms", { name: "Ann" })).json
    code = room.roomCode
    participantId = room.self.participantId
    pieces = [
      ...commonPieces,
      `participantId=${participantId}`,
      `&participantId=${participantId}`,
      code,
      code.toLowerCase()
    ]
  })

  const commonPieces = [
    "/",
    "//",
    "%2F",
    "%2f",
    "%5C",
    "\\",
    ".",
    "..",
    "/./",
    "/../",
    "?",
    "%3F",
    "#",
    "%23",
    ";",
    "%3B",
    "&",
    "=",
    "%3D",
    "+",
    "%20",
    "%00",
    "%",
    "%zz",
    "%ff",
    "%C3%A4",
    "\u00e4",
    "%41",
    "%61",
    "%52",
    "%70",
    "A",
    "a",
    "0",
    "O",
    "*",
    ":",
    "@",
    "'",
    "http://localhost",
    "http://",
    "/api/rooms",
    "participantId",
    "participantId=",
    "participantID=x",
    "&x=1",
    "x=1&",
    "[]",
    "[0]"
  ]

  const linesOf = (random: () => number) => {
    const below = (count: number): number => Math.floor(random() * count)
    const one = <A>(list: readonly A[]): A => list[below(list.length)] as A
    const encoded = (text: string): string => `%${text.charCodeAt(0).toString(16).padStart(2, "0")}`
    const changed = (target: string): string => {
      const at = below(target.length + 1)
      switch (below(5)) {
        case 0:
          return target.slice(0, at) + one(pieces) + target.slice(at)
        case 1:
          return target.slice(0, at) + target.slice(at + 1 + below(3))
        case 2:
          return target.slice(0, at) + one(pieces) + target.slice(at + 1 + below(4))
        case 3:
          return at === target.length
            ? target
            : target.slice(0, at) + encoded(target[at] as string) + target.slice(at + 1)
        default:
          return target.slice(0, at) + target.slice(at, at + 1 + below(6)).toLowerCase() + target.slice(at + 7)
      }
    }
    return () => {
      let target = random() < 0.2 ? "/api/rooms" : `/api/rooms/${code}?participantId=${participantId}`
      for (let more = below(4); more > 0; more--) target = changed(target)
      const method = one(["GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "PUT"])
      return { method, target }
    }
  }

  /** What an answer says, on a bare socket: no client has put the request line right. */
  const answerTo = async (line: string, ...headers: readonly string[]): Promise<string> => {
    const request = [line, "Host: localhost", "Connection: close", `Origin: ${allowedOrigin}`, ...headers]
    const received = await started.exchange(`${request.join("\r\n")}\r\n\r\n`)
    const [head = "", body = ""] = received.split("\r\n\r\n", 2)
    // Who writes the answer decides upon the order of the headers.
    const sorted = head
      .toLowerCase()
      .split("\r\n")
      .filter((each) => !each.startsWith("date:"))
      .sort()
    return [...sorted, body.replace(/"expiresAt":"[^"]*"/, "")].join("\n")
  }

  test(`are answered by the fast path as by the routes (${wanted} lines, seed ${seed})`, async () => {
    const next = linesOf(randomNumbers(seed))
    let found = 0
    const compare = async () => {
      const { method, target } = next()
      const line = `${method} ${target} HTTP/1.1`
      // The fast path leaves alone what may have a body, even an empty one.
      const [either, routed] = await Promise.all([answerTo(line), answerTo(line, "Content-Length: 0")])
      expect(either, `${line}\nAgain: FUZZ_SEED=${seed}`).toBe(routed)
      if (either.includes("http/1.1 200")) found++
    }
    for (let left = wanted; left > 0; left -= 20) await Promise.all(Array.from({ length: Math.min(left, 20) }, compare))
    expect(found).toBeGreaterThan(wanted / 10)
  })

  test(`change nothing when a page of another origin posts them (${wanted} lines, seed ${seed})`, async () => {
    const next = linesOf(randomNumbers(seed))
    const body = JSON.stringify({ name: "Mallory", active: true })
    const room = async () => {
      const { expiresAt: _, ...room } = (await started.get(`/api/rooms/${code}?participantId=${participantId}`)).json
      return room
    }
    const before = { room: await room(), rooms: started.actors().rooms }
    const suffixes = ["", "/join", `/participants/${participantId}/ready`, `/participants/${participantId}/chat`]
    let refused = 0
    const post = async (_: unknown, index: number) => {
      const [path = "", query] = next().target.split("?", 2)
      const target = `${path}${suffixes[index % suffixes.length]}${query === undefined ? "" : `?${query}`}`
      const request = [
        `POST ${target} HTTP/1.1`,
        "Host: localhost",
        "Connection: close",
        "Origin: https://evil.example"
      ]
      const framing = ["Content-Type: application/json", `Content-Length: ${body.length}`]
      const received = await started.exchange(`${[...request, ...framing].join("\r\n")}\r\n\r\n${body}`)
      expect(received, `${target}\nAgain: FUZZ_SEED=${seed}`).toMatch(/^HTTP\/1\.1 4/)
      if (received.startsWith("HTTP/1.1 403")) refused++
    }
    for (let left = wanted; left > 0; left -= 20) await Promise.all(Array.from({ length: Math.min(left, 20) }, post))
    expect(await room()).toEqual(before.room)
    expect(started.actors().rooms).toBeLessThanOrEqual(before.rooms as number)
    expect(refused).toBeGreaterThan(wanted / 4)
  })
})
