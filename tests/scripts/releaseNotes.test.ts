import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { notesOf } from "../../scripts/pack/notes.ts"
import { runScript } from "../support/scripts.ts"

const changelog =
  "# Changelog\n\n## Unreleased\n\n- soon\n\n## 0.2.0 - 2027-01-02\n\n### Added\n\n- tea\n\n## 0.1.0\n\n## [0.0.9]\n\n- old\n"

describe("the notes of a release", () => {
  it("are what the changelog says of its version", () => {
    expect(notesOf(changelog, "0.2.0")).toBe("### Added\n\n- tea")
    expect(notesOf(changelog, "0.0.9")).toBe("- old")
  })

  it.each(["0.1.0", "0.2", "1.0.0"])("are refused for %s, of which it says nothing", (version) => {
    expect(() => notesOf(changelog, version)).toThrow(`CHANGELOG.md has nothing under "## ${version}"`)
  })

  it("are refused for the tag of another version than package.json has", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    const refused = await runScript("scripts/releaseNotes.ts", ["--tag=v99.0.0"], {})
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" })
    expect(refused.stderr).toBe(`Error: The tag is v99.0.0, and package.json says ${version}\n`)
  })
})
