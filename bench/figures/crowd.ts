import { BenchSocket } from "../benchSocket.ts"
import { type Figure, quantile } from "../rounds.ts"
import type { Server } from "../servers.ts"
import type { Setting } from "../setting.ts"

const sizes = [20, 100, 500, 1_000]
/** Each person comes, goes and changes their name once in so many seconds. */
const stayingSeconds = 200
/** Seconds of coming and going before anything is measured. */
const settlingSeconds = 5
/** A change that somebody has not seen after so many milliseconds counts as much. */
const patienceMs = 30_000

/** As of one private network. */
const addressOf = (index: number): string => `10.0.0.${1 + (index % 254)}`

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** Something that everybody who was there should see in a list. */
interface Change {
  readonly text: string
  readonly waiting: Set<BenchSocket>
  readonly seen: () => void
}

/** People of one network, of whom some come, go and change their names all the time. */
const createCrowd = (server: Server) => {
  const people = new Set<BenchSocket>()
  let arrivals = 0
  let names = 0
  let bytes = 0
  let change: Change | null = null

  const heard = (socket: BenchSocket, text: string) => {
    if (change === null || !change.waiting.has(socket) || !text.includes(change.text)) return
    change.waiting.delete(socket)
    if (change.waiting.size === 0) change.seen()
  }

  const rename = (socket: BenchSocket): string => {
    const name = `SilentJaguar${String(names++ % 10_000).padStart(4, "0")}`
    socket.send(JSON.stringify({ type: "register-details", name }))
    return name
  }

  const enter = async (): Promise<{ readonly id: string; readonly listedAfterMs: number }> => {
    const began = performance.now()
    const socket = await BenchSocket.open(server.port, addressOf(arrivals++))
    const { id } = JSON.parse(await socket.next("registered")) as { id: string }
    await socket.next("users-on-network-update")
    const listedAfterMs = performance.now() - began
    socket.follow((text) => heard(socket, text))
    people.add(socket)
    return { id, listedAfterMs }
  }

  const [oldest, newest] = [() => [...people][0] as BenchSocket, () => [...people].at(-1) as BenchSocket]

  /** Milliseconds until everybody who is there now and stays has seen this text in a list. */
  const untilSeenByAll = async (text: string, isKnown: (socket: BenchSocket) => boolean): Promise<number> => {
    const began = performance.now()
    const waiting = new Set([...people].filter((socket) => !isKnown(socket)))
    await Promise.race([new Promise<void>((seen) => (change = { text, waiting, seen })), pause(patienceMs)])
    change = null
    return performance.now() - began
  }

  const leave = async () => {
    const socket = oldest()
    people.delete(socket)
    change?.waiting.delete(socket)
    bytes += socket.bytes
    if (change?.waiting.size === 0) change.seen()
    await socket.close()
  }

  return {
    enter,
    leave,
    rename: () => rename(oldest()),
    /** One arrives: how long its own first list took, and how long the others waited for one that shows it, milliseconds. */
    arrival: async () => {
      const { id, listedAfterMs } = await enter()
      const self = newest()
      return { listedAfterMs, othersMs: await untilSeenByAll(`"${id}"`, (socket) => socket === self) }
    },
    /** Somebody takes another name: how long the others waited for a list that shows it, milliseconds. */
    renaming: () => {
      const socket = newest()
      return untilSeenByAll(`"${rename(socket)}"`, (each) => each === socket)
    },
    bytes: () => [...people].reduce((sum, socket) => sum + socket.bytes, bytes)
  }
}

const value = (name: string, unit: string, silktower: number, aim?: number): Figure => ({
  name,
  unit,
  silktower,
  compared: "value",
  outcome: silktower,
  ...(aim === undefined ? {} : { aim })
})

const measure = async (server: Server, size: number, probes: number): Promise<readonly Figure[]> => {
  const crowd = createCrowd(server)
  for (let index = 0; index < size; index++) await crowd.enter()

  let isOver = false
  const comings = (async () => {
    while (!isOver) {
      await pause((stayingSeconds / size) * 1000)
      await Promise.all([crowd.enter(), crowd.leave()])
      crowd.rename()
    }
  })()
  await pause(settlingSeconds * 1000)

  const listedMs: number[] = []
  const othersMs: number[] = []
  const began = performance.now()
  const bytesBefore = crowd.bytes()
  for (let probe = 0; probe < probes; probe++) {
    const arrival = await crowd.arrival()
    listedMs.push(arrival.listedAfterMs)
    othersMs.push(arrival.othersMs, await crowd.renaming())
    await crowd.leave()
  }
  const megabytesASecond = (crowd.bytes() - bytesBefore) / 1e3 / (performance.now() - began)
  isOver = true
  await comings

  const among = `${size.toLocaleString("en")} on one network`
  return [
    value(`${among}: a newcomer's first list, slowest of ${probes}`, "ms", quantile(listedMs, 1), 300),
    value(`${among}: until everybody else sees a change, slowest of ${2 * probes}`, "ms", quantile(othersMs, 1), 5_000),
    value(`${among}: sent to all of them`, "MB a second", megabytesASecond, 1.1)
  ]
}

/** People of one network come, go and change their names; how soon a newcomer sees the others, and they what is new. */
export const crowd = async ({ size, start }: Setting): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (const people of sizes) {
    const server = await start("silktower")
    try {
      figures.push(...(await measure(server, people, size.crowdProbes)))
    } finally {
      await server.stop()
    }
  }
  return figures
}
