import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type AnyActorRef, createActor } from "xstate"
import { createDeadlines, type Deadlines } from "../../../../src/io/actors/deadlines.ts"
import { createAfterRecording } from "../../../../src/io/dropsilk/telling/afterRecording.ts"
import { createStories, type WrittenStory } from "../../../../src/io/dropsilk/telling/stories.ts"
import type { DropSilkEvent } from "../../../../src/machines/dropsilk/events.ts"
import { createSupervisor, type SupervisorRef } from "../../../../src/machines/supervisor.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 0, 31, 12)

interface Line {
  readonly level: string
  readonly message: string
  readonly reason?: string
  readonly story: WrittenStory
}

describe("stories", () => {
  let clock: number
  let signals: Map<string, number>
  let lines: Line[]
  let deadlines: Deadlines
  let supervisor: AnyActorRef
  let hear: (event: DropSilkEvent) => void

  beforeEach(() => {
    clock = start
    signals = new Map()
    lines = []
    const now = () => clock
    deadlines = createDeadlines(1, now)
    const links = {
      signalsOf: (flightId: string) => signals.get(flightId) ?? 0,
      forget: (flightId: string) => void signals.delete(flightId)
    }
    const stories = createStories({
      supervisor: () => supervisor as SupervisorRef,
      links,
      deadlines,
      log: (level, message, fields) => void lines.push({ level, message, ...fields } as unknown as Line),
      limit: 3,
      now
    })
    supervisor = createActor(createSupervisor({ now }), {
      input: {
        kind: "stories",
        chart: stories.machine,
        restart: "temporary",
        settings: { staleMs: 2 * hour, entries: 4 }
      }
    }).start()
    hear = createAfterRecording({ stories, links })
  })
  afterEach(() => {
    supervisor.stop()
    deadlines.close()
  })

  const alive = () => (supervisor as SupervisorRef).getSnapshot().children.size
  /** What is heard is passed on a moment later. */
  const settled = () => Promise.resolve()

  const created = (flightId: string, creatorId = "ann") => {
    const flightCode = flightId.split("/")[0] as string
    hear({ name: "flight:created", flightId, flightCode, creatorId })
    seated(flightId, creatorId)
  }
  const seated = (flightId: string, memberId: string) =>
    hear({
      name: "flight:seated",
      flightId,
      flightCode: flightId,
      memberId,
      memberName: memberId.toUpperCase(),
      ip: `ip-${memberId}`
    })
  const joined = (flightId: string, joinerId: string, peerId: string, connectionType: "lan" | "wan" = "lan") =>
    hear({
      name: "flight:joined",
      flightId,
      flightCode: flightId,
      joinerId,
      joinerName: joinerId.toUpperCase(),
      ip: "",
      connectionType,
      peerId
    })
  const left = (flightId: string, memberId: string) =>
    hear({ name: "flight:left", flightId, flightCode: flightId, memberId })
  const ended = (flightId: string) => hear({ name: "flight:ended", flightId, flightCode: flightId, reason: "empty" })

  it("tell who was there, what happened when, how many signals passed and how long it took", async () => {
    created("ABC234/chat")
    clock = start + 1_000
    seated("ABC234/chat", "bob")
    joined("ABC234/chat", "bob", "ann", "wan")
    clock = start + 61_400
    left("ABC234/chat", "ann")
    clock = start + 62_000
    left("ABC234/chat", "bob")
    signals.set("ABC234/chat", 37)
    ended("ABC234/chat")
    await settled()
    const time = (ms: number) => new Date(start + ms).toISOString()
    expect(lines).toEqual([
      {
        level: "info",
        message: "FLIGHT STORY COMPLETE",
        story: {
          meta: { flightCode: "ABC234", creatorId: "ann", startTime: time(0), endTime: time(62_000) },
          participants: [
            { id: "ann", name: "ANN", ip: "ip-ann", connectionType: "wan", joinedAt: time(0) },
            { id: "bob", name: "BOB", ip: "ip-bob", connectionType: "wan", joinedAt: time(1_000) }
          ],
          timeline: [
            { event: "peer_joined", timestamp: time(1_000), id: "bob", name: "BOB", connectionType: "wan" },
            { event: "participant_disconnected", timestamp: time(61_400), id: "ann" },
            { event: "participant_disconnected", timestamp: time(62_000), id: "bob" }
          ],
          stats: { signalsExchanged: 37, durationSeconds: 62 }
        }
      }
    ])
    expect(Object.keys(lines[0]?.story ?? {})).toEqual(["meta", "participants", "timeline", "stats"])
    expect(alive()).toBe(0)
    expect(deadlines.size).toBe(0)
    expect(signals.size).toBe(0)
  })

  it("know nothing of a connection type for somebody who met nobody", async () => {
    created("ABC234")
    left("ABC234", "ann")
    ended("ABC234")
    await settled()
    expect(lines[0]?.story.participants).toEqual([expect.objectContaining({ id: "ann", connectionType: null })])
  })

  it("keep the first connection type of each, and name each participant once", async () => {
    created("ABC234")
    for (const joiner of ["bob", "cay"]) {
      seated("ABC234", joiner)
      joined("ABC234", joiner, "ann", joiner === "bob" ? "lan" : "wan")
      left("ABC234", joiner)
      seated("ABC234", "ann")
    }
    ended("ABC234")
    await settled()
    expect(lines[0]?.story.participants.map(({ id, connectionType }) => [id, connectionType])).toEqual([
      ["ann", "lan"],
      ["bob", "lan"],
      ["cay", "wan"]
    ])
  })

  it("do not grow for ever: what comes when a story is full is counted", async () => {
    created("ABC234")
    for (let count = 0; count < 100; count++) {
      seated("ABC234", `visitor ${count}`)
      joined("ABC234", `visitor ${count}`, "ann")
      left("ABC234", `visitor ${count}`)
    }
    ended("ABC234")
    await settled()
    const { participants, timeline, stats } = (lines[0] as { story: WrittenStory }).story
    expect([participants.length, timeline.length, stats.omitted]).toEqual([4, 4, 97 + 196])
    expect(timeline.map(({ id }) => id)).toEqual(["visitor 0", "visitor 0", "visitor 1", "visitor 1"])
  })

  it("are stale after two hours, not before, and then silent about what still happens", async () => {
    created("ABC234")
    signals.set("ABC234", 5)
    await settled()
    clock = start + 2 * hour - 1
    created("WITNES")
    await settled()
    expect(deadlines.size).toBe(2)
    expect(lines).toEqual([])
    clock = start + 2 * hour
    await expect.poll(() => lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: "warn",
      message: "FLIGHT STORY STALE",
      reason: "old",
      story: { meta: { flightCode: "ABC234" }, stats: { signalsExchanged: 5, durationSeconds: 7_200 } }
    })
    seated("ABC234", "bob")
    ended("ABC234")
    await settled()
    expect(lines).toHaveLength(1)
    expect(alive()).toBe(1)
    // The flight went on and its signals were counted on; now it has ended.
    expect(signals.size).toBe(0)
  })

  it("are so many at once and no more: for one more, the oldest is told as it is", async () => {
    for (const code of ["FIRST2", "SECOND", "THIRD2"]) created(code)
    await settled()
    ended("SECOND")
    await settled()
    lines.length = 0
    created("FOURTH")
    await settled()
    expect(lines).toEqual([])
    created("FIFTH2")
    await settled()
    expect(lines).toEqual([
      expect.objectContaining({
        level: "warn",
        message: "FLIGHT STORY STALE",
        reason: "crowded",
        story: expect.objectContaining({ meta: expect.objectContaining({ flightCode: "FIRST2" }) })
      })
    ])
    for (let count = 0; count < 1_000; count++) created(`CODE${count}`)
    await settled()
    expect(alive()).toBe(3)
    expect(lines).toHaveLength(1_001)
    expect(deadlines.size).toBe(3)
  })

  it("have no negative duration when the clock is set back", async () => {
    created("ABC234")
    clock = start - hour
    ended("ABC234")
    await settled()
    expect(lines[0]?.story.stats.durationSeconds).toBe(0)
  })

  it("are told as they are when the server stops", async () => {
    created("ABC234")
    signals.set("ABC234", 2)
    await settled()
    supervisor.send({ type: "children.tell", event: { type: "server.draining" } })
    expect(lines).toEqual([
      expect.objectContaining({
        message: "FLIGHT STORY COMPLETE",
        story: expect.objectContaining({ stats: { signalsExchanged: 2, durationSeconds: 0 } })
      })
    ])
    expect(alive()).toBe(0)
  })
})
