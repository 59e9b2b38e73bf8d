import { addressOf, type BenchSocket, encodeText, openFlight, serverFrameBytes } from "../benchSocket.ts"
import { compare, compareMedians, type Figure, quantile, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"
import { signalBytes, signalTexts } from "../signals.ts"

const flightCount = 50
/** Frames on their way in each direction of a flight: enough that the server is never without work. */
const underWay = 8

const frames = signalTexts.map(encodeText)
const bytesOfOne = serverFrameBytes(signalBytes)
const frameAt = (index: number): Buffer => frames[index % frames.length] as Buffer

/** Every direction of every flight: who sends, and who gets it. */
const openDirections = async ({ port }: Server): Promise<readonly (readonly [BenchSocket, BenchSocket])[]> => {
  const directions: (readonly [BenchSocket, BenchSocket])[] = []
  for (let index = 0; index < flightCount; index++) {
    const [host, guest] = await openFlight(port, [addressOf(index * 2), addressOf(index * 2 + 1)])
    directions.push([host, guest], [guest, host])
  }
  return directions
}

type Directions = Awaited<ReturnType<typeof openDirections>>

/** Sends so many frames in each direction, the next as soon as one has come, and waits for all. */
const saturate = async (directions: Directions, count: number): Promise<void> => {
  await Promise.all(
    directions.map(
      ([from, to]) =>
        new Promise<void>((resolve) => {
          let sent = 0
          let bytes = 0
          to.count((received) => {
            bytes += received
            const arrived = Math.floor(bytes / bytesOfOne)
            while (sent < count && sent - arrived < underWay) from.write(frameAt(sent++))
            if (bytes === count * bytesOfOne) resolve()
          })
          while (sent < underWay) from.write(frameAt(sent++))
        })
    )
  )
  for (const [, to] of directions) to.count(null)
}

export const relay = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const ours = await openDirections(silktower)
    const theirs = await openDirections(bare)
    const count = Math.ceil(setting.size.relayFrames / ours.length)
    const cpu = async (server: Server, directions: Directions) =>
      (await cpuOf(server, () => saturate(directions, count))) / (count * directions.length)
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower, ours),
      () => cpu(bare, theirs)
    )
    return [
      compare(
        `relay of ${signalBytes}-byte signals, ${flightCount} flights, saturated`,
        "µs CPU a frame",
        "ratio",
        1.15,
        rounds
      )
    ]
  })

/** Sends at an even rate and answers with how long each frame took, milliseconds. */
const pace = (directions: Directions, perSecond: number, seconds: number): Promise<readonly number[]> =>
  new Promise((resolve) => {
    const total = Math.round(perSecond * seconds)
    const took: number[] = []
    const sentAt = directions.map((): number[] => [])
    directions.forEach(([, to], direction) => {
      const times = sentAt[direction] as number[]
      let bytes = 0
      let arrived = 0
      to.count((received) => {
        bytes += received
        const now = performance.now()
        for (; (arrived + 1) * bytesOfOne <= bytes; arrived++) took.push(now - (times[arrived] as number))
        if (took.length === total) finish()
      })
    })
    const finish = () => {
      for (const [, to] of directions) to.count(null)
      resolve(took)
    }
    const started = performance.now()
    let sent = 0
    // Looks at the clock all the time: timers are a millisecond apart, in which fifteen frames would pile up.
    const send = () => {
      const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond))
      for (; sent < due; sent++) {
        const direction = sent % directions.length
        ;(sentAt[direction] as number[]).push(performance.now())
        directions[direction]?.[0].write(frameAt(sent))
      }
      if (sent < total) setImmediate(send)
    }
    send()
  })

const rates = [15_000, 10_000, 7_500, 5_000, 2_500, 1_000]
/** Short turns, many of them: whatever else the machine does for a moment spoils few. */
const latencySeconds = 0.4
/** A server that is this late has more to do than it can, milliseconds. */
const tooLate = 50

export const latency = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const ours = await openDirections(silktower)
    const theirs = await openDirections(bare)
    let rate = 0
    for (rate of rates) {
      await pace(theirs, rate, 1)
      if (quantile(await pace(theirs, rate, 1), 0.99) < tooLate) break
    }
    const lateness = async (directions: Directions) => quantile(await pace(directions, rate, latencySeconds), 0.99)
    const rounds = await takeTurns(
      setting.size.latencyRounds,
      () => lateness(ours),
      () => lateness(theirs)
    )
    return [compareMedians(`relay latency, 99 of 100, at ${rate.toLocaleString("en")} frames/s`, "ms", 1.25, rounds)]
  })
