import { type KeptAlive, openKeptAlive, requestOf, share } from "../benchRequests.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"

const connectionCount = 32
const roomCount = 100

const openConnections = ({ port }: Server): Promise<KeptAlive[]> =>
  Promise.all(Array.from({ length: connectionCount }, () => openKeptAlive(port)))

interface Summary {
  readonly roomCode: string
  readonly self: { readonly participantId: string }
}

/** Makes full rooms; answers with the polls of both participants of each. */
const openRooms = async ({ port }: Server, connection: KeptAlive): Promise<readonly Buffer[]> => {
  const polls: Buffer[] = []
  for (let index = 0; index < roomCount; index++) {
    const create = requestOf(port, "/api/rooms", { name: "SilentJaguar458" })
    const host = JSON.parse(await connection.ask(create)) as Summary
    const join = requestOf(port, `/api/rooms/${host.roomCode}/join`, { name: "EagerWing567" })
    const guest = JSON.parse(await connection.ask(join)) as Summary
    for (const { roomCode, self } of [host, guest]) {
      polls.push(requestOf(port, `/api/rooms/${roomCode}?participantId=${self.participantId}`))
    }
  }
  return polls
}

export const poll = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const ours = await openConnections(silktower)
    const theirs = await openConnections(bare)
    const polls = await openRooms(silktower, ours[0] as KeptAlive)
    const fixed = requestOf(bare.port, "/api/rooms/KDBGSM?participantId=qd7sfh2g3d1c")
    const count = setting.size.polls
    const cpu = async (server: Server, connections: readonly KeptAlive[], requestAt: (index: number) => Buffer) =>
      (await cpuOf(server, () => share(connections, count, (each, index) => each.ask(requestAt(index))))) / count
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower, ours, (index) => polls[index % polls.length] as Buffer),
      () => cpu(bare, theirs, () => fixed)
    )
    return [
      compare(`poll of a room, ${roomCount} rooms, ${setting.database}`, "µs CPU a request", "ratio", 2.5, rounds)
    ]
  })

/** Each participant polls once a second, as clients do. */
export const writes = async (setting: Setting): Promise<readonly Figure[]> => {
  if (setting.database === "embedded") return []
  const seconds = setting.size.writeSeconds
  const silktower = await setting.start("silktower")
  try {
    const connections = await openConnections(silktower)
    const polls = await openRooms(silktower, connections[0] as KeptAlive)
    const started = performance.now()
    let asked = 0
    while (performance.now() - started < seconds * 1000) {
      await share(connections, polls.length, (each, index) => each.ask(polls[index] as Buffer))
      asked++
      const next = started + asked * 1000
      await new Promise((resolve) => setTimeout(resolve, next - performance.now()))
    }
  } finally {
    await silktower.stop()
  }
  const updates = await setting.updates()
  if (updates === undefined) return []
  // Each room's guest has come with one UPDATE, before the first poll.
  const perMinute = ((updates - roomCount) / roomCount / seconds) * 60
  return [
    {
      name: `database writes of a polled room, over ${seconds} s`,
      unit: "UPDATEs a minute",
      silktower: perMinute,
      compared: "value",
      outcome: perMinute,
      aim: 1
    }
  ]
}

export const createAndJoin = async (setting: Setting): Promise<readonly Figure[]> => {
  if (setting.database === "embedded") return []
  return withBoth(setting, async (silktower, bare) => {
    const ours = await openConnections(silktower)
    const theirs = await openConnections(bare)
    const count = setting.size.rooms
    const create = requestOf(silktower.port, "/api/rooms", { name: "SilentJaguar458" })
    const makeRooms = () =>
      share(ours, count, async (connection) => {
        const { roomCode } = JSON.parse(await connection.ask(create)) as Summary
        await connection.ask(requestOf(silktower.port, `/api/rooms/${roomCode}/join`, { name: "EagerWing567" }))
      })
    const bareCreate = requestOf(bare.port, "/create", { name: "SilentJaguar458" })
    const bareJoin = requestOf(bare.port, "/join", { name: "EagerWing567" })
    const makeRows = () =>
      share(theirs, count, async (connection) => {
        await connection.ask(bareCreate)
        await connection.ask(bareJoin)
      })
    const rounds = await takeTurns(
      setting.size.rounds,
      async () => (await cpuOf(silktower, makeRooms, { mayClientsSleep: true })) / count,
      async () => (await cpuOf(bare, makeRows, { mayClientsSleep: true })) / count
    )
    return [compare("making and joining a room", "µs CPU a room", "ratio", 2, rounds)]
  })
}
