/** One server at which people come and go, and then what is left of them: nothing. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openKeptAlive, requestOf } from "../benchRequests.ts"
import { BenchSocket, openMany } from "../benchSocket.ts"
import { quantile } from "../rounds.ts"
import { type Server, startServer } from "../servers.ts"

/** People who come and go at one time, in pairs. */
const pairs = 40
/** ms for everybody to be forgotten once they have gone. */
const patienceMs = 30_000
const allowedGrowth = 0.02

const counts = { flights: 0, rooms: 0, cuts: 0 }
const signal = JSON.stringify({ type: "signal", data: { type: "offer", sdp: "v=0\r\n".padEnd(800, "a") } })
const addressOf = (pair: number, side: number): string => `203.0.${pair}.${side}`

const meet = async (port: number, pair: number) =>
  Promise.all([0, 1].map((side) => BenchSocket.open(port, addressOf(pair, side)))) as Promise<
    [BenchSocket, BenchSocket]
  >

/** ms from one's write to the other's read. */
const latencies: number[] = []

const talk = async (ann: BenchSocket, bob: BenchSocket) => {
  for (let at = 0; at < 10; at++) {
    const since = performance.now()
    ann.send(signal)
    await bob.next("signal")
    latencies.push(performance.now() - since)
  }
}

const flight = async (port: number, pair: number) => {
  const [ann, bob] = await meet(port, pair)
  ann.send('{"type":"create-flight"}')
  const { flightCode } = JSON.parse(await ann.next("flight-created"))
  bob.send(JSON.stringify({ type: "join-flight", flightCode }))
  await Promise.all([ann.next("peer-joined"), bob.next("peer-joined")])
  await talk(ann, bob)
  await bob.close()
  await ann.next("peer-left")
  await ann.close()
  counts.flights++
}

const room = async (port: number, pair: number) => {
  const http = await openKeptAlive(port)
  const host = JSON.parse(await http.ask(requestOf(port, "/api/rooms", { name: "Ann" })))
  const path = `/api/rooms/${host.roomCode}`
  const guest = JSON.parse(await http.ask(requestOf(port, `${path}/join`, { name: "Bob" })))
  await http.ask(requestOf(port, `${path}?participantId=${host.self.participantId}`))
  const [ann, bob] = await meet(port, pair)
  const attach = (socket: BenchSocket, participantId: string) => {
    socket.send(JSON.stringify({ type: "attach-room", roomCode: host.roomCode, participantId }))
    return socket.next("room-attached")
  }
  await attach(ann, host.self.participantId)
  await attach(bob, guest.self.participantId)
  await ann.next("peer-joined")
  await talk(ann, bob)
  // The last one who goes ends the room.
  await bob.close()
  await ann.next("peer-left")
  await ann.close()
  http.close()
  counts.rooms++
}

const cut = async (port: number, pair: number) => {
  const [ann, bob] = await meet(port, pair)
  ann.send('{"type":"register-details","name":"Ann"}')
  ann.send('{"type":"create-flight"}')
  await ann.next("flight-created")
  ann.cut()
  bob.cut()
  counts.cuts++
}

const churn = async (port: number, forMs: number) => {
  const until = performance.now() + forMs
  await Promise.all(
    Array.from({ length: pairs }, async (_, pair) => {
      for (let at = pair; performance.now() < until; at++) await [flight, room, cut][at % 3]!(port, pair)
    })
  )
}

const actors = async (port: number): Promise<Readonly<Record<string, number>>> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Object.fromEntries(
    [...text.matchAll(/^silktower_actors\{kind="(\w+)"\} (\d+)$/gm)].map(([, kind, count]) => [kind, Number(count)])
  )
}

const living = (left: Readonly<Record<string, number>>, staying: number): boolean =>
  left["connections"] !== staying || ["flights", "rooms", "stories"].some((kind) => left[kind] !== 0)

/** When everybody is forgotten: how many actors there are, and what the heap holds. */
const rest = async (server: Server, staying: number) => {
  const until = performance.now() + patienceMs
  let left = await actors(server.port)
  while (living(left, staying) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    left = await actors(server.port)
  }
  // What one collection leaves to finalizers the next one frees.
  let heapBytes = Number.POSITIVE_INFINITY
  for (let at = 0; at < 5; at++) heapBytes = Math.min(heapBytes, (await server.usage({ collect: true })).heapBytes)
  return { left, heapBytes }
}

/** Resolves with whether actors are left, one that should have stayed is gone, or the heap has grown: true if not. */
export const soakAlone = async (seconds: number, staying: number): Promise<boolean> => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-soak-"))
  // Whoever goes here does not come back: nothing need be kept for it.
  const server = await startServer("silktower", { LOG_LEVEL: "warn", SEAT_RETURN_SECONDS: "1" }, directory)
  try {
    await openMany(server.port, staying, (index) => `198.51.${index >> 8}.${index & 255}`)
    // The log buffer and the compiler have what they will ever have after a while.
    await churn(server.port, (seconds * 1000) / 3)
    const before = await rest(server, staying)
    await churn(server.port, (seconds * 1000 * 2) / 3)
    const after = await rest(server, staying)
    const growth = after.heapBytes / before.heapBytes - 1
    const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`
    console.log(`${counts.flights} flights, ${counts.rooms} rooms, ${counts.cuts} pairs cut off, in ${seconds} s`)
    console.log(`actors before ${JSON.stringify(before.left)}, after ${JSON.stringify(after.left)}`)
    console.log(
      `heap before ${megabytes(before.heapBytes)}, after ${megabytes(after.heapBytes)}: ${(growth * 100).toFixed(2)} %`
    )
    const shareOf = (share: number) => `${quantile(latencies, share).toFixed(2)} ms`
    console.log(`a signal's way through the server: half within ${shareOf(0.5)}, 99 of 100 within ${shareOf(0.99)}`)
    const same = !living(after.left, staying) && JSON.stringify(before.left) === JSON.stringify(after.left)
    return same && growth <= allowedGrowth
  } finally {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
