import { beforeEach, describe, expect, it } from "vitest"
import { type AnyActorRef, type AnyEventObject, createActor, createMachine } from "xstate"
import type { Deadlines } from "../../../../src/io/actors/deadlines.ts"
import type { RoomStore } from "../../../../src/io/dropsilk/rooms/roomStore.ts"
import { createRoomMachine } from "../../../../src/io/dropsilk/rooms/rooms.ts"
import { newParticipant, type RoomRecord } from "../../../../src/machines/dropsilk/room/roomRecord.ts"
import { createRegistry, registryId, registryOf } from "../../../../src/machines/registry.ts"

/** A store whose answers the test gives, one by one. */
const createStore = () => {
  const asked: {
    operation: string
    parameters: unknown[]
    resolve: (value: any) => void
    reject: (error: Error) => void
  }[] = []
  const ask =
    (operation: string) =>
    (...parameters: unknown[]): Promise<any> =>
      new Promise((resolve, reject) => asked.push({ operation, parameters, resolve, reject }))
  const store: RoomStore = {
    load: ask("load"),
    insert: ask("insert"),
    save: ask("save"),
    remove: ask("remove"),
    removeExpired: ask("removeExpired")
  }
  return { store, asked }
}

const timeToLiveMs = 60_000
const start = 1_000_000

const row = (change: Partial<RoomRecord> = {}): RoomRecord => ({
  code: "ABCDEF",
  host: newParticipant({ id: "host", alias: "host-alias" }, "Host"),
  guest: null,
  departed: [],
  expiresAt: start + timeToLiveMs,
  ...change
})
const withGuest = row({ guest: newParticipant({ id: "guest", alias: "guest-alias" }, "Guest") })

const asker = { kind: "asker", id: "one" }

describe("a room's actor", () => {
  let asked: ReturnType<typeof createStore>["asked"]
  let room: AnyActorRef
  let answers: AnyEventObject[]
  /** What it waits for, by the names of the events. */
  const armed = new Map<string, number>()
  let requests = 0

  const open = async (found: RoomRecord | null, returnMs = 30_000) => {
    const made = createStore()
    asked = made.asked
    answers = []
    armed.clear()
    const deadlines: Deadlines = {
      at: (_, time, type = "deadline") => void armed.set(type, time),
      after: (_, milliseconds, type = "deadline") => void armed.set(type, milliseconds),
      cancel: (_, type = "deadline") => void armed.delete(type),
      size: 0,
      close: () => {}
    }
    // There are no flights: when the room asks who sits there nobody answers.
    const tower = createActor(
      createMachine({ invoke: { src: createRegistry(), systemId: registryId, id: registryId } })
    ).start()
    registryOf(tower).send({ type: "endpoint", kind: asker.kind, receive: (_, event) => answers.push(event) })
    room = createActor(
      createRoomMachine(made.store, deadlines, () => {}),
      {
        parent: tower,
        input: {
          code: "ABCDEF",
          at: start,
          settings: {
            listeningSince: start,
            returnMs,
            returners: 8,
            reloadMs: 5_000,
            silenceMs: 90_000,
            timeToLiveMs,
            restMs: 10_000,
            touchShare: 0.1,
            retryMs: 5_000
          }
        }
      } as never
    ) as AnyActorRef
    room.start()
    if (asked.length === 0) throw new Error("the row was not asked for")
    await settle("load", found)
  }

  /** Gives the oldest open question its answer and lets the room hear it. */
  const settle = async (operation: string, answer: unknown) => {
    const question = asked.shift()
    expect(question?.operation).toBe(operation)
    if (answer instanceof Error) question?.reject(answer)
    else question?.resolve(operation === "load" && answer !== null ? { room: answer, words: [] } : answer)
    // The room hears of it in the turns of the promise queue.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }

  const say = (event: AnyEventObject, at = start + 1) => {
    const requestId = ++requests
    room.send({ at, requestId, replyTo: asker, address: "192.0.2.1", ...event })
    return requestId
  }
  const ready = (participantId: string, fileCount: number) =>
    say({ type: "room.ready", participantId, fileCount, totalBytes: 0 })
  const answerTo = (requestId: number) => answers.find((answer) => answer["requestId"] === requestId)

  beforeEach(() => open(withGuest))

  it("answers no change before its save", async () => {
    const request = ready("host", 1)
    expect(answers).toEqual([])
    expect(asked.map(({ operation }) => operation)).toEqual(["save"])
    await settle("save", "saved")
    expect(answerTo(request)).toMatchObject({ type: "room.answered", room: { host: { ready: true, fileCount: 1 } } })
  })

  it("sends changes that arrive during a save out together in the next one", async () => {
    const requests = [
      ready("host", 1),
      ready("host", 2),
      ready("guest", 3),
      say({ type: "room.chat", participantId: "guest", active: true })
    ]
    expect(asked).toHaveLength(1)
    await settle("save", "saved")
    expect(requests.map((request) => answerTo(request) !== undefined)).toEqual([true, false, false, false])
    expect(asked).toHaveLength(1)
    expect(asked[0]?.parameters[1]).toMatchObject({ host: { fileCount: 2 }, guest: { fileCount: 3, chat: true } })
    await settle("save", "saved")
    expect(requests.map((request) => answerTo(request)?.type)).toEqual(Array(4).fill("room.answered"))
    expect(asked).toEqual([])
  })

  it("answers a poll at once, from what is saved", () => {
    ready("host", 1)
    const poll = say({ type: "room.poll", participantId: "guest" })
    expect(answerTo(poll)).toMatchObject({ type: "room.answered", room: { host: { ready: false } } })
  })

  const attach = (participantId: string) =>
    room.send({
      type: "room.attach",
      attempt: 1,
      channel: "transfer",
      participantId,
      address: "192.0.2.1",
      at: start + 1,
      replyTo: asker
    })

  it("lets an attach wait for the change it depends on", async () => {
    await open(withGuest, 0)
    room.send({ type: "seat.vacated", participantId: "guest", at: start + 1 })
    attach("guest")
    expect(answers).toEqual([])
    await settle("save", "saved")
    expect(answers).toEqual([{ type: "room.denied", attempt: 1 }])
  })

  it("takes nobody back before that is saved", async () => {
    room.send({ type: "seat.vacated", participantId: "guest", at: start + 1 })
    await settle("save", "saved")
    attach("guest")
    const poll = say({ type: "room.poll", participantId: "guest" })
    expect(answers).toEqual([])
    await settle("save", "saved")
    expect(answers[0]).toMatchObject({ type: "room.admitted", role: "guest" })
    expect(answerTo(poll)).toMatchObject({ type: "room.answered", room: { guest: { id: "guest" } } })
  })

  it("shows nobody who has left, saved or not, whatever else is under way", async () => {
    ready("guest", 1)
    room.send({ type: "seat.vacated", participantId: "host", at: start + 1 })
    const poll = say({ type: "room.poll", participantId: "guest" })
    expect(answerTo(poll)).toMatchObject({ room: { host: { id: "guest", ready: false }, guest: null } })
    await settle("save", "saved")
    await settle("save", new Error("down"))
    const later = say({ type: "room.poll", participantId: "guest" })
    expect(answerTo(later)).toMatchObject({ room: { host: { id: "guest", ready: true }, guest: null } })
  })

  it("decides again upon the row when somebody else has changed it", async () => {
    await open(row())
    const join = say({
      type: "room.join",
      guest: { id: "late", alias: "late-alias" },
      name: "Late",
      around: null,
      polled: []
    })
    await settle("save", "conflict")
    await settle("load", withGuest)
    expect(answerTo(join)).toEqual({ type: "room.refused", requestId: join, reason: "full" })
    const change = ready("host", 5)
    await settle("save", "conflict")
    await settle("load", withGuest)
    expect(asked[0]?.parameters.slice(0, 2)).toMatchObject([
      { guest: { id: "guest" } },
      { host: { fileCount: 5 }, guest: { id: "guest" } }
    ])
    await settle("save", "saved")
    expect(answerTo(change)?.type).toBe("room.answered")
  })

  it("says of a fault that waiting does not cure that it is one", async () => {
    const change = ready("host", 1)
    await settle("save", Object.assign(new Error("no right to write"), { lasting: true }))
    expect(answerTo(change)).toEqual({ type: "room.broken", requestId: change })
    const another = ready("host", 2)
    await settle("save", Object.assign(new Error("away"), { lasting: false }))
    expect(answerTo(another)).toEqual({ type: "room.unavailable", requestId: another })
  })

  it("undoes what could not be saved, says so, and tries again without whoever has left", async () => {
    const change = ready("host", 1)
    await settle("save", new Error("down"))
    expect(answerTo(change)).toEqual({ type: "room.unavailable", requestId: change })
    expect(answerTo(say({ type: "room.poll", participantId: "host" }))).toMatchObject({
      room: { host: { ready: false } }
    })
    room.send({ type: "seat.vacated", participantId: "guest", at: start + 2 })
    await settle("save", new Error("still down"))
    expect(asked).toEqual([])
    expect(armed.get("retry.due")).toBe(5_000)
    room.send({ type: "retry.due", at: start + 5_002 })
    expect(asked[0]?.parameters[1]).toMatchObject({ guest: null })
    await settle("save", "saved")
  })

  it("writes an extension of its life only when it has grown to a tenth, and the rest when it goes to rest", async () => {
    let writes = 0
    for (let second = 1; second <= 30; second++) {
      say({ type: "room.poll", participantId: "host" }, start + second * 1000)
      if (asked.length > 0) {
        writes++
        await settle("save", "saved")
      }
    }
    expect(writes).toBe(5)
    say({ type: "room.poll", participantId: "host" }, start + 31_000)
    room.send({ type: "life.due", at: start + 41_000 })
    expect(asked[0]?.parameters[1]).toMatchObject({ expiresAt: start + 31_000 + timeToLiveMs })
    await settle("save", "saved")
    expect(room.getSnapshot().status).toBe("done")
  })

  it("answers nobody once it has expired", () => {
    const late = start + timeToLiveMs
    const requests = [
      say({ type: "room.poll", participantId: "host" }, late),
      say({ type: "room.ready", participantId: "host", fileCount: 0, totalBytes: 0 }, late),
      say({ type: "room.join", guest: { id: "x", alias: "y" }, name: "X", around: null, polled: [] }, late)
    ]
    for (const requestId of requests) {
      expect(answerTo(requestId)).toEqual({ type: "room.refused", requestId, reason: "not-found" })
    }
    expect(asked).toEqual([])
    room.send({ type: "life.due", at: late })
    expect(room.getSnapshot().status).toBe("done")
  })

  it("does not expire while a transfer seat is taken, and writes its new life in time", async () => {
    room.send({ type: "seat.taken", participantId: "host" })
    for (let step = 1; step <= 6; step++) {
      const at = armed.get("life.due")
      expect(at).toBeDefined()
      room.send({ type: "life.due", at })
      await settle("save", "saved")
    }
    const muchLater = start + 3 * timeToLiveMs
    expect(answerTo(say({ type: "room.poll", participantId: "host" }, muchLater))?.type).toBe("room.answered")
  })

  it("is removed with its last participant, unless somebody has come in meanwhile elsewhere", async () => {
    await open(row(), 0)
    room.send({ type: "seat.vacated", participantId: "host", at: start + 1 })
    const join = say({
      type: "room.join",
      guest: { id: "late", alias: "late-alias" },
      name: "Late",
      around: null,
      polled: []
    })
    await settle("remove", "conflict")
    await settle("load", withGuest)
    // The guest who came in elsewhere is the host now, and there is a seat for the one who asks here.
    expect(asked[0]?.parameters[1]).toMatchObject({ host: { id: "guest" } })
    await settle("save", "saved")
    if (asked.length > 0) await settle("save", "saved")
    expect(answerTo(join)?.type).toBe("room.answered")
    expect(room.getSnapshot().status).toBe("active")
  })
})
