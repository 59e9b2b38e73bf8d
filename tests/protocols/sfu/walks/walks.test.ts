/**
 * The server walks a model of its contract: what three participants can do, in order and out of it, step by step and at
 * random, with sockets that are cut, transports that break and media workers that die. After each step all that everybody
 * was sent is compared. `WALK_SEED=…` takes the same walk again, `WALK_STEPS=…` takes more steps.
 */
import { expect, it } from "vitest"
import { randomNumbers } from "../../../support/random.ts"
import { capabilities, dtls, room, rtp, type SfuClient, useParticipants, useSfu } from "../sfuClient.ts"
import { type Event, type Person, people, type Step, users, World } from "./world.ts"

const seed = process.env["WALK_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["WALK_SEED"])
const wanted = Number(process.env["WALK_STEPS"] ?? 600)
/** Chance leaves something out now and then. */
const atMost = 5 * wanted
/** What is done, and what is refused. */
const everything = [
  ...["break a transport", "close", "cut", "kill the worker", "resume"],
  ...["make a transport", "connect a transport", "produce", "consume"].flatMap((does) => [does, `${does}, refused`]),
  ...["join elsewhere, refused", "resume, refused"]
]
/** Deaths that are still taken for bad luck. */
const mostDeaths = 6
/** Milliseconds that a clock of the server's may be late. */
const late = 1_000

const { server, engine } = useSfu()
const participant = useParticipants(server, engine)

it(`does what the contract says at every step (seed ${seed})`, { timeout: 120_000 }, async () => {
  const random = randomNumbers(seed)
  const pick = <A>(list: readonly A[]): A => list[Math.floor(random() * list.length)] as A
  const world = new World()
  const clients = new Map<Person, SfuClient>()
  const path: string[] = []
  const done = new Set<string>()
  const leftOut = () => everything.filter((each) => !done.has(each))
  let deaths = 0

  const client = (who: Person): SfuClient => clients.get(who) as SfuClient

  const gone = async (...away: readonly Person[]) => {
    for (const who of away) clients.delete(who)
    await expect.poll(() => server.actors()["participants"], { interval: 2 }).toBe(clients.size)
  }

  /** Asks, and compares a refusal; true: it is carried out. */
  const asks = async (step: Step & { readonly who: Person }, type: string, data?: object) => {
    const refusal = world.refusal(step)
    const answer = await client(step.who).ask(type, data)
    if (refusal === undefined) {
      expect(answer).not.toHaveProperty("error")
      done.add(step.does)
      return answer
    }
    expect(answer).toEqual(refusal)
    done.add(`${step.does}, refused`)
    return undefined
  }

  const take = async (step: Step): Promise<void> => {
    if (step.does === "kill the worker") {
      deaths++
      const away = world.killWorker()
      engine.killWorker()
      for (const who of away) {
        expect(await client(who).closed()).toEqual({ code: 1011, reason: "Media engine restarted" })
      }
      await gone(...away)
      return void done.add(step.does)
    }
    const { who } = step
    switch (step.does) {
      case "connect": {
        const somebody = await participant({ userId: users[who], userName: who })
        clients.set(who, somebody)
        return world.connect(who)
      }
      case "join": {
        const answer = await client(who).join()
        return void expect(answer.existingProducers).toEqual(world.join(who, performance.now()))
      }
      case "join elsewhere":
        return void (await asks(step, "join-room", { roomId: `${room}!` }))
      case "make a transport": {
        const answer = await asks(step, "create-transport", { roomId: room })
        return answer && world.openTransport(who, answer.params.id, performance.now())
      }
      case "connect a transport": {
        const { transport } = step
        const answer = await asks(step, "connect-transport", { transportId: transport, dtlsParameters: dtls })
        return answer && void world.of(who).transports.set(transport, "connected")
      }
      case "produce": {
        const { transport, kind } = step
        const answer = await asks(step, "produce", { transportId: transport, kind, rtpParameters: rtp })
        return answer && world.produce(who, { id: answer.id, transport, kind })
      }
      case "consume": {
        const { transport, producer } = step
        world.settle(who)
        const data = { transportId: transport, producerId: producer, rtpCapabilities: capabilities }
        const answer = await asks(step, "consume", data)
        if (answer === undefined) return
        expect(answer.params.producerId).toBe(producer)
        return void world.of(who).consumers.set(answer.params.id, { transport, producer })
      }
      case "resume":
        return void (await asks(step, "resume-consumer", { consumerId: step.consumer }))
      case "break a transport":
        engine.change(step.transport, pick(["failed", "closed"] as const))
        done.add(step.does)
        return world.breakTransport(who, step.transport)
      case "close":
      case "cut":
        await client(who)[step.does]()
        await gone(who)
        done.add(step.does)
        return world.leave(who)
    }
  }

  /** Compares what everybody was sent. Whose notices wait may have been told them, once it is time and not before. */
  const look = async () => {
    const frames = new Map<Person, readonly Event[]>()
    for (const [who, each] of clients) frames.set(who, (await each.heard()) as unknown as readonly Event[])
    const now = performance.now()
    const expected = world.heard()
    for (const who of people.filter((each) => clients.has(each))) {
      const { notices, held, settledAt } = world.of(who)
      const came = frames.get(who) as readonly Event[]
      const must = expected.get(who) ?? []
      if (notices === "held" && came.some(({ type }) => type === "new-producer")) {
        expect(now).toBeGreaterThan(settledAt - 50)
        world.settle(who)
        // What was held is among what came, in order; ends of what was known before may stand between.
        const news = came.filter(({ type }) => type === "new-producer")
        expect(news).toEqual(world.heard().get(who))
        expect(came.filter(({ type }) => type === "producer-closed")).toEqual(must)
        done.add("settle in time")
      } else {
        if (notices === "held" && held.length > 0) expect(now).toBeLessThan(settledAt + late)
        expect(came).toEqual(must)
      }
    }
    expect(engine.holds.transports).toBe(world.transports)
    expect(engine.holds.producers).toBe(world.producers.length)
  }

  try {
    while (path.length < wanted || (leftOut().length > 0 && path.length < atMost)) {
      const steps = world.steps(pick)
      const mayDie = deaths < mostDeaths && path.length > (deaths + 1) * (wanted / (mostDeaths + 1))
      const step: Step = mayDie ? { does: "kill the worker" } : pick(steps)
      path.push(JSON.stringify(step))
      await take(step)
      await look()
    }
  } catch (error) {
    expect.fail(`${String(error)}\n\nafter:\n${path.slice(-40).join("\n")}\n\nWALK_SEED=${seed}`)
  }
  expect(leftOut()).toEqual([])
})
