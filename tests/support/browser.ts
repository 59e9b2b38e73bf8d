import { describe, expect, it } from "vitest"
import { findChromium } from "../../scripts/chromium.ts"

/** A suite that needs Chromium. Without it the suite is skipped, with a line that says so; in CI it fails instead. */
export const describeInChromium = (name: string, suite: (executablePath: string) => void): void => {
  const found = findChromium()
  if (found !== undefined) return void describe(name, () => suite(found))
  if (process.env["CI"]) {
    return void describe(name, () => it("finds Chromium", () => expect.fail("chromium is not on PATH")))
  }
  console.warn(`SKIPPED ${name}: chromium is not on PATH. Install Debian's chromium to run it.`)
  describe.skip(name, () => suite(""))
}
