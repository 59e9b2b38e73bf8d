import { addressOf, type BenchSocket, openFlight, openMany } from "../benchSocket.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server, type ServerKind } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"

/** Flights that are opened and left at the same time. */
const atOnce = 10

/** So many flights, from two connects to peer-left. `portsOf`: of the servers at which host and guest of each are. */
export const flights = async (count: number, portsOf: (index: number) => readonly [number, number]): Promise<void> => {
  const flyOnce = async (index: number) => {
    const [host, guest] = await openFlight(portsOf(index), [addressOf(index * 2), addressOf(index * 2 + 1)])
    const left = host.next("peer-left")
    await Promise.all([guest.close(), left])
    await host.close()
  }
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await flyOnce(next++)
    })
  )
}

export const flight = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const count = setting.size.flights
    const cpu = async (server: Server) =>
      (await cpuOf(server, () => flights(count, () => [server.port, server.port]))) / count
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower),
      () => cpu(bare)
    )
    return [compare("a flight, from two connects to peer-left", "µs CPU a flight", "ratio", 2, rounds)]
  })

/** Connections that are opened while the CPU is watched, then cut again. */
const batch = 100

/** No pings while connecting is measured: those of 10,000 open connections would be taken for its cost. */
const withoutPings = { WS_HEALTH_CHECK_INTERVAL_MS: "3600000" }

const until = async (server: Server, sockets: number): Promise<void> => {
  while ((await server.usage()).sockets > sockets) await new Promise((resolve) => setTimeout(resolve, 5))
}

interface Crowd {
  readonly server: Server
  readonly open: number
}

/** A server that has seen as many clients as the largest has, of which so many are still there. */
const gather = async (setting: Setting, kind: ServerKind, open: number): Promise<Crowd> => {
  const server = await setting.start(kind, withoutPings)
  const most = setting.size.openConnections
  for (let gone = 0; gone < most - open; gone += 500) {
    const passing = await openMany(server.port, Math.min(500, most - open - gone), addressOf)
    for (const socket of passing) socket.cut()
  }
  await until(server, 0)
  await openMany(server.port, open, addressOf)
  return { server, open }
}

/** So many batches a turn, so that a garbage collection or two falls into each. */
const batches = 5

/** CPU of one more client, microseconds. */
const oneMore = async ({ server, open }: Crowd): Promise<number> => {
  let cpu = 0
  for (let index = 0; index < batches; index++) {
    let sockets: BenchSocket[] = []
    cpu += await cpuOf(server, async () => {
      sockets = await openMany(server.port, batch, (each) => addressOf(open + each))
    })
    for (const socket of sockets) socket.cut()
    await until(server, open)
  }
  return cpu / batch / batches
}

export const connect = async (setting: Setting): Promise<readonly Figure[]> => {
  const most = setting.size.openConnections
  const figures: Figure[] = []
  for (const kind of ["silktower", "bare"] as const) {
    const crowds: Crowd[] = []
    try {
      for (const open of [500, most]) crowds.push(await gather(setting, kind, open))
      const [few, many] = crowds as [Crowd, Crowd]
      const rounds = await takeTurns(
        setting.size.connectRounds,
        () => oneMore(many),
        () => oneMore(few)
      )
      const name = `connecting with ${most.toLocaleString("en")} there, over ${few.open} there`
      figures.push(
        kind === "silktower"
          ? compare(name, "µs CPU a client", "ratio", 1.1, rounds)
          : compare(`the bare server: ${name}`, "µs CPU a client", "ratio", undefined, rounds)
      )
    } finally {
      for (const { server } of crowds) await server.stop()
    }
  }
  return figures
}

/** The first connections pay for what all share: young generation, tables, compiled code. */
const beforehand = 3_000

/** What one more open connection keeps; `open` opens so many, whose first has this number. */
export const idleMemoryOf = async (
  setting: Setting,
  name: string,
  open: (port: number, first: number, count: number) => Promise<unknown>
): Promise<Figure> => {
  const kilobytes = async (kind: ServerKind): Promise<number> => {
    const server = await setting.start(kind)
    try {
      await open(server.port, 0, beforehand)
      const before = await server.usage({ collect: true })
      const count = setting.size.idleConnections
      await open(server.port, beforehand, count)
      const after = await server.usage({ collect: true })
      return (after.residentBytes - before.residentBytes) / count / 1024
    } finally {
      await server.stop()
    }
  }
  const rounds = await takeTurns(
    Math.min(5, setting.size.rounds),
    () => kilobytes("silktower"),
    () => kilobytes("bare")
  )
  return compare(name, "KB", "difference", 4, rounds)
}

export const idleMemory = async (setting: Setting): Promise<readonly Figure[]> => [
  await idleMemoryOf(setting, "resident memory of an idle connection", (port, first, count) =>
    openMany(port, count, (index) => addressOf(first + index))
  )
]
