/** One suite on a server with an embedded database, and on one with PostgreSQL. */
import { describe } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"

export const describeOnBoth = (
  name: string,
  suite: (environment: () => Readonly<Record<string, string>>) => void
): void => {
  describe(`${name} (embedded)`, () => suite(() => ({})))
  describeOnPostgres(name, () => {
    const url = useDatabase()
    suite(() => ({ DATABASE_URL: url }))
  })
}
