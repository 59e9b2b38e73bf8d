import { expect, it } from "vitest"
import { describeOnPostgres, TEST_DATABASE_URL } from "../support/databases.ts"
import { runScript } from "../support/scripts.ts"

/** What is tried by hand for some minutes, with more people, is all of them (docs/performance.md). */
const failures = ["there", "database", "freeze", "kill", "join", "drain"]

describeOnPostgres("of three servers that are one", () => {
  it("nothing is lost when a way is cut, the database is away, and nodes freeze, die, come and go", async () => {
    const parameters = ["--nodes=3", "--pairs=18", "--seconds=30"]
    const { exitCode, stdout, stderr } = await runScript(
      "bench/soak.ts",
      [...parameters, ...failures.map((name) => `--failure=${name}`)],
      { TEST_DATABASE_URL }
    )
    process.stdout.write(stdout)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(2 + failures.length + 1)
  }, 400_000)
})
