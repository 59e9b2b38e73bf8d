import { afterEach, describe, expect, it } from "vitest"
import { createActor, fromTransition } from "xstate"
import { createDeadlines, type Deadlines } from "../../../src/io/actors/deadlines.ts"

/** An actor that remembers when it was told. */
const listener = () =>
  createActor(
    fromTransition((times: number[], event: { type: "deadline"; at: number }) => [...times, event.at], [])
  ).start()

const told = (actor: ReturnType<typeof listener>) =>
  new Promise<number>((resolve) => {
    const subscription = actor.subscribe(({ context }) => {
      if (context.length === 0) return
      subscription.unsubscribe()
      resolve(context.at(-1) as number)
    })
  })

describe("deadlines", () => {
  let deadlines: Deadlines
  afterEach(() => deadlines.close())

  it("tell each actor once, not before its time, in the order of their times", async () => {
    deadlines = createDeadlines(5)
    const start = Date.now()
    const [late, early] = [listener(), listener()]
    deadlines.at(late, start + 60)
    deadlines.at(early, start + 20)
    const times = await Promise.all([told(late), told(early)])
    expect(times[0]).toBeGreaterThanOrEqual(start + 60)
    expect(times[1]).toBeGreaterThanOrEqual(start + 20)
    expect(times[1]).toBeLessThan(times[0] as number)
    expect(deadlines.size).toBe(0)
    expect([late, early].map((actor) => actor.getSnapshot().context.length)).toEqual([1, 1])
  })

  it("are kept for longer than one turn of the wheel", async () => {
    deadlines = createDeadlines(1)
    const actor = listener()
    const due = Date.now() + 700
    deadlines.at(actor, due)
    expect(await told(actor)).toBeGreaterThanOrEqual(due)
  })

  it("tell at once what is already past, and what is to come after this moment", async () => {
    deadlines = createDeadlines(5)
    const [past, soon] = [listener(), listener()]
    deadlines.at(past, Date.now() - 10_000)
    deadlines.after(soon, 0)
    expect(soon.getSnapshot().context).toEqual([])
    await Promise.all([told(past), told(soon)])
  })

  it("replace what an actor asked for before, and forget what is cancelled", async () => {
    deadlines = createDeadlines(5)
    const [moved, cancelled, witness] = [listener(), listener(), listener()]
    const start = Date.now()
    deadlines.at(moved, start + 10)
    deadlines.at(moved, start + 60)
    deadlines.at(cancelled, start + 10)
    deadlines.cancel(cancelled)
    deadlines.at(witness, start + 90)
    await told(witness)
    expect(moved.getSnapshot().context).toHaveLength(1)
    expect(moved.getSnapshot().context[0]).toBeGreaterThanOrEqual(start + 60)
    expect(cancelled.getSnapshot().context).toEqual([])
  })

  it("of several names wait and are cancelled each by itself", async () => {
    deadlines = createDeadlines(5)
    const heard: string[] = []
    const actor = createActor(
      fromTransition((_: null, { type }: { type: string }) => {
        heard.push(type)
        return null
      }, null)
    )
    actor.start()
    const witness = listener()
    const start = Date.now()
    deadlines.at(actor, start + 40, "life.due")
    deadlines.at(actor, start + 20, "retry.due")
    deadlines.at(actor, start + 10)
    deadlines.after(actor, 30, "return.due")
    deadlines.cancel(actor, "return.due")
    deadlines.at(actor, start + 60, "retry.due")
    expect(deadlines.size).toBe(3)
    deadlines.at(witness, start + 90)
    await told(witness)
    expect(heard).toEqual(["deadline", "life.due", "retry.due"])
    expect(deadlines.size).toBe(0)
  })

  describe("when the wall clock is set", () => {
    const hour = 3_600_000
    let shift: number
    const jumping = () => {
      shift = 0
      deadlines = createDeadlines(5, () => Date.now() + shift)
      return deadlines
    }

    it("ahead, tell at once what was asked for by it", async () => {
      const actor = listener()
      jumping().at(actor, Date.now() + hour)
      shift = hour
      expect(await told(actor)).toBeGreaterThanOrEqual(Date.now() + hour - 1000)
    })

    it("back, wait for what was asked for by it", async () => {
      const [actor, witness] = [listener(), listener()]
      jumping().at(actor, Date.now() + 30)
      shift = -hour
      deadlines.after(witness, 200)
      await told(witness)
      expect(actor.getSnapshot().context).toEqual([])
      shift = 0
      await told(actor)
    })

    it.each([hour, -hour])("by %i ms, are no sooner and no later when asked for in milliseconds", async (by) => {
      const [sooner, later] = [listener(), listener()]
      jumping().after(sooner, 60)
      deadlines.after(later, hour)
      const start = performance.now()
      shift = by
      await told(sooner)
      expect(performance.now() - start).toBeGreaterThan(55)
      expect(later.getSnapshot().context).toEqual([])
    })
  })
})
