import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { useServer } from "../../support/useServer.ts"
import { figures, newRoom, type RelayClient, useRelay } from "./relayClient.ts"

describeOnPostgres("the metrics of the relay", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({
    DATABASE_URL: databaseUrl,
    WS_HEALTH_CHECK_INTERVAL_MS: "1000",
    LOG_ACCESS_KEY: "key"
  }))
  const { open, meet } = useRelay(server)
  const telemetry = (client: RelayClient, event: unknown, mode?: unknown) =>
    client.send({ type: "telemetry", event, mode, reason: "x" })

  it("are there before anything has happened", async () => {
    const response = await fetch(`${server.http}/noisytransfer/metrics`)
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/)
    const text = await response.text()
    for (const [name, kind] of [
      ["nt_ws_connections_total", "counter"],
      ["nt_rooms_active", "gauge"],
      ["nt_peers_active", "gauge"],
      ["nt_ws_rtt_seconds", "histogram"],
      ["nt_session_time_to_first_flow_seconds", "histogram"]
    ]) {
      expect(text).toContain(`# TYPE ${name} ${kind}\n`)
      expect(text).toMatch(new RegExp(`^${name}(_count)? 0$`, "m"))
    }
    expect(text).not.toContain("silktower_")
  })

  it("count rooms, peers, frames and bytes, and forget who has gone", async () => {
    const before = await figures(server)
    const grown = async (name: string) => ((await figures(server)).get(name) ?? 0) - (before.get(name) ?? 0)
    const [a, b] = await meet()
    const alone = await open(newRoom(), "A")
    await alone.unread()
    expect((await figures(server)).get("nt_rooms_active")).toBe(2)
    expect((await figures(server)).get("nt_peers_active")).toBe(3)
    expect(await grown("nt_ws_connections_total")).toBe(3)

    const offer = '{"type":"Offer","x":"é"}'
    a.send(offer)
    await b.next()
    for (const frame of ["{", '{"type":"x"}', '{"type":"constructor"}']) a.send(frame)
    a.send({ type: "send", to: "B", payload: 1 })
    const item = await b.next()
    await a.unread()
    expect(await grown('nt_ws_messages_total{type="offer"}')).toBe(1)
    expect(await grown('nt_signal_messages_total{type="offer"}')).toBe(1)
    expect(await grown('nt_ws_messages_total{type="other"}')).toBe(3)
    for (const dir of ["in", "out"]) {
      expect(await grown(`nt_signal_bytes_total{dir="${dir}",type="offer"}`)).toBe(Buffer.byteLength(offer))
    }
    expect(await grown('nt_signal_bytes_total{dir="out",type="send"}')).toBeGreaterThanOrEqual(item.length)
    expect(await grown('nt_ws_frame_bytes_count{dir="in"}')).toBeGreaterThan(5)
    expect((await figures(server)).has('nt_ws_frame_bytes_bucket{le="1048576",dir="in"}')).toBe(true)
    const types = [...(await figures(server)).keys()].flatMap((name) => /type="([^"]+)"/.exec(name)?.[1] ?? [])
    const words = ["offer", "answer", "ice", "sender_ready", "send", "hello", "delivered", "telemetry", "other"]
    expect(types.filter((type) => !words.includes(type))).toEqual([])

    for (const client of [a, b, alone]) await client.close()
    await expect.poll(async () => (await figures(server)).get("nt_peers_active")).toBe(0)
    expect((await figures(server)).get("nt_rooms_active")).toBe(0)
  })

  it("count a room once when its two are connected, under the first word, and each failure", async () => {
    const before = await figures(server)
    const grown = async (name: string) => ((await figures(server)).get(name) ?? 0) - (before.get(name) ?? 0)
    const [a, b] = await meet()
    telemetry(a, "ICE-Connected", "  Direct ")
    telemetry(b, "ice-connected", "relay")
    telemetry(a, "ice-connected", "relay")
    telemetry(a, "other", "relay")
    for (const client of [a, b, b]) telemetry(client, "ice-FAILED")
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
    const [c] = await meet()
    telemetry(c, "ice-connected")
    await c.unread()
    expect(await grown('nt_session_established_total{mode="direct"}')).toBe(1)
    expect(await grown('nt_session_established_total{mode="unspecified"}')).toBe(1)
    expect(await grown('nt_session_established_total{mode="relay"}')).toBe(0)
    expect(await grown('nt_session_failed_total{reason="ice-failed"}')).toBe(3)
    expect(await grown("nt_session_time_to_first_flow_seconds_count")).toBe(2)
  })

  it("have only so many words for how two are connected, whatever clients send", async () => {
    const strange = ["a b", "x".repeat(33), "é", 'x"}', "<b>"]
    for (const mode of [...strange, ...Array.from({ length: 40 }, (_, index) => `mode-${index}`)]) {
      const client = await open(newRoom(), "A")
      telemetry(client, "ice-connected", mode)
      await client.unread()
      await client.close()
    }
    const modes = [...(await figures(server)).keys()].filter((name) => name.startsWith("nt_session_established_total"))
    expect(modes.length).toBeLessThanOrEqual(34)
    expect(modes).toContain('nt_session_established_total{mode="mode-0"}')
    expect(modes).not.toContain('nt_session_established_total{mode="mode-39"}')
    expect((await figures(server)).get('nt_session_established_total{mode="other"}')).toBeGreaterThanOrEqual(13)
  })

  it("show how long a pong takes", async () => {
    await open(newRoom(), "A")
    await expect
      .poll(async () => (await figures(server)).get("nt_ws_rtt_seconds_count"), { timeout: 8_000 })
      .toBeGreaterThan(0)
  }, 12_000)

  it("are no place for secrets, nor is the log", async () => {
    const room = newRoom()
    const client = await open(room, "A", { sid: "planted-session" })
    client.send({ type: "send", to: "A", payload: "planted-payload" })
    await client.next()
    telemetry(client, "ice-connected", "planted-mode-é")
    await client.unread()
    const shown = [
      await (await fetch(`${server.http}/noisytransfer/metrics`)).text(),
      await (await fetch(`${server.http}/metrics`)).text(),
      await (await fetch(`${server.http}/logs?key=key`)).text(),
      server.log()
    ].join("\n")
    for (const secret of [room, "planted-session", "planted-payload", "planted-mode"]) {
      expect(shown).not.toContain(secret)
    }
  })
})
