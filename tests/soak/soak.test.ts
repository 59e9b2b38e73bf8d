import { expect, it } from "vitest"
import { runScript } from "../support/scripts.ts"

it("half a minute of people who come and go leaves no actor and no memory behind", async () => {
  const { exitCode, stdout, stderr } = await runScript("bench/soak.ts", ["--seconds=30"], {})
  process.stdout.write(stdout)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  expect(Number(/^(\d+) flights/.exec(stdout)?.[1])).toBeGreaterThan(10)
}, 180_000)
