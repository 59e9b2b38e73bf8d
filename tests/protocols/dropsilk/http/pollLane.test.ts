import { beforeAll, describe, expect, test } from "vitest"
import { allowedOrigin, useSurface } from "../../../core/http/startedServer.ts"
import { randomNumbers } from "../../../support/random.ts"

describe("a poll written as clients write it", () => {
  const started = useSurface()
  let code: string
  beforeAll(async () => {
    code = (await started.post("/api/rooms", { name: "Änn" })).json.roomCode
  })

  // In lower case the same room is asked through the routes.
  const both = (participantId: string) =>
    Promise.all(
      [code, code.toLowerCase()].map(async (written) => {
        const path = `/api/rooms/${written}?participantId=${participantId}`
        const { status, headers, text } = await started.get(path, { origin: allowedOrigin })
        const { date: _, ...rest } = headers
        return { status, headers: rest, text: text.replace(/"expiresAt":"[^"]*"/, "") }
      })
    )

  test.each([
    ["the participant", "participant1", undefined, 200],
    ["a stranger", "strangerrrrr", undefined, 404],
    ["the participant while rooms cannot be reached", "participant1", "unavailable", 503],
    ["the participant while the server has a fault", "participant1", "fault", 500]
  ] as const)("is answered like any other: %s", async (_, participantId, failure, status) => {
    started.faults.length = 0
    if (failure !== undefined) started.desk.failWith(failure)
    const [plain, other] = await both(participantId)
    expect(plain?.status).toBe(status)
    expect(plain).toEqual(other)
    expect(started.faults).toHaveLength(failure === "fault" ? 2 : 0)
  })
})

describe("request lines with something changed", () => {
  const wanted = Number(process.env["FUZZ_REQUESTS"] ?? 3_000)
  const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"])
  const participantId = "participant1"
  const started = useSurface()
  let code: string
  beforeAll(async () => {
    code = (await started.post("/api/rooms", { name: "Ann" })).json.roomCode
  })

  const pieces = [
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
    "participantId=participant1",
    "&participantId=participant1",
    "participantID=x",
    "&x=1",
    "x=1&",
    "REEM22",
    "reem22",
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

  test(`are answered beside the routes as by the routes (${wanted} lines, seed ${seed})`, async () => {
    const next = linesOf(randomNumbers(seed))
    let found = 0
    const compare = async () => {
      const { method, target } = next()
      const line = `${method} ${target} HTTP/1.1`
      // The lane leaves alone what may have a body, even an empty one.
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
    const before = JSON.stringify([...started.desk.rooms.entries()].map(([, { expiresAt: _, ...room }]) => room))
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
    const after = JSON.stringify([...started.desk.rooms.entries()].map(([, { expiresAt: _, ...room }]) => room))
    expect(after).toBe(before)
    expect(refused).toBeGreaterThan(wanted / 4)
  })
})
