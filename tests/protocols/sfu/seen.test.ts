/** What operators see of the SFU: metrics, the tower page, the story of a call. */
import { expect, it } from "vitest"
import { measureSfu } from "../../../src/io/sfu/telling/metrics.ts"
import { createMetricsPage } from "../../../src/io/telemetry/metrics.ts"
import { everybodyKnows } from "../../support/server.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { room, useParticipants, useSfu } from "./sfuClient.ts"

const key = "a key for whoever watches the server, long enough"
const { server, engine } = useSfu({ LOG_ACCESS_KEY: key, SFU_WORKERS: "2", HEARTBEAT_INTERVAL_MS: "200" })
const participant = useParticipants(server, engine)

/** A sample's value; undefined: there is none of this name. */
const sample = async (name: string): Promise<number | undefined> => {
  const text = await (await fetch(`${server.http}/metrics`)).text()
  const line = text.split("\n").find((each) => each.startsWith(`silktower_sfu_${name} `))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1))
}

it("counts conferences, transports by state, producers by kind, consumers, and the CPU of each worker", async () => {
  const ada = await participant()
  await ada.join()
  const transportId = await ada.transport()
  await ada.transport()
  const producerId = await ada.produce(transportId, "video")
  await ada.consume(transportId, producerId)
  engine.change(transportId, "connected")
  await everybodyKnows()
  expect(await sample("routers")).toBe(1)
  expect(await sample('transports{state="new"}')).toBe(1)
  expect(await sample('transports{state="connecting"}')).toBe(0)
  expect(await sample('transports{state="connected"}')).toBe(1)
  expect(await sample('producers{kind="video"}')).toBe(1)
  expect(await sample('producers{kind="audio"}')).toBe(0)
  expect(await sample("consumers")).toBe(1)
  expect(await sample("joins_total")).toBeGreaterThan(0)
  await expect.poll(() => sample('worker_cpu_seconds{worker="1"}')).toBe(1.5)
})

it("counts what participants have once for each reading, and anew for the next", async () => {
  const metrics = createMetricsPage("test_")
  let counts = 0
  measureSfu({
    metrics,
    usage: { workers: () => [], rate: () => ({ up: 0, down: 0 }) },
    census: () => {
      counts++
      return {
        transports: { new: counts, connecting: 0, connected: 0 },
        producers: { audio: 0, video: 0 },
        consumers: counts
      }
    },
    routers: () => 0
  })
  for (const reading of [1, 2]) {
    const text = await metrics.text()
    expect(text).toContain(`test_sfu_transports{state="new"} ${reading}`)
    expect(text).toContain(`test_sfu_consumers ${reading}`)
  }
  expect(counts).toBe(2)
})

it("shows conferences, participants with what flows, and workers on the tower page, and of a room only half", async () => {
  const ada = await participant({ userId: "ada" })
  await ada.join()
  const transportId = await ada.transport()
  await ada.transport()
  await ada.produce(transportId)
  engine.change(transportId, "connecting")
  const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=${encodeURIComponent(key)}`)
  const rows = (view: any, name: string): readonly any[] =>
    (view[name]?.rows ?? []).map(({ cells }: { cells: readonly unknown[] }) => cells)
  const view = await watcher.until((view) => rows(view, "participants").some((row) => row.includes(256)))
  expect(rows(view, "conferences")).toContainEqual(["ROO···", "live", expect.stringMatching(/^[01]$/), 1, 1, 0])
  expect(rows(view, "participants")).toEqual([["Ada", "ROO···", "live", 1, 1, 0, 1, 0, 128, 256]])
  // Whichever was started first stands last.
  expect(
    rows(view, "mediaWorkers")
      .map(([worker, state]) => `${worker} ${state}`)
      .sort()
  ).toEqual(["0 running", "1 running"])
  expect(watcher.text).not.toContain(room)
  await watcher.response.body?.cancel().catch(() => {})
})

it("tells in its heartbeat who is there, and the story of a call when it has ended", async () => {
  const [ada, bob] = [await participant({ userId: "ada" }), await participant({ userId: "bob" })]
  for (const client of [ada, bob]) await client.join()
  await ada.produce()
  await expect
    .poll(() => server.lines("system:heartbeat").at(-1))
    .toMatchObject({ sfuParticipants: 2, sfuConferences: 1 })
  engine.killWorker(engine.routers.values().next().value)
  for (const client of [ada, bob]) expect((await client.closed()).code).toBe(1011)
  const story = server.lines("sfu:conference_ended").at(-1)
  expect(story).toMatchObject({ level: "info", roomId: room, how: "worker_died", video: 1 })
  expect(story.participants).toBeGreaterThan(1)
  expect(story.minutes).toBeGreaterThanOrEqual(0)
})
