import { once } from "node:events"
import { connect as connectTcp } from "node:net"
import * as HttpApi from "effect/http-api/HttpApi"
import * as Layer from "effect/Layer"
import { afterEach, describe, expect, it } from "vitest"
import { httpPart } from "../../../src/http/httpPart.ts"
import { createTowerPage } from "../../../src/http/tower/towerPage.ts"
import { limits } from "../../../src/limits.ts"
import { surfaceForThisTest } from "../../support/httpSurface.ts"
import { poison } from "../../support/poison.ts"
import { connect, makeRoom, meetInFlight, type TestClient, type TestServer } from "../../support/server.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { serverForThisTest, useClients, useServer } from "../../support/useServer.ts"
import { withKey, wrongKeys } from "./wrongKeys.ts"

const key = "a key & a half: öffne dich"
const keyed = ["/tower", "/tower/events", "/tower/story", "/tower/settings", "/tower/clients"]

const ask = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const openFlight = async (comes: TestServer["connect"], hostName: string, guestName: string) => {
  const [host, guest] = [await comes({ name: hostName }), await comes({ name: guestName })]
  const flightCode = await meetInFlight(host, guest)
  return { host, guest, flightCode }
}

const closeAll = (...clients: readonly TestClient[]) => Promise.all(clients.map((client) => client.close()))

describe("the tower page", () => {
  const server = useServer({ LOG_ACCESS_KEY: key })
  const comes = useClients(server)
  const watchers: TowerWatcher[] = []
  const watch = async () => {
    const watcher = await TowerWatcher.open(`${server.http}/tower/events${withKey(key)}`)
    watchers.push(watcher)
    return watcher
  }
  afterEach(async () => {
    await Promise.all(watchers.splice(0).map((watcher) => watcher.close()))
  })

  it("leaves a line for whoever watches and for whoever was refused, without the keys", async () => {
    const before = server.lines().length
    await ask(`${server.http}/tower?key=my-other-password`, { headers: { "x-forwarded-for": "203.0.113.7" } })
    await ask(`${server.http}/tower${withKey(key)}`)
    expect(
      server
        .lines()
        .slice(before)
        .filter(({ message }) => message === "system:log_access")
    ).toEqual([
      expect.objectContaining({ level: "warn", granted: false, ip: "203.0.113.7" }),
      expect.objectContaining({ level: "info", granted: true, ip: "127.0.0.1" })
    ])
    for (const text of [key, encodeURIComponent(key), "my-other-password"]) expect(server.log()).not.toContain(text)
  })

  describe.each(keyed)("%s", (path) => {
    it.each(wrongKeys(key))("is forbidden with %s", async (_, query) => {
      const { status, headers, text } = await ask(`${server.http}${path}${query}`)
      expect([status, headers.get("content-type"), text]).toEqual([403, "text/plain; charset=utf-8", "Forbidden"])
    })

    it("is nothing that can be posted to", async () => {
      const { status, text } = await ask(`${server.http}${path}${withKey(key)}`, { method: "POST" })
      expect([status, text]).toEqual([405, '{"error":"Method not allowed"}'])
    })
  })

  it("ends nobody without the key", async () => {
    const watcher = await watch()
    const { host, guest } = await openFlight(comes, "Ada", "Grace")
    const { flights } = await watcher.until(({ flights }) => flights.rows[0]?.seats.length === 2)
    const id = `id=${flights.rows[0]?.id}`
    for (const query of ["?", "?key=nearly&", `?key=${encodeURIComponent(key)}x&`]) {
      const { status, text } = await ask(`${server.http}/tower/end${query}${id}`, { method: "POST" })
      expect([status, text]).toEqual([403, "Forbidden"])
    }
    expect((await ask(`${server.http}/tower/end${withKey(key)}&${id}`)).status).toBe(404)
    host.send({ type: "signal", data: "still here" })
    expect((await guest.until("signal"))["data"]).toBe("still here")
  })

  it("ends a room's flight by hand, from its own page only, and the room keeps its people", async () => {
    const watcher = await watch()
    const { code, host, guest } = await makeRoom(server, "Radia", "Donald")
    const people = [await comes(), await comes()] as const
    for (const [index, participantId] of [host, guest].entries()) {
      people[index as 0].send({ type: "attach-room", roomCode: code, participantId })
    }
    await Promise.all(people.map((client) => client.until("peer-joined")))
    const { flights } = await watcher.until(({ flights }) => flights.rows[0]?.seats.length === 2)
    const address = `${server.http}/tower/end${withKey(key)}&id=${flights.rows[0]?.id}`
    const post = (site: string) => ask(address, { method: "POST", headers: { "sec-fetch-site": site } })
    expect((await post("cross-site")).status).toBe(403)
    expect(await post("same-origin")).toMatchObject({ status: 200, text: '{"told":"flights"}' })
    await Promise.all(people.map((client) => client.until("peer-left")))
    expect(await post("same-origin")).toMatchObject({ status: 404, text: "It has ended" })
    for (const [index, participantId] of [host, guest].entries()) {
      people[index as 0].send({ type: "attach-room", roomCode: code, participantId })
    }
    await Promise.all(people.map((client) => client.until("peer-joined")))
    expect(server.lines("system:ended_by_hand").at(-1)).toMatchObject({ kind: "flights", id: `${code}/transfer` })
  })

  it("shows a person a form where a program hears Forbidden", async () => {
    for (const [query, told] of [
      ["", false],
      ["?key=nearly", true]
    ] as const) {
      const form = await ask(`${server.http}/tower${query}`, { headers: { accept: "text/html,*/*;q=0.8" } })
      expect([form.status, form.headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"])
      expect(form.headers.get("content-security-policy")).toContain("form-action 'self'")
      expect(form.text).toContain('<form action="tower" method="get">')
      expect(form.text.includes("That key does not open it.")).toBe(told)
    }
    const accept = { headers: { accept: "text/html" } }
    for (const path of keyed.slice(1)) {
      expect(await ask(server.http + path, accept)).toMatchObject({ status: 403, text: "Forbidden" })
    }
  })

  it("is one page without outside resources, that nothing stores, frames, sniffs or refers to", async () => {
    const { status, headers, text } = await ask(`${server.http}/tower${withKey(key)}`, {
      headers: { origin: "https://dropsilk.xyz" }
    })
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY"
    })
    expect(headers.get("access-control-allow-origin")).toBeNull()
    const policy = Object.fromEntries(
      (headers.get("content-security-policy") ?? "").split("; ").map((part) => {
        const [name = "", ...sources] = part.split(" ")
        return [name, sources.filter((source) => !source.startsWith("'sha256-")).join(" ")]
      })
    )
    expect(policy).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "connect-src": "'self'",
      "img-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'"
    })
    expect(text).toMatch(/^<!doctype html>/)
    for (const [, address] of text.matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect(address).toMatch(/^(?:tower\/|favicon|#)/)
    }
    for (const secret of [key, encodeURIComponent(key)]) expect(text).not.toContain(secret)
  })

  it("answers HEAD without a body", async () => {
    for (const path of ["/tower", "/tower/events"]) {
      const answer = await ask(`${server.http}${path}${withKey(key)}`, { method: "HEAD" })
      expect(answer).toMatchObject({ status: 200, text: "" })
    }
  })

  it("has its scripts and styles beside it, and nothing else", async () => {
    const page = (await ask(`${server.http}/tower${withKey(key)}`)).text
    const script = await ask(`${server.http}/tower/page.js`)
    expect([script.status, script.headers.get("content-type")]).toEqual([200, "text/javascript; charset=utf-8"])
    expect(script.headers.get("x-content-type-options")).toBe("nosniff")
    const files = [...`${page}${script.text}`.matchAll(/"(?:tower|\.)\/(\w+\.(?:js|css))"/g)].map(([, file]) => file)
    expect(files).toContain("page.css")
    for (const file of files) expect((await ask(`${server.http}/tower/${file}`)).status).toBe(200)
    for (const path of ["page.html", "none.js", "..%2ftower.ts", "%2e%2e/tower.ts", "../logs.ts", "a/page.js", ""]) {
      expect([path, (await ask(`${server.http}/tower/${path}`)).status]).toEqual([path, 404])
    }
    expect((await ask(`${server.http}/towers`)).status).toBe(404)
  })

  it("streams what lives in the server while clients come, meet and go", async () => {
    const watcher = await watch()
    expect(watcher.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
    expect(watcher.response.headers.get("cache-control")).toBe("no-store")
    const empty = await watcher.until(() => true)
    expect(empty.branches.map(({ kind, restart, mode }) => [kind, restart, mode])).toEqual([
      ["connections", "temporary", "open"],
      ["flights", "temporary", "open"],
      ["rooms", "temporary", "open"],
      ["networks", "transient", "open"],
      ["stories", "temporary", "open"],
      ["noisytransfer-connections", "temporary", "open"],
      ["noisytransfer-rooms", "temporary", "open"],
      ["namedPeers", "temporary", "open"],
      ["nameSpaces", "temporary", "open"],
      ["rondevu-offers", "temporary", "open"],
      ["rondevu-sessions", "temporary", "open"],
      ["jobs", "permanent", "open"]
    ])
    expect(empty.charts["tower"]).toEqual({ open: 1 })

    const { host, guest, flightCode } = await openFlight(comes, "Ada", "Grace")
    host.send({ type: "signal", data: "hello" })
    await guest.until("signal")
    const lobby = await comes({ name: "Edsger" })
    const view = await watcher.until(
      ({ charts, flights }) => charts["connection"]?.["connected.place.lobby"] === 1 && flights.rows[0]?.signals === 1
    )
    expect(view.charts["connection"]).toEqual({
      "connected.place.lobby": 1,
      "connected.place.seated.paired": 2,
      "connected.request.idle": 3
    })
    expect(view.charts["flight"]).toEqual({ paired: 1 })
    expect(view.flights).toMatchObject({
      total: 1,
      rows: [
        {
          code: `${flightCode.slice(0, 3)}···`,
          channel: null,
          state: "paired",
          seats: ["Ada", "Grace"],
          connectionType: "lan"
        }
      ]
    })
    await closeAll(guest, host, lobby)
    await watcher.until(
      ({ branches }, entries) => branches[0]?.actors === 0 && entries.some(({ event }) => event === "flight:ended")
    )
    expect(watcher.entries.filter(({ client }) => client === host.id).map(({ event }) => event)).toEqual([
      "client:connected",
      "client:registered_details",
      "flight:created",
      "flight:seated",
      "client:disconnected",
      "flight:left"
    ])
  })

  it("tells a living flight's story, and that it has ended", async () => {
    const watcher = await watch()
    const { host, guest } = await openFlight(comes, "Ada", "Grace")
    const { flights } = await watcher.until(({ flights }) => flights.rows[0]?.seats.length === 2)
    const address = `${server.http}/tower/story${withKey(key)}&flight=${flights.rows[0]?.id}`
    const story = await ask(address)
    expect(JSON.parse(story.text)).toMatchObject({
      state: "paired",
      participants: [
        { id: host.id, name: "Ada", connectionType: "lan" },
        { id: guest.id, name: "Grace", connectionType: "lan" }
      ],
      timeline: [{ event: "peer_joined", id: guest.id, name: "Grace" }],
      omitted: 0
    })
    await closeAll(guest, host)
    await watcher.until(({ flights }) => flights.total === 0)
    expect(await ask(address)).toMatchObject({ status: 404, text: "It has ended" })
    for (const flight of ["", "x:0", "../story"]) {
      const { status } = await ask(`${server.http}/tower/story${withKey(key)}&flight=${flight}`)
      expect(status).toBe(404)
    }
  })

  it("shows rooms, and counts crashes whether somebody watches or not", async () => {
    const { code, host } = await makeRoom(server, "Radia", "Donald")
    const attached = await comes()
    attached.send({ type: "attach-room", roomCode: code, participantId: host })
    await attached.until("room-attached")
    const crashing = await comes()
    const closed = crashing.closed()
    server.tower.system
      .get("connections")
      ?.send({ type: "child.tell", id: crashing.id, event: poison("invitation.received", "flightCode") })
    expect(await closed).toBe(1011)

    const watcher = await watch()
    const { rooms, crashes, crashCounts } = await watcher.until(({ rooms }) => rooms.rows[0]?.seated === 1)
    expect(rooms.rows[0]).toMatchObject({
      code: `${code.slice(0, 3)}···`,
      states: expect.arrayContaining(["paired"]),
      participants: [
        { name: "Radia", ready: false },
        { name: "Donald", ready: false }
      ]
    })
    expect(crashCounts).toEqual({ connections: { crashed: 1, restarted: 0 } })
    expect(crashes).toMatchObject([
      { kind: "connections", id: crashing.id, error: "Error: poisoned", restarted: false }
    ])
    await attached.close()
  })

  it("shows no participant id, alias, whole code, address, signal or key", async () => {
    const watcher = await watch()
    const stories: string[] = []
    const { code, host, guest } = await makeRoom(server, "Ann", "Bob")
    const [ann, bob] = [
      await comes({ name: "Ann", from: "203.0.113.7" }),
      await comes({ name: "Bob", from: "203.0.113.8" })
    ]
    ann.send({ type: "attach-room", roomCode: code, participantId: host })
    const { peer } = await ann.until("room-attached")
    bob.send({ type: "attach-room", roomCode: code, participantId: guest })
    await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
    ann.send({ type: "signal", data: { sdp: "planted-offer", candidate: "planted-candidate" } })
    await bob.until("signal")
    const open = await openFlight(comes, "Ann", "Bob")
    await watcher.until(({ flights, rooms }) => flights.total === 2 && rooms.rows.some(({ signals }) => signals === 1))
    const lobby = await comes()
    const alone = await comes()
    alone.send({ type: "create-flight" })
    const { flightCode } = await alone.until("flight-created")
    alone.send({ type: "invite-to-flight", inviteeId: lobby.id, flightCode })
    await lobby.until("flight-invitation")
    lobby.send({ type: "join-flight", flightCode: "ZZZYYY" })
    await lobby.until("error")
    await watcher.until((_, entries) =>
      ["flight:invitation", "flight:error"].every((name) => entries.some(({ event }) => event === name))
    )
    for (const { id } of watcher.view?.flights.rows ?? []) {
      const { status, text } = await ask(`${server.http}/tower/story${withKey(key)}&flight=${id}`)
      expect(status).toBe(200)
      stories.push(text)
    }
    await closeAll(ann, bob, open.host, open.guest, alone, lobby)
    await watcher.until(
      ({ branches }, entries) => branches[0]?.actors === 0 && entries.some(({ event }) => event === "flight:ended")
    )
    const shown = watcher.text + stories.join()
    expect(peer.participantId).toEqual(expect.any(String))
    const codes = [code, open.flightCode, flightCode, "ZZZYYY"]
    const addresses = ["203.0.113", "127.0.0.1"]
    const secrets = [host, guest, peer.participantId, "planted", key]
    for (const secret of [...codes, ...addresses, ...secrets]) expect(shown).not.toContain(secret)
  })

  it("tells meetings that worked from those that were in vain, and from those that a fault has ended", async () => {
    const watcher = await watch()
    const { meetings: before, people } = await watcher.untilVitals(({ pairs }) => pairs === 0)
    expect(people).toBe(0)
    const speaks = async (from: TestClient, to: TestClient) => {
      from.send({ type: "signal", data: "offer or answer" })
      await to.until("signal")
    }
    const [good, oneSided, broken] = [
      await openFlight(comes, "Ada", "Grace"),
      await openFlight(comes, "Edsger", "Barbara"),
      await openFlight(comes, "Alan", "Radia")
    ]
    for (const { host, guest } of [good, oneSided, broken]) await speaks(host, guest)
    for (const { host, guest } of [good, broken]) await speaks(guest, host)
    const during = await watcher.untilVitals(({ meetings }) => meetings.answered === before.answered + 2)
    expect(during).toMatchObject({
      people: 6,
      pairs: 3,
      meetings: { paired: before.paired + 3, vain: before.vain, faulted: before.faulted }
    })
    expect(during.protocols).toContainEqual({ protocol: "dropsilk", people: 6, pairs: 3 })
    server.tower.system
      .get("flights")
      ?.send({ type: "child.tell", id: broken.flightCode, event: poison("seat.take", "member") })
    await broken.guest.until("peer-left")
    await closeAll(good.host, good.guest, oneSided.host, oneSided.guest)
    const { meetings } = await watcher.untilVitals(({ pairs }) => pairs === 0)
    expect(meetings).toEqual({
      paired: before.paired + 3,
      answered: before.answered + 2,
      vain: before.vain + 1,
      faulted: before.faulted + 1
    })
  })

  it("takes in as many watchers as the limit says, and a next one when one has left", async () => {
    // Those of the tests before may still be on their way out.
    const taken = async () => {
      const watcher = await watch()
      return watcher.response.status === 200
    }
    for (let count = 0; count < limits.watchers; count++) await expect.poll(taken).toBe(true)
    for (const watcher of watchers.filter(({ response }) => response.ok)) {
      expect(await watcher.until(() => true)).toBeDefined()
    }
    const { status, headers, text } = await ask(`${server.http}/tower/events${withKey(key)}`)
    expect([status, text, headers.get("retry-after")]).toEqual([503, "Too many watchers", "15"])
    await watchers.find(({ response }) => response.ok)?.close()
    await expect.poll(taken).toBe(true)
  })
})

it("the tower page is closed to everybody when there is no key", async () => {
  const server = await serverForThisTest()
  for (const path of keyed) {
    for (const query of ["", "?key=", "?key=undefined"]) {
      expect(await ask(`${server.http}${path}${query}`)).toMatchObject({ status: 403, text: "Forbidden" })
    }
  }
})

it("a stopping server says farewell to its watchers and does not wait for them", async () => {
  const server = await serverForThisTest({ LOG_ACCESS_KEY: key })
  const watcher = await TowerWatcher.open(`${server.http}/tower/events${withKey(key)}`)
  await watcher.until(() => true)
  await Promise.all([server.stop(), watcher.ended()])
  expect(watcher.text).toContain("event: farewell")
})

describe("a watcher that does not read", () => {
  /** A surface whose tower says what a test tells it to say. */
  const start = async (watchUnreadBytes: number) => {
    let watcher: ((text: string) => void) | undefined
    const tower = createTowerPage({
      gate: () => true,
      watch: {
        subscribe: (subscribed) => {
          watcher = subscribed
          return () => (watcher = undefined)
        },
        story: () => undefined,
        end: () => undefined
      },
      settings: [],
      where: () => [],
      clients: () => ({ total: 0, rows: [] }),
      onEnded: () => {},
      chartNames: () => [],
      charts: new URL("file:///nowhere/"),
      limits: { ...limits, watchUnreadBytes }
    })
    const nothing = { api: HttpApi.make("nothing"), handlers: Layer.empty, budgets: {}, cors: [] }
    const surface = await surfaceForThisTest([{ mount: "/", part: httpPart({ ...nothing, ...tower }) }])
    const socket = connectTcp(surface.port, "127.0.0.1")
    socket.on("error", () => {})
    socket.write("GET /tower/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await once(socket, "readable")
    return { surface, socket, watcher: () => watcher }
  }
  /** Far more than any system takes for a socket that nobody reads. */
  const pieces = 64
  const piece = "x".repeat(1024 * 1024)

  it("is dropped when too much waits for it", async () => {
    const { surface, socket, watcher } = await start(limits.watchUnreadBytes)
    for (let count = 0; count < pieces && watcher() !== undefined; count++) {
      watcher()?.(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(watcher()).toBeUndefined()
    socket.destroy()
    await surface.stop()
  })

  it("does not keep a server from stopping", async () => {
    const { surface, socket, watcher } = await start(Number.POSITIVE_INFINITY)
    for (let count = 0; count < pieces; count++) watcher()?.(piece)
    expect(watcher()).toBeDefined()
    await surface.stop()
    expect(watcher()).toBeUndefined()
    socket.destroy()
  })
})

it("a watcher's name for a client is what the client has called itself", async () => {
  const server = await serverForThisTest({ LOG_ACCESS_KEY: key })
  const watcher = await TowerWatcher.open(`${server.http}/tower/events${withKey(key)}`)
  const name = "\n\nevent: tower\ndata: {}\n\n<b>"
  const client = await connect(server.ws)
  client.send({ type: "register-details", name })
  const view = await watcher.until((_, entries) => entries.some(({ event }) => event === "client:registered_details"))
  expect(view.branches.map(({ kind }) => kind)).toContain("connections")
  expect(watcher.entries.find(({ event }) => event === "client:registered_details")?.name).toBe(name.trim())
  await client.close()
  await watcher.close()
})
