/** Debian's Chromium, for the tests of pages and for the picture of the tower page. */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, chromium } from "playwright-core"

/** Where Chromium is on this machine; undefined where it is not. */
export const findChromium = (): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "chromium"))
    .find((path) => existsSync(path))

/** A browser without windows that speaks to nobody but the pages it opens. Its profile is gone when it is closed. `hosts`: names
 * that it takes for this machine; `flags`: more of Chromium's own. */
export const launchChromium = (
  executablePath: string,
  hosts: readonly string[] = [],
  flags: readonly string[] = []
): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      ...(hosts.length === 0
        ? []
        : [`--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(",")}`]),
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...flags
    ]
  })
