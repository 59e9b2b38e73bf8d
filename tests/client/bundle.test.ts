import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { bundleClient } from "../../scripts/bundleClient.ts"

describe("what a page loads of the client", () => {
  it("is one file, under 10 KB when it is compressed, that asks for no other", async () => {
    const text = await bundleClient()
    expect(text).toContain("createTower")
    expect(text).not.toMatch(/\bimport\s*[("{*]/)
    expect(gzipSync(text).length).toBeLessThan(10_000)
  })
})
