import type { Browser } from "playwright-core"
import { afterEach, describe, expect, it } from "vitest"
import { findChromium, launchChromium } from "../../scripts/chromium.ts"
import { useThroughout } from "./useThroughout.ts"

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

/** A browser that the suite's tests share; what they open in contexts of their own is closed after each. `hosts`: names that it
 * takes for this machine; `flags`: more of Chromium's own. */
export const useBrowser = (
  executablePath: string,
  hosts: readonly string[] = [],
  flags: readonly string[] = []
): Browser => {
  const browser = useThroughout(
    () => launchChromium(executablePath, hosts, flags),
    (browser) => browser.close()
  )
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))
  return browser
}
