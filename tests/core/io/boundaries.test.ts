import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const source = new URL("../../../src/", import.meta.url)
/** What every protocol is told, counted and shown with knows none of them. */
const rooms = ["io/telemetry", "io/tower"]

describe.each(rooms.flatMap((room) => readdirSync(new URL(`${room}/`, source)).map((name) => `${room}/${name}`)))(
  "src/%s",
  (path) => {
    it("does not know DropSilk", () => {
      expect(readFileSync(new URL(path, source), "utf8")).not.toMatch(/dropsilk/i)
    })
  }
)
