import { readFileSync } from "node:fs"
import { request } from "node:http"
import { describe, expect, it } from "vitest"
import { measureCluster } from "../../../src/io/cluster/metrics.ts"
import { createMetricsPage } from "../../../src/io/telemetry/metrics.ts"
import { FakeEngine } from "../../protocols/sfu/fakeEngine.ts"
import { connect, makeRoom, post } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"

/** The text format of Prometheus, version 0.0.4: samples by `name{label="value",…}`. */
const samplesIn = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const end = line.lastIndexOf(" ")
        return [line.slice(0, end), Number(line.slice(end + 1))]
      })
  )
/** Without the endings that a histogram's samples have. */
const familyOf = (name: string): string => name.replace(/_(?:bucket|sum|count)$/, "")

describe("metrics", () => {
  // With all that can be counted: a protocol that is off counts nothing.
  const server = useServer({ SFU_PATH: "/sfu" }, { endpoints: { mediaEngine: new FakeEngine().open } })

  const scrape = async () => {
    const response = await fetch(`${server.http}/metrics`)
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8"
    ])
    return samplesIn(await response.text())
  }
  const ask = (method: string, path: string) =>
    new Promise<void>((resolve, reject) => {
      const outgoing = request(server.http + path, { method }, (incoming) => incoming.resume().on("end", resolve))
      outgoing.on("error", reject).end()
    })

  it("count what happens and who is there", async () => {
    const before = await scrape()
    const room = await makeRoom(server)
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    bob.send({ type: "join-flight", flightCode: "ZZZZZZ" })
    await bob.until("error")
    bob.send({ type: "join-flight", flightCode })
    await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
    for (let at = 0; at < 128; at++) ann.send({ type: "signal", data: at })
    await bob.until("signal", ({ data }) => data === 127)
    ann.send("no frame")
    ann.send({ type: "ping" })
    await ann.until("pong")
    await fetch(`${server.http}/api/rooms/${room.code}?participantId=${room.host}`)
    await fetch(`${server.http}/api/rooms/${room.code}?participantId=nobody`)
    await fetch(`${server.http}/api/%72ooms/${room.code}?participantId=nobody`)

    const after = await scrape()
    const grown = (sample: string) => (after.get(sample) ?? 0) - (before.get(sample) ?? 0)
    expect(grown("silktower_connections_opened_total")).toBe(2)
    expect(grown("silktower_flights_created_total")).toBe(1)
    expect(grown('silktower_flights_joined_total{connection_type="lan"}')).toBe(1)
    expect(grown('silktower_flight_errors_total{error="not_found"}')).toBe(1)
    expect(grown("silktower_signals_total")).toBe(128)
    expect(grown("silktower_relay_duration_seconds_count")).toBeGreaterThanOrEqual(2)
    expect(grown('silktower_frames_total{outcome="join-flight"}')).toBe(2)
    expect(grown('silktower_frames_total{outcome="invalid-format"}')).toBe(1)
    expect(grown('silktower_frames_total{outcome="ping"}')).toBe(1)
    expect(grown('silktower_log_lines_total{level="info",message="client:connected"}')).toBe(2)
    const answered = (route: string, method: string, status: string) =>
      grown(`silktower_http_request_duration_seconds_count{route="${route}",method="${method}",status="${status}"}`)
    expect(answered("/api/rooms", "POST", "2xx")).toBe(1)
    expect(answered("/api/rooms/:roomCode", "GET", "2xx")).toBe(1)
    // Once with a letter percent-encoded: to the router that is the same path.
    expect(answered("/api/rooms/:roomCode", "GET", "4xx")).toBe(2)
    expect(after.get('silktower_actors{kind="connections"}')).toBe(2)
    expect(after.get('silktower_actors{kind="rooms"}')).toBe(1)
    expect(after.get('silktower_actor_states{kind="flights",state="paired"}')).toBe(1)
    expect(after.get('silktower_actor_states{kind="rooms",state="open.occupancy.paired"}')).toBe(1)
    expect(after.get("process_resident_memory_bytes")).toBeGreaterThan(1e6)

    await Promise.all([ann.close(), bob.close()])
    await expect.poll(async () => (await scrape()).get('silktower_actors{kind="flights"}')).toBe(0)
    expect((await scrape()).get('silktower_flights_ended_total{reason="empty"}')).toBe(1)
  })

  it("have as many labels after a thousand strange requests as after one", async () => {
    const strange = async (word: string) => {
      const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE"]
      for (const method of methods) await ask(method, `/${word}/${word}?${word}=${word}`)
      for (const method of methods) await ask(method, `/api/rooms/${word}/participants/${word}/chat?${word}`)
      await post(`${server.http}/api/rooms/${word}/join`, { name: word })
      const client = await connect(server.ws, { path: `/${word}` })
      client.send({ type: word, data: word })
      await client.until("error")
      await client.close()
    }
    await strange("first")
    const names = async () => [...(await scrape()).keys()].filter((sample) => sample.startsWith("silktower_"))
    const before = await names()
    for (let at = 0; at < 50; at++) await strange(`strange${at}`)
    expect(await names()).toEqual(before)
    expect(before.filter((sample) => /first/.test(sample))).toEqual([])
  })

  it("all have a row in the operator's manual, and the dashboard asks for none that is not there", async () => {
    const text = await (await fetch(`${server.http}/metrics`)).text()
    const namesIn = (page: string) => [...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name as string)
    // What a server that is alone does not count.
    const ofNodes = createMetricsPage("silktower_")
    const counts = { forwarded: 0, waited: 0, sentBack: 0, unavailable: 0 }
    measureCluster(
      ofNodes,
      { router: { counts, waiting: 0 }, shardStates: () => new Map([["open", 1]]), others: () => [] },
      () => undefined
    )
    const all = new Set([...namesIn(text), ...namesIn(await ofNodes.text())])
    const ours = [...all].filter((name) => name.startsWith("silktower_"))
    const manual = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8")
    // A row's first cell may name several that belong together.
    const firstCells = [...manual.matchAll(/^\| (`silktower_[^|]+)\|/gm)].map(([, cell]) => cell as string)
    const documented = new Set(firstCells.flatMap((cell) => cell.match(/silktower_\w+/g)))
    expect([...documented].sort()).toEqual(ours.sort())

    const dashboard = readFileSync(new URL("../../../docs/grafana.json", import.meta.url), "utf8")
    const asked = new Set(dashboard.match(/\b(?:silktower|process|nodejs)_\w+/g)?.map(familyOf))
    expect([...asked].filter((name) => !all.has(name))).toEqual([])
    expect(ours.filter((name) => !asked.has(name))).toEqual([])
  })
})
