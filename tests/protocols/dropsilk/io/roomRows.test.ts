import { sql } from "slonik"
import { beforeEach, expect, it } from "vitest"
import { createRoomRows } from "../../../../src/io/dropsilk/rooms/roomRows.ts"
import type { RoomStore } from "../../../../src/io/dropsilk/rooms/roomStore.ts"
import type { LastWord } from "../../../../src/machines/dropsilk/room/roomHearing.ts"
import { newParticipant, type Participant, type RoomRecord } from "../../../../src/machines/dropsilk/room/roomRecord.ts"
import { describeOnEachDatabase } from "../../../support/databases.ts"

const LATER = Date.parse("2099-01-01T00:00:00.123Z")
const aliasOf = (code: string, id: string): string => `${code}~${id}`

const participant = (id: string, name: string, change: Partial<Participant> = {}): Participant => ({
  ...newParticipant({ id, alias: aliasOf("ABC234", id) }, name),
  ...change
})
const waiting: RoomRecord = {
  code: "ABC234",
  host: participant("host00000000", "Ada"),
  guest: null,
  departed: [],
  expiresAt: LATER
}
const full: RoomRecord = {
  code: "ABC234",
  host: participant("host00000000", "Ada", { ready: true, fileCount: 3, totalBytes: 4_096, screenShare: true }),
  guest: participant("guest0000000", "Bob", { ready: true, fileCount: 1, totalBytes: 17, chat: true }),
  departed: [],
  expiresAt: LATER
}
const words: readonly LastWord[] = [
  { participantId: "host00000000", at: 1_700_000_000_123, address: "2001:db8::7", firstAddress: "192.0.2.7" },
  { participantId: "guest0000000", at: 1_700_000_000_456, address: "192.0.2.8", firstAddress: "192.0.2.8" }
]

describeOnEachDatabase("rooms in the database", (database) => {
  let store: RoomStore
  /** The rooms alone: who was heard when goes with every write. */
  const rooms = {
    insert: (room: RoomRecord) => store.insert({ room, words }),
    load: async (code: string, at: number) => (await store.load(code, at))?.room ?? null,
    save: (before: RoomRecord, after: RoomRecord) => store.save(before, after, words),
    remove: (before: RoomRecord) => store.remove(before),
    removeExpired: (at: number) => store.removeExpired(at)
  }
  const run = async (query: Parameters<ReturnType<typeof database.opened>["pool"]["query"]>[0]): Promise<void> => {
    await database.opened().pool.query(query)
  }
  beforeEach(async () => {
    await database.empty()
    store = createRoomRows(database.opened(), aliasOf)
  })

  it.each([
    ["with its host alone", waiting],
    ["with two participants, all they offer and all they asked for", full]
  ])("gives a room back as it was written, %s", async (_, room) => {
    expect(await rooms.insert(room)).toBe("inserted")
    expect(await rooms.load("ABC234", LATER - 1)).toEqual(room)
  })

  const left = { ...participant("left00000000", "Eve", { ready: true, fileCount: 2, totalBytes: 2 ** 53 - 1 }) }

  it("gives back who has left and when, and a room that nobody is in", async () => {
    const departed = [{ participant: left, at: 1_700_000_000_789 }]
    const remembering = { ...full, departed }
    await rooms.insert(remembering)
    expect(await rooms.load("ABC234", 0)).toEqual(remembering)
    const vacant = { ...remembering, host: null, guest: null }
    expect(await rooms.save(remembering, vacant)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(vacant)
    expect(await rooms.save(vacant, full)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(full)
  })

  it("shortens the life of a room when the last one leaves it, and lengthens it when somebody comes back", async () => {
    await rooms.insert(waiting)
    const vacant = { ...waiting, host: null, departed: [{ participant: left, at: 1 }], expiresAt: 2_000 }
    await rooms.save(waiting, vacant)
    expect(await rooms.load("ABC234", 1_999)).toEqual(vacant)
    expect(await rooms.load("ABC234", 2_000)).toBeNull()
    expect(await rooms.save(vacant, waiting)).toBe("saved")
    expect(await rooms.load("ABC234", LATER - 1)).toEqual(waiting)
  })

  it("neither saves nor removes over somebody else's change of who may come back", async () => {
    const remembering = { ...waiting, departed: [{ participant: left, at: 1 }] }
    await rooms.insert(remembering)
    expect(await rooms.save(waiting, full)).toBe("conflict")
    expect(await rooms.remove(waiting)).toBe("conflict")
    expect(await rooms.load("ABC234", 0)).toEqual(remembering)
  })

  it("gives back when each participant was heard and from where, and writes over that in any case", async () => {
    await store.insert({ room: waiting, words: words.slice(0, 1) })
    expect((await store.load("ABC234", 0))?.words).toEqual(words.slice(0, 1))
    expect(await store.save(waiting, full, words)).toBe("saved")
    expect((await store.load("ABC234", 0))?.words).toEqual(words)
  })

  it("knows nothing of a room that nobody made", async () => {
    expect(await rooms.load("ABC234", 0)).toBeNull()
  })

  it("says when a code is taken, and leaves the room that has it alone", async () => {
    await rooms.insert(waiting)
    expect(await rooms.insert({ ...full, host: participant("other0000000", "Eve") })).toBe("taken")
    expect(await rooms.load("ABC234", 0)).toEqual(waiting)
  })

  it("saves every fact of both participants", async () => {
    await rooms.insert(waiting)
    expect(await rooms.save(waiting, full)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(full)
  })

  it("saves a guest's leaving", async () => {
    await rooms.insert(full)
    const left = { ...full, guest: null }
    expect(await rooms.save(full, left)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(left)
  })

  const changes: readonly (readonly [string, RoomRecord])[] = (["host", "guest"] as const).flatMap((role) =>
    ([{ id: "new000000000" }, { name: "Cy" }, { ready: false }, { fileCount: 2 }, { totalBytes: 2 }] as const)
      .map((change): Partial<Participant> => change)
      .concat([{ screenShare: role === "guest" }, { chat: role === "host" }])
      .map((change) => {
        const changed = { ...(full[role] as Participant), ...change }
        return [`the ${role}'s ${Object.keys(change).join()}`, { ...full, [role]: changed }] as const
      })
  )
  it.each([...changes, ["the guest's being there", { ...full, guest: null }] as const])(
    "neither saves nor removes over somebody else's change of %s",
    async (_, changed) => {
      await rooms.insert(full)
      expect(await rooms.save(full, changed)).toBe("saved")
      expect(await rooms.save(full, { ...full, host: participant("mine00000000", "Me") })).toBe("conflict")
      expect(await rooms.remove(full)).toBe("conflict")
      expect((await rooms.load("ABC234", 0))?.host?.name).toBe(changed.host?.name)
    }
  )

  it("does not bring a removed room back by saving it", async () => {
    await rooms.insert(waiting)
    expect(await rooms.remove(waiting)).toBe("removed")
    expect(await rooms.remove(waiting)).toBe("conflict")
    expect(await rooms.save(waiting, full)).toBe("conflict")
    expect(await rooms.load("ABC234", 0)).toBeNull()
  })

  it("saves and removes whatever the expiry says", async () => {
    await rooms.insert(waiting)
    const touchedElsewhere = { ...waiting, expiresAt: LATER + 60_000 }
    await rooms.save(waiting, touchedElsewhere)
    expect(await rooms.save(waiting, full)).toBe("saved")
    expect(await rooms.remove({ ...full, expiresAt: 0 })).toBe("removed")
  })

  it("moves the expiry forward, to the millisecond, and never back", async () => {
    await rooms.insert(waiting)
    await rooms.save(waiting, { ...waiting, expiresAt: LATER + 1 })
    expect((await rooms.load("ABC234", 0))?.expiresAt).toBe(LATER + 1)
    await rooms.save(waiting, { ...waiting, expiresAt: LATER - 1 })
    expect((await rooms.load("ABC234", 0))?.expiresAt).toBe(LATER + 1)
  })

  it("ends a room's life at its expiry and not a millisecond before", async () => {
    await rooms.insert(waiting)
    expect(await rooms.load("ABC234", LATER - 1)).toEqual(waiting)
    expect(await rooms.load("ABC234", LATER)).toBeNull()
  })

  it("removes the rooms whose life has ended, and only those", async () => {
    for (const [code, expiresAt] of [
      ["AAAAAA", 1_000],
      ["BBBBBB", 2_000],
      ["CCCCCC", 2_001]
    ] as const) {
      await rooms.insert({ ...waiting, code, expiresAt })
    }
    expect(await rooms.removeExpired(2_000)).toBe(2)
    expect(await rooms.removeExpired(2_000)).toBe(0)
    expect(await rooms.load("CCCCCC", 2_000)).toMatchObject({ code: "CCCCCC", expiresAt: 2_001 })
  })

  it.each([2 ** 53 - 1, 2 ** 53 - 2, 2 ** 31, 0])("keeps and compares %d bytes exactly", async (bytes) => {
    const host = participant("host00000000", "Ada", { totalBytes: bytes, fileCount: 2 ** 31 - 1 })
    const offered = { ...full, host }
    await rooms.insert(offered)
    expect(await rooms.load("ABC234", 0)).toEqual(offered)
    const nearly = { ...offered, host: { ...offered.host, totalBytes: bytes === 0 ? 1 : bytes - 1 } }
    expect(await rooms.save(nearly, full)).toBe("conflict")
    expect(await rooms.save(offered, full)).toBe("saved")
  })

  it.each([
    "<script>alert('x')</script>",
    "Robert'); drop table rooms;--",
    "👩‍👩‍👧‍👦 Zoë 名前 \u202Eright to left",
    "tab\tnewline\n\u0001\\$1 :name ? {}",
    "NULL"
  ])("keeps the name %j as it is", async (name) => {
    const named = { ...full, host: participant("host00000000", name), guest: participant("guest0000000", name) }
    await rooms.insert(named)
    expect(await rooms.load("ABC234", 0)).toEqual(named)
    expect(await rooms.save(named, full)).toBe("saved")
  })

  it("still saves a room whose name has half a surrogate pair, which no text column can hold", async () => {
    const named = { ...waiting, host: participant("host00000000", "half \uD83D") }
    await rooms.insert(named)
    expect((await rooms.load("ABC234", 0))?.host?.name).toBe("half \uFFFD")
    expect(await rooms.save(named, full)).toBe("saved")
  })

  it("works on a row that DropSilk wrote, with microseconds and with what a guest left behind", async () => {
    await run(sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, guest_file_count, guest_ready, expires_at)
      values ('ABC234', 'host00000000', 'Ada', 7, true, '2099-01-01 05:30:00.123987+05:30')`)
    expect(await rooms.load("ABC234", 0)).toEqual(waiting)
    expect(await rooms.save(waiting, full)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(full)
  })

  it("can be used on after a statement has failed, and does not tell the values it failed on", async () => {
    await rooms.insert(waiting)
    const impossible = { ...waiting, host: participant("secret000000", "nul \0", { totalBytes: 4_711 }) }
    const fault: Error = await rooms.save(waiting, impossible).then(
      () => expect.fail("a text with NUL was saved"),
      (error: Error) => error
    )
    expect(fault).toMatchObject({ name: "LastingDatabaseFault", operation: "save room", code: "22021" })
    expect(JSON.stringify(fault, Object.getOwnPropertyNames(fault))).not.toMatch(/secret000000|4711/)
    expect(await rooms.save(waiting, full)).toBe("saved")
    expect(await rooms.load("ABC234", 0)).toEqual(full)
  })

  it("serves many rooms at one time", async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ ...waiting, code: `ROOM${10 + index}` }))
    expect(new Set(await Promise.all(many.map((room) => rooms.insert(room))))).toEqual(new Set(["inserted"]))
    const loaded = await Promise.all(many.map((room) => rooms.load(room.code, 0)))
    expect(loaded.map((room) => room?.code)).toEqual(many.map((room) => room.code))
  })

  it("lets one of several writers through", async () => {
    await rooms.insert(waiting)
    const guests = ["a", "b", "c", "d", "e"].map((letter) => participant(`guest${letter}`, letter))
    const outcomes = await Promise.all(guests.map((guest) => rooms.save(waiting, { ...waiting, guest })))
    expect(outcomes.filter((outcome) => outcome === "saved")).toHaveLength(1)
  })
})
