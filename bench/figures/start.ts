import { join } from "node:path"
import { openKeptAlive, requestOf } from "../benchRequests.ts"
import { compare, type Figure, type Round, takeTurns } from "../rounds.ts"
import type { ServerKind } from "../servers.ts"
import type { Setting } from "../setting.ts"

/** Milliseconds after its first answer, when a server has finished what starting leaves behind. */
const settlingMs = 1000

/** Starting, from the new process to its first answer, and the memory it then sits there with. */
export const start = async (setting: Setting): Promise<readonly Figure[]> => {
  const memory = new Map<ServerKind, number[]>()
  // The embedded database is made in the turn that does not count, and opened again in the others.
  const environment: Record<string, string> =
    setting.database === "embedded" ? { DATA_DIR: join(setting.directory, "reopened") } : {}
  const firstAnswer = async (kind: ServerKind): Promise<number> => {
    const started = performance.now()
    const server = await setting.start(kind, environment)
    try {
      const connection = await openKeptAlive(server.port)
      await connection.ask(requestOf(server.port, "/keep-alive"))
      const took = performance.now() - started
      connection.close()
      await new Promise((resolve) => setTimeout(resolve, settlingMs))
      const { residentBytes } = await server.usage()
      memory.set(kind, [...(memory.get(kind) ?? []), residentBytes / 1024 / 1024])
      return took
    } finally {
      await server.stop()
    }
  }
  const times = await takeTurns(
    setting.size.rounds,
    () => firstAnswer("silktower"),
    () => firstAnswer("bare")
  )
  const [ours, theirs] = [memory.get("silktower") ?? [], memory.get("bare") ?? []]
  // The first of each was the turn that does not count.
  const residents = ours
    .slice(1)
    .map((silktower, index): Round => ({ silktower, reference: theirs[index + 1] as number }))
  return [
    compare(
      `resident memory of an idle server, ${setting.database}`,
      "MB",
      "difference",
      setting.database === "PostgreSQL" ? 90 : undefined,
      residents
    ),
    compare(`from start to first answer, ${setting.database}`, "ms", "difference", undefined, times)
  ]
}
