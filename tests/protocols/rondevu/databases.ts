/** One suite on a server with an embedded database, and on one with PostgreSQL; several that are one have the latter only. */
import { describe } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"

export const describeOnBoth = (
  name: string,
  suite: (environment: () => Readonly<Record<string, string>>) => void
): void => {
  if (process.env["CLUSTER_NODES"] === undefined) describe(`${name} (embedded)`, () => suite(() => ({})))
  describeOnPostgres(name, () => {
    const url = useDatabase()
    suite(() => ({ DATABASE_URL: url }))
  })
}
