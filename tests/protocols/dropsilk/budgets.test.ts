import { once } from "node:events"
import type { Socket } from "node:net"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { dropSilkLimits } from "../../../src/io/dropsilk/limits.ts"
import { type ConnectOptions, connect, makeRoom, post, type TestServer } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"

const refusals = async (server: TestServer, budget: string): Promise<number> => {
  const text = await (await fetch(`${server.http}/metrics`)).text()
  return Number(new RegExp(`^silktower_refusals_total\\{budget="${budget}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0)
}

/** The answer to an upgrade that is refused. */
const refused = async (server: TestServer, from: string) => {
  const socket = new WebSocket(server.ws, { headers: { "x-forwarded-for": from } })
  socket.on("error", () => {})
  const [, response] = await once(socket, "unexpected-response")
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode,
    retryAfter: response.headers["retry-after"],
    body: Buffer.concat(chunks).toString()
  }
}
const tooMany = { status: 429, retryAfter: expect.stringMatching(/^[1-9]\d*$/), body: "Too many connections" }
const from = (address: string, more: Readonly<Record<string, string>> = {}): ConnectOptions => ({
  headers: { "x-forwarded-for": address, ...more }
})

describe("connections of one address", () => {
  const server = useServer({ MAX_CONNECTIONS_PER_ADDRESS: "3" })

  it("are refused beyond its budget until one has gone, whatever the client claims, and nobody else's are", async () => {
    const open = await Promise.all([1, 2, 3].map(() => connect(server.ws, from("203.0.113.1"))))
    expect(await refused(server, "203.0.113.1")).toEqual(tooMany)
    // What stands left of the address that the proxy has added is the client's own invention.
    expect(await refused(server, "198.51.100.7, 203.0.113.1")).toEqual(tooMany)
    const other = await connect(server.ws, from("203.0.113.2"))
    await open[0]?.close()
    await expect.poll(() => server.actors().connections).toBe(3)
    open.push(await connect(server.ws, from("203.0.113.1")))
    expect(await refusals(server, "connections")).toBe(2)
    await Promise.all([...open, other].map((client) => client.close()))
  })

  it("of IPv6 count together by /64", async () => {
    const open = await Promise.all([1, 2, 3].map((host) => connect(server.ws, from(`2001:db8:0:1::${host}`))))
    expect(await refused(server, "2001:db8:0:1:ffff::9")).toEqual(tooMany)
    open.push(await connect(server.ws, from("2001:db8:0:2::1")))
    await Promise.all(open.map((client) => client.close()))
  })

  it("are told of in the log once, however many are refused", async () => {
    const open = await Promise.all([1, 2, 3].map(() => connect(server.ws, from("203.0.113.77"))))
    for (let at = 0; at < 20; at++) await refused(server, "203.0.113.77")
    const lines = server
      .log()
      .split("\n")
      .filter((line) => line.includes('"abuse:refused"') && line.includes("203.0.113.77"))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", budget: "connections", ip: "203.0.113.77" }
    ])
    await Promise.all(open.map((client) => client.close()))
  })
})

describe("upgrades of one address", () => {
  const server = useServer({ MAX_UPGRADES_PER_MINUTE: "5" })

  it("are refused when they come too often, and soon granted again", async () => {
    for (let at = 0; at < 5; at++) await (await connect(server.ws, from("203.0.113.1"))).close()
    const refusal = await refused(server, "203.0.113.1")
    expect(refusal).toEqual(tooMany)
    expect(Number(refusal.retryAfter)).toBeLessThanOrEqual(12)
    await (await connect(server.ws, from("203.0.113.2"))).close()
    await expect
      .poll(() => connect(server.ws, from("203.0.113.1")).then((client) => client.close()), { interval: 500 })
      .toBeGreaterThan(0)
  })
})

describe("a network behind one address, at the default budgets", () => {
  const server = useServer({ MAX_CONNECTIONS_PER_ADDRESS: "", MAX_UPGRADES_PER_MINUTE: "" })

  it("is let in as a whole when it comes back at once, and whoever opens and drops without end is stopped", async () => {
    const clients = await Promise.all(Array.from({ length: 500 }, () => connect(server.ws, from("203.0.113.1"))))
    expect(await refusals(server, "upgrades")).toBe(0)

    let opened = 0
    const drop = async (): Promise<void> => {
      const socket = new WebSocket(server.ws, { headers: { "x-forwarded-for": "203.0.113.66" } })
      const [answer] = await Promise.race([
        once(socket, "open").then(() => ["open"]),
        once(
          socket.on("error", () => {}),
          "unexpected-response"
        ).then(() => ["refused"])
      ])
      socket.terminate()
      if (answer === "refused") return
      expect(++opened).toBeLessThan(1_000)
      await drop()
    }
    await drop()
    expect(await refusals(server, "upgrades")).toBe(1)
    await Promise.all(clients.map((client) => client.close()))
  }, 60_000)
})

describe("frames of one connection", () => {
  const server = useServer({ MAX_FRAMES_PER_SECOND: "20" })

  it("may come in a burst; beyond it the connection is closed and nobody else's", async () => {
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    for (let at = 0; at < 90; at++) ann.send({ type: "register-details", name: `Ann ${at}` })
    await ann.settled()
    const closed = ann.closed()
    for (let at = 0; at < 400; at++) ann.send({ type: "register-details", name: `Ann ${at}` })
    expect(await closed).toBe(1008)
    await bob.settled()
    expect(await refusals(server, "frames")).toBe(1)
    await bob.close()
  })

  it.each(["ping", "pong"] as const)("of the WebSocket's own kinds count as well: %s", async (kind) => {
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    const before = await refusals(server, "frames")
    const closed = ann.closed()
    // Each behind the answer to the one before, or ws itself cuts off who does not read its answers.
    for (let at = 0; at < 400 && ann.socket.readyState === WebSocket.OPEN; at += 40) {
      for (let more = 0; more < 40; more++) ann.socket[kind]()
      await Promise.race([closed, ann.settled().catch(() => {})])
    }
    expect(await closed).toBe(1008)
    await bob.settled()
    expect(await refusals(server, "frames")).toBe(before + 1)
    await bob.close()
  })

  it("cut the connection when they go on and on although it has been closed", async () => {
    const ann = await connect(server.ws)
    const socket = (ann.socket as unknown as { _socket: Socket })._socket
    // It hears nothing of that, and does not answer.
    socket.pause()
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()))
    socket.on("error", () => {})
    const pongs = Buffer.concat(Array.from({ length: 3000 }, () => Buffer.from([0x8a, 0x80, 0, 0, 0, 0])))
    const write = () => socket.writable && socket.write(pongs, () => setImmediate(write))
    write()
    await expect.poll(() => server.actors().connections, { timeout: 5_000 }).toBe(0)
    socket.destroy()
    await gone
  })
})

describe("wrong codes of one address", () => {
  const server = useServer({ MAX_FAILED_JOINS_PER_MINUTE: "4" })

  it("are answered a few times, over the socket and HTTP alike, and then without a look; right ones cost nothing", async () => {
    const host = await connect(server.ws, from("203.0.113.9"))
    host.send({ type: "create-flight" })
    const { flightCode } = await host.until("flight-created")
    const guesser = await connect(server.ws, from("203.0.113.1"))
    const guess = async (code: string) => {
      guesser.send({ type: "join-flight", flightCode: code })
      return (await guesser.until("error"))["message"]
    }
    const join = (code: string, address: string) =>
      post(
        `${server.http}/api/rooms/${code}/join`,
        { name: "Eve" },
        { headers: { "content-type": "application/json", "x-forwarded-for": address } }
      )
    // Right ones first, more than the budget has: rooms that are full are there.
    const room = await makeRoom(server)
    for (let at = 0; at < 10; at++) expect((await join(room.code, "203.0.113.1")).status).toBe(400)

    expect(await guess("AAAAAA")).toBe("Flight not found or full")
    expect(await guess("BBBBBB")).toBe("Flight not found or full")
    expect((await join("CCCCCC", "203.0.113.1")).body).toEqual({ error: "Room not found or expired" })
    expect((await join("DDDDDD", "203.0.113.1")).body).toEqual({ error: "Room not found or expired" })
    expect(await guess("EEEEEE")).toBe("Too many attempts")
    // Not even a right one, now: the answer tells nothing of the code.
    expect(await guess(flightCode)).toBe("Too many attempts")
    const response = await fetch(`${server.http}/api/rooms/${room.code}/join`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": "203.0.113.1" },
      body: '{"name":"Eve"}'
    })
    expect([response.status, await response.json()]).toEqual([429, { error: "Too many requests" }])
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0)

    const friend = await connect(server.ws, from("203.0.113.2"))
    friend.send({ type: "join-flight", flightCode })
    await friend.until("peer-joined")
    expect(await refusals(server, "guesses")).toBe(3)
    await Promise.all([host, guesser, friend].map((client) => client.close()))
  })
})

describe("wrong codes, however they are written,", () => {
  const server = useServer({ MAX_FAILED_JOINS_PER_MINUTE: "4", MAX_POLLS_PER_SECOND: "1" })

  it("count as the code that they are read as, and what is no code counts as none", async () => {
    const guesser = await connect(server.ws, from("203.0.113.31"))
    const answers: string[] = []
    for (const flightCode of ["AAA", "A-A-A", "AAA-AAA", "aaa\u200baaa", "ＡＡＡＡＡＡ", " A A A A A A ", "“AAAAAA”"]) {
      guesser.send({ type: "join-flight", flightCode })
      answers.push((await guesser.until("error"))["message"])
    }
    expect(answers).toEqual([
      ...Array.from({ length: 2 }, () => "Invalid message payload"),
      ...Array.from({ length: 4 }, () => "Flight not found or full"),
      "Too many attempts"
    ])
    await guesser.close()
  })

  it("have no budget of polls of their own", async () => {
    const { code, host } = await makeRoom(server)
    const spellings = [
      code,
      code.toLowerCase(),
      `${code.slice(0, 3)}-${code.slice(3)}`,
      ` ${code} `,
      code.split("").join("\u200b")
    ]
    const statuses: number[] = []
    for (let at = 0; at < 3 * dropSilkLimits.pollBurstSeconds; at++) {
      const written = encodeURIComponent(spellings[at % spellings.length] as string)
      statuses.push((await fetch(`${server.http}/api/rooms/${written}?participantId=${host}`)).status)
    }
    expect(statuses.filter((status) => status === 200).length).toBeLessThan(2 * dropSilkLimits.pollBurstSeconds)
    expect(statuses.at(-1)).toBe(429)
  })
})

describe("rooms of one address, and polls of one participant", () => {
  const server = useServer({ MAX_ROOMS_PER_MINUTE: "3", MAX_POLLS_PER_SECOND: "1" })

  it("are refused beyond their budgets, and others' are not", async () => {
    const create = async (address: string) => {
      const response = await fetch(`${server.http}/api/rooms`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": address },
        body: '{"name":"Ann"}'
      })
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        body: (await response.json()) as any
      }
    }
    const made = [await create("203.0.113.1"), await create("203.0.113.1"), await create("203.0.113.1")]
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(await create("203.0.113.1")).toEqual({
      status: 429,
      retryAfter: expect.stringMatching(/^[1-9]\d*$/),
      body: { error: "Too many requests" }
    })
    expect((await create("203.0.113.2")).status).toBe(201)

    const poll = ({ body }: { body: any }, more = "") =>
      fetch(`${server.http}/api/rooms/${body.roomCode}?participantId=${body.self.participantId}${more}`).then(
        ({ status }) => status
      )
    // Beside the router and through it, it is one budget.
    const statuses = [
      ...(await Promise.all(Array.from({ length: 12 }, (_, at) => poll(made[0]!, at % 2 === 0 ? "" : "&x=1"))))
    ]
    expect(statuses).toEqual(Array(12).fill(200))
    expect(await Promise.all([poll(made[0]!), poll(made[0]!, "&x=1")])).toEqual([429, 429])
    expect(await poll(made[1]!)).toBe(200)
    await expect.poll(() => poll(made[0]!), { interval: 300 }).toBe(200)
  })
})

describe("a page that was asleep", () => {
  const server = useServer({ MAX_POLLS_PER_SECOND: "" })

  it("may ask for all that it has missed at one moment", async () => {
    const { code, host, guest } = await makeRoom(server)
    const polls = (id: string, count: number) =>
      Promise.all(
        Array.from(
          { length: count },
          async () => (await fetch(`${server.http}/api/rooms/${code}?participantId=${id}`)).status
        )
      )
    expect(new Set(await polls(host, 120))).toEqual(new Set([200]))
    // More come back all the while, ten a second; but not as many as these.
    expect(await polls(guest, 400)).toContain(429)
  })
})

describe("a campus behind one address", () => {
  const server = useServer({
    MAX_CONNECTIONS_PER_ADDRESS: "",
    MAX_UPGRADES_PER_MINUTE: "",
    MAX_FRAMES_PER_SECOND: "",
    MAX_ROOMS_PER_MINUTE: "",
    MAX_FAILED_JOINS_PER_MINUTE: "",
    MAX_POLLS_PER_SECOND: ""
  })

  it("feels nothing of the defaults: 200 clients, 100 flights, 50 signals each", async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect(server.ws, from("203.0.113.1"))))
    for (let at = 0; at < clients.length; at += 2) {
      const [ann, bob] = [clients[at]!, clients[at + 1]!]
      ann.send({ type: "create-flight" })
      bob.send({ type: "join-flight", flightCode: (await ann.until("flight-created"))["flightCode"] })
      await bob.until("peer-joined")
      for (let signal = 0; signal < 50; signal++) bob.send({ type: "signal", data: signal })
      await ann.until("signal", ({ data }) => data === 49)
    }
    expect(await (await fetch(`${server.http}/metrics`)).text()).not.toMatch(
      /^silktower_(refusals|log_lines_omitted)_total\{/m
    )
    await Promise.all(clients.map((client) => client.close()))
  })
})

describe("a proxy that nobody has told the server of", () => {
  const server = useServer({ TRUST_PROXY: "192.0.2.0/24", MAX_CONNECTIONS_PER_ADDRESS: "1" })

  it("makes all clients one, and is told of in the log, once", async () => {
    const client = await connect(server.ws, from("203.0.113.1"))
    expect(await refused(server, "203.0.113.2")).toEqual(tooMany)
    const lines = server
      .log()
      .split("\n")
      .filter((line) => line.includes('"system:proxy"'))
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: "warn", ip: "127.0.0.1", warning: expect.stringContaining("TRUST_PROXY") })
    ])
    await client.close()
  })
})

describe("a proxy that tells the client's address in another way", () => {
  const server = useServer({})
  const told = (of: TestServer) => of.lines("system:proxy")

  it.each([
    ["X-Real-IP", "203.0.113.1"],
    ["CF-Connecting-IP", "203.0.113.1"],
    ["True-Client-IP", "203.0.113.1"],
    ["Forwarded", "for=203.0.113.1;proto=https"]
  ])("is told of in the log, once, by the name of the header: %s", async (header, value) => {
    const before = told(server).length
    for (let at = 0; at < 3; at++) {
      await (await fetch(`${server.http}/stats`, { headers: { [header]: value, connection: "close" } })).arrayBuffer()
      await (await connect(server.ws, { headers: { [header]: value } })).close()
    }
    expect(told(server).slice(before)).toEqual([
      expect.objectContaining({ level: "warn", ip: "127.0.0.1", warning: expect.stringContaining(`${header} `) })
    ])
    expect(told(server).at(-1).warning).toContain("X-Forwarded-For")
    expect(server.log()).not.toContain("203.0.113.1")
  })

  it("is not told of where X-Forwarded-For says who it is", async () => {
    const before = told(server).length
    const headers = {
      "x-forwarded-for": "203.0.113.4",
      "x-client-ip": "203.0.113.4",
      "fastly-client-ip": "203.0.113.4"
    }
    await (await connect(server.ws, { headers })).close()
    // Nor is what holds no address, from who is trusted.
    await (await connect(server.ws, from("nobody"))).close()
    expect(told(server)).toHaveLength(before)
  })
})

describe("a server that nobody is a proxy to", () => {
  const server = useServer({ TRUST_PROXY: "none" })

  it("says nothing of what clients claim", async () => {
    await (
      await connect(server.ws, { headers: { "x-real-ip": "203.0.113.4", "x-forwarded-for": "203.0.113.4" } })
    ).close()
    expect(server.log()).not.toContain("system:proxy")
  })
})

describe("wrong keys for the log", () => {
  const server = useServer({ LOG_ACCESS_KEY: "a key that nobody guesses" })

  it("do not wash everything else out of it", async () => {
    for (let index = 0; index < 200; index++) {
      expect((await fetch(`${server.http}/logs?key=wrong`)).status).toBe(403)
    }
    const lines = server
      .log()
      .split("\n")
      .filter((line) => line.includes('"system:log_access"'))
    expect(lines.length).toBeGreaterThan(50)
    expect(lines.length).toBeLessThan(100)
  })
})

/** The statuses of so many requests of one address. */
const statuses = async (server: TestServer, path: string, address: string, count: number, init: RequestInit = {}) => {
  const answers: Response[] = []
  for (let at = 0; at < count; at++) {
    answers.push(await fetch(server.http + path, { ...init, headers: { ...init.headers, "x-forwarded-for": address } }))
  }
  await Promise.all(answers.map((answer) => answer.arrayBuffer()))
  return answers.map(({ status }) => status)
}

describe("requests of one address", () => {
  const server = useServer({ MAX_REQUESTS_PER_SECOND: "1" })

  it("are refused beyond its budget, where pages can read it, and nobody else's are", async () => {
    expect(await statuses(server, "/stats", "203.0.113.1", 5)).toEqual(Array(5).fill(200))
    const refused = await fetch(`${server.http}/api/status`, {
      headers: { "x-forwarded-for": "203.0.113.1", origin: "https://dropsilk.xyz" }
    })
    expect(refused.status).toBe(429)
    expect(await refused.json()).toEqual({ error: "Too many requests" })
    expect(refused.headers.get("retry-after")).toBe("1")
    expect(refused.headers.get("access-control-allow-origin")).toBe("https://dropsilk.xyz")
    expect(await statuses(server, "/stats", "203.0.113.2", 1)).toEqual([200])
    expect(await refusals(server, "requests")).toBe(1)
  })

  it("do not cost it its health checks, which have a budget of their own", async () => {
    expect(await statuses(server, "/nowhere", "203.0.113.3", 20)).toContain(429)
    expect(await statuses(server, "/healthz", "203.0.113.3", 5)).toEqual(Array(5).fill(200))
    expect(await statuses(server, "/readyz", "203.0.113.3", 10)).toContain(429)
  })
})

describe("requests that others are asked for", () => {
  const server = useServer({ MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: "3", STUN_URLS: "stun:127.0.0.1:1" })

  it("have a budget of their own, all together; callbacks of UploadThing are not among them", async () => {
    expect(await statuses(server, "/api/turn-credentials", "203.0.113.1", 4)).toEqual([200, 200, 200, 429])
    const json = { "content-type": "application/json" }
    expect(
      await statuses(server, "/request-email", "203.0.113.1", 1, { method: "POST", headers: json, body: "{}" })
    ).toEqual([429])
    const upload = (headers: Record<string, string>) => ({
      method: "POST",
      headers: { ...json, ...headers },
      body: "{}"
    })
    expect(await statuses(server, "/api/uploadthing?a=1", "203.0.113.1", 1, upload({}))).toEqual([429])
    expect(
      await statuses(server, "/api/uploadthing", "203.0.113.1", 2, upload({ "uploadthing-hook": "callback" }))
    ).toEqual([500, 500])
    expect(await statuses(server, "/stats", "203.0.113.1", 1)).toEqual([200])
    expect(await refusals(server, "thirdParties")).toBe(3)
  })
})

describe("a school behind one address", () => {
  const server = useServer({ MAX_REQUESTS_PER_SECOND: "", MAX_POLLS_PER_SECOND: "", MAX_ROOMS_PER_MINUTE: "0" })

  it("polls its rooms and sends the preflights of that, and nobody is refused", async () => {
    const polled: Promise<Response>[] = []
    const rooms = await Promise.all(Array.from({ length: 50 }, () => makeRoom(server)))
    // Ten polls and five preflights of each of a hundred participants: more than two seconds of five hundred.
    for (const { code, host, guest } of rooms) {
      for (const id of [host, guest]) {
        const url = `${server.http}/api/rooms/${code}?participantId=${id}`
        for (let at = 0; at < 15; at++) polled.push(fetch(url, { method: at < 10 ? "GET" : "OPTIONS" }))
      }
      await Promise.all(polled.slice(-30).map(async (answer) => (await answer).arrayBuffer()))
    }
    const answers = await Promise.all(polled)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 204]))
    expect(answers).toHaveLength(1500)
  })
})

describe("invitations of one to another", () => {
  const server = useServer({})

  it("arrive a few times, and then in silence no more; others' do", async () => {
    const [ann, bob, eve] = [await connect(server.ws), await connect(server.ws), await connect(server.ws)]
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    for (let at = 0; at < 200; at++) ann.send({ type: "invite-to-flight", inviteeId: bob.id, flightCode })
    ann.send({ type: "invite-to-flight", inviteeId: eve.id, flightCode })
    await ann.settled()
    await eve.until("flight-invitation")
    const invitations = (client: typeof bob) => client.frames.filter(({ type }) => type === "flight-invitation").length
    await bob.settled()
    expect([invitations(bob), invitations(eve)]).toEqual([5, 1])
    expect(ann.frames.filter(({ type }) => type === "error")).toEqual([])
    expect(await refusals(server, "invitations")).toBe(195)
    await Promise.all([ann, bob, eve].map((client) => client.close()))
  })

  it("do not become more by connecting anew", async () => {
    const bob = await connect(server.ws, from("203.0.113.9"))
    for (let at = 0; at < 30; at++) {
      const ann = await connect(server.ws, from("203.0.113.9"))
      ann.send({ type: "create-flight" })
      const { flightCode } = await ann.until("flight-created")
      for (let again = 0; again < 5; again++) ann.send({ type: "invite-to-flight", inviteeId: bob.id, flightCode })
      await ann.settled()
      await ann.close()
    }
    await bob.settled()
    const arrived = bob.frames.filter(({ type }) => type === "flight-invitation").length
    expect(arrived).toBeGreaterThanOrEqual(60)
    // Some come back meanwhile, one a second.
    expect(arrived).toBeLessThan(120)
    await bob.close()
  })
})
