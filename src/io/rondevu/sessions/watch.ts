/** Keeps sessions in use from going stale when another process on the same database writes them. */
import { createRevisions, type Revisions } from "../../database/revisions.ts"
import type { SessionRows } from "./sessionRows.ts"
import type { Sessions } from "./sessions.ts"

export interface SessionWatchOptions {
  readonly sessions: Pick<Sessions, "held" | "revised">
  readonly rows: Pick<SessionRows, "versions">
  readonly onFault: (error: unknown) => void
  readonly everyMs: number
}

export const createSessionWatch = ({ sessions, rows, onFault, everyMs }: SessionWatchOptions): Revisions =>
  createRevisions<string>({
    inUse: () => new Map([...sessions.held()].map(([id, { version }]) => [id, version])),
    read: async (ids) => {
      const held = sessions.held()
      const known = ids.flatMap((id) => {
        const session = held.get(id)
        return session === undefined ? [] : [{ id, session }]
      })
      const found = await rows.versions(known.map(({ session }) => session))
      return new Map(
        known.flatMap(({ id }, index) => {
          const version = found.get(index)
          return version === undefined ? [] : [[id, version] as const]
        })
      )
    },
    differs: sessions.revised,
    onFault,
    everyMs
  })
