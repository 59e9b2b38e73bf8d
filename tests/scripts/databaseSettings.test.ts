import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { useFolder } from "../support/useThroughout.ts"

const migrate = fileURLToPath(new URL("../../scripts/migrate.ts", import.meta.url))

describe("the environment file of a script", () => {
  const directory = useFolder()

  it("is read as the server reads it, with what Windows puts before its first name", async () => {
    await writeFile(join(directory, ".env"), "\uFEFFDATA_DIR=elsewhere\n")
    const { stdout } = await promisify(execFile)(process.execPath, [migrate], {
      cwd: directory,
      env: { PATH: process.env["PATH"] }
    })
    expect(stdout).toContain("elsewhere")
  }, 60_000)
})
