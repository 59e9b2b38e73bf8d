import { expect, it } from "vitest"
import { describeOnPostgres, TEST_DATABASE_URL } from "../support/databases.ts"
import { runScript } from "../support/scripts.ts"

/** What is tried by hand for some minutes, with more people (docs/performance.md); other failures are in tests/protocols. */
const failures = ["there", "back", "off", "island", "database", "join", "drain", "deploy"]

describeOnPostgres("of three servers that are one", () => {
  it("ways are cut, one is alone, the database is away, and all are renewed: nothing is lost by that", async () => {
    const parameters = ["--nodes=3", "--pairs=18", "--seconds=16", "--lease=6000"]
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
