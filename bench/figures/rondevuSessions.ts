import { type KeptAlive, openKeptAlive, requestOf, share } from "../benchRequests.ts"
import { addressOf } from "../benchSocket.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import { cpuOf, type Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"

const connectionCount = 32
const sessionCount = 100
/** Polls that are made ready: each comes from an address of its own, as clients do, so that no budget is spent. */
const pollCount = 2_000
const base = "/rondevu-sessions"

const open = ({ port }: Server): Promise<KeptAlive[]> =>
  Promise.all(Array.from({ length: connectionCount }, () => openKeptAlive(port)))

const from = (index: number): readonly string[] => [`X-Forwarded-For: ${addressOf(index)}`]

/** Begins sessions of a usual size, each with an answer and two candidates of each side, and makes polls of both sides. */
const openSessions = async ({ port }: Server, connection: KeptAlive): Promise<readonly Buffer[]> => {
  const text = "v".repeat(250)
  for (let index = 0; index < sessionCount; index++) {
    const code = `bench ${index}`
    await connection.ask(requestOf(port, `${base}/bench/offer`, { peerId: "ada", offer: text, code }, from(index)))
    await connection.ask(requestOf(port, `${base}/answer`, { code, side: "answerer", answer: text }, from(index)))
    for (const side of ["offerer", "answerer"]) {
      for (const candidate of ["one".repeat(20), "two".repeat(20)]) {
        await connection.ask(requestOf(port, `${base}/answer`, { code, side, candidate }, from(index)))
      }
    }
  }
  return Array.from({ length: pollCount }, (_, index) => {
    const side = index % 2 === 0 ? "offerer" : "answerer"
    return requestOf(port, `${base}/poll`, { code: `bench ${index % sessionCount}`, side }, from(index))
  })
}

/** Against a bare server that reads the same body and answers. */
export const sessionPolls = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const [ours, theirs] = [await open(silktower), await open(bare)]
    const polls = await openSessions(silktower, ours[0] as KeptAlive)
    const fixed = requestOf(bare.port, "/read", { code: "bench 1", side: "offerer" }, from(1))
    const count = setting.size.polls
    const cpu = async (server: Server, connections: readonly KeptAlive[], requestAt: (index: number) => Buffer) =>
      (await cpuOf(server, () => share(connections, count, (each, index) => each.ask(requestAt(index))))) / count
    const rounds = await takeTurns(
      setting.size.rounds,
      () => cpu(silktower, ours, (index) => polls[index % polls.length] as Buffer),
      () => cpu(bare, theirs, () => fixed)
    )
    const name = `rondevu: poll of a session, ${sessionCount} sessions, ${setting.database}`
    return [compare(name, "µs CPU a request", "ratio", 2.5, rounds)]
  })
