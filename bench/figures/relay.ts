import { addressOf, type BenchSocket, encodeText, openFlight, serverFrameBytes } from "../benchSocket.ts"
import { compare, compareMedians, type Figure, quantile, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"
import { signalBytes, signalTexts } from "../signals.ts"

export const flightCount = 50
/** Frames on their way in each direction of a flight: enough that the server is never without work. */
const underWay = 8

const frames = signalTexts.map(encodeText)
const bytesOfOne = serverFrameBytes(signalBytes)
const frameAt = (index: number): Buffer => frames[index % frames.length] as Buffer

/** One direction between two clients: what is sent, who gets it, and how many bytes each frame is there. */
export interface Direction {
  readonly from: BenchSocket
  readonly to: BenchSocket
  readonly frameAt: (index: number) => Buffer
  readonly bytesOfOne: number
}

/** Both directions of so many pairs. */
export const openPairs = async (
  count: number,
  open: (index: number) => Promise<readonly [Direction, Direction]>
): Promise<readonly Direction[]> => {
  const directions: Direction[] = []
  for (let index = 0; index < count; index++) directions.push(...(await open(index)))
  return directions
}

/** Both directions of as many flights. `portsOf`: of the servers at which host and guest of each are. */
export const openFlights = (portsOf: (index: number) => readonly [number, number]): Promise<readonly Direction[]> =>
  openPairs(flightCount, async (index) => {
    const [host, guest] = await openFlight(portsOf(index), [addressOf(index * 2), addressOf(index * 2 + 1)])
    return [
      { from: host, to: guest, frameAt, bytesOfOne },
      { from: guest, to: host, frameAt, bytesOfOne }
    ]
  })

const openDirections = ({ port }: Server): Promise<readonly Direction[]> => openFlights(() => [port, port])

type Directions = readonly Direction[]

/** Sends so many frames in each direction, the next as soon as one has come, and waits for all. */
export const saturate = async (directions: Directions, count: number): Promise<void> => {
  await Promise.all(
    directions.map(
      ({ from, to, frameAt, bytesOfOne }) =>
        new Promise<void>((resolve) => {
          let sent = 0
          let bytes = 0
          to.count((received) => {
            bytes += received
            const arrived = Math.floor(bytes / bytesOfOne)
            while (sent < count && sent - arrived < underWay) from.write(frameAt(sent++))
            // What else comes, such as a ping, counts as well.
            if (bytes >= count * bytesOfOne) resolve()
          })
          while (sent < underWay) from.write(frameAt(sent++))
        })
    )
  )
  for (const { to } of directions) to.count(null)
}

/** What a frame costs the server while pairs of clients send as fast as it takes them. */
export const relayOf = (
  { size }: Setting,
  name: string,
  [silktower, bare]: readonly [Server, Server],
  [ours, theirs]: readonly [Directions, Directions],
  { unit = "µs CPU a frame", aim = 1.15 } = {}
): Promise<Figure> => {
  const count = Math.ceil(size.relayFrames / ours.length)
  const cpu = async (server: Server, directions: Directions) =>
    (await cpuOf(server, () => saturate(directions, count))) / (count * directions.length)
  return takeTurns(
    size.rounds,
    () => cpu(silktower, ours),
    () => cpu(bare, theirs)
  ).then((rounds) => compare(name, unit, "ratio", aim, rounds))
}

export const relay = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const name = `relay of ${signalBytes}-byte signals, ${flightCount} flights, saturated`
    const pairs = [await openDirections(silktower), await openDirections(bare)] as const
    return [await relayOf(setting, name, [silktower, bare], pairs)]
  })

/** Sends at an even rate and answers with how long each frame took, milliseconds. */
const pace = (directions: Directions, perSecond: number, seconds: number): Promise<readonly number[]> =>
  new Promise((resolve) => {
    const total = Math.round(perSecond * seconds)
    const took: number[] = []
    const sentAt = directions.map((): number[] => [])
    directions.forEach(({ to }, direction) => {
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
      for (const { to } of directions) to.count(null)
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
        directions[direction]?.from.write(frameAt(sent))
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
