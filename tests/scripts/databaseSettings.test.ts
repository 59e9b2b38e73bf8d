import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const migrate = fileURLToPath(new URL("../../scripts/migrate.ts", import.meta.url))

describe("the environment file of a script", () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "silktower-settings-"))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it("is read as the server reads it, with what Windows puts before its first name", async () => {
    await writeFile(join(directory, ".env"), "\uFEFFDATA_DIR=elsewhere\n")
    const { stdout } = await promisify(execFile)(process.execPath, [migrate], {
      cwd: directory,
      env: { PATH: process.env["PATH"] }
    })
    expect(stdout).toContain("elsewhere")
  }, 60_000)
})
