import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { runScript } from "../support/scripts.ts"
import { useFolder } from "../support/useThroughout.ts"

/** Our programs, and one flag that each has of its own. */
const programs = {
  "src/main.js": "--allow-local-port PORT",
  "scripts/dev.ts": "--docker",
  "scripts/migrate.ts": "--help",
  "scripts/resetDatabase.ts": "--erase PLACE",
  "scripts/mediaEngine.ts": "--help",
  "scripts/inspect.ts": "--no-open",
  "scripts/docs.ts": "--check",
  "scripts/pack.ts": "--to FOLDER",
  "scripts/releaseNotes.ts": "--tag TAG",
  "scripts/demo.ts": "--url URL",
  "scripts/screenshot.ts": "--scheme SCHEME",
  "bench/soak.ts": "--seconds SECONDS",
  "bench/main.ts": "--only NAMES",
  "tests/mutants/main.ts": "--only CHART"
}

const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

describe("every program", () => {
  const directory = join(useFolder(), "data")

  it("of package.json is among these", () => {
    const ours = Object.entries<string>(scripts).filter(([, command]) => !/vitest|tsc|biome/.test(command))
    expect(ours.length).toBeGreaterThan(8)
    for (const [name, command] of ours) {
      expect([name, Object.keys(programs).filter((file) => command.includes(file)).length]).toEqual([name, 1])
    }
  })

  const explains = "%s explains its flags, refuses others, and does nothing else"
  it.each(Object.entries(programs))(
    explains,
    async (file, flag) => {
      const environment = { DATA_DIR: directory, DATABASE_URL: "", PORT: "0", HOST: "127.0.0.1" }
      const run = (...parameters: string[]) => runScript(file, parameters, environment)
      const [help, misspelt, stray] = await Promise.all([run("--help"), run("--hlep"), run("something")])
      expect({ exitCode: help.exitCode, stderr: help.stderr }).toEqual({ exitCode: 0, stderr: "" })
      expect(help.stdout).toMatch(/^DESCRIPTION\n {2}\w[^]*USAGE\n {2}(npm|node) [^]*FLAGS\n[^]*--version/)
      expect(help.stdout).toContain(`  ${flag}`)
      for (const refused of [misspelt, stray]) expect(refused).toMatchObject({ exitCode: 1, stdout: "" })
      expect(misspelt.stderr).toContain("--hlep: there is no such flag, did you mean --help?")
      expect(stray.stderr).toContain("something: expected nothing but ")
      expect(existsSync(directory)).toBe(false)
    },
    60_000
  )

  it.each([
    ["bench/soak.ts", "--seconds=9", "seconds from 10 to 1000000"],
    ["bench/main.ts", "--only=relay,toString", "some of relay, "],
    ["bench/main.ts", "--database=PostgreSQL", "one of embedded"],
    ["tests/mutants/main.ts", "--only=rooms", "one of "],
    ["scripts/demo.ts", "--url=localhost:8080", "an http:// or https:// URL"],
    ["scripts/inspect.ts", "--port=0", "a port from 1 to 65535"],
    ["scripts/dev.ts", "--allow-local-port=5173a", "a port from 1 to 65535"],
    ["scripts/screenshot.ts", "--scheme=blue", "one of light, dark"]
  ])(
    "%s refuses %s",
    async (file, parameter, expected) => {
      const { exitCode, stdout, stderr } = await runScript(file, [parameter], {})
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
      expect(stderr).toContain(`${parameter}: expected ${expected}`)
    },
    60_000
  )
})
