/**
 * Makes an embedded PostgreSQL in the folder given as argument, and ends; says why when it cannot. A process of its
 * own, because the making takes some 700 MB, which a process that goes on would keep. Plain JavaScript: what strips
 * types would take more.
 */
import { PGlite } from "@electric-sql/pglite"

// Whoever wanted it is gone.
process.once("disconnect", () => process.exit(1))

try {
  const made = await PGlite.create(process.argv[2])
  await made.close()
  process.exit(0)
} catch (error) {
  process.send(error instanceof Error ? error.message : String(error), () => process.exit(1))
}
