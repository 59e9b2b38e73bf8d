import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { useServer } from "../../support/useServer.ts"

const server = useServer()

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))

it.each(["/openapi.json", "/asyncapi.json"])("%s carries the version of package.json", async (path) => {
  const { info } = (await (await fetch(server.http + path)).json()) as { info: { version: string } }
  expect(info.version).toBe(version)
  expect(version).toMatch(/^\d+\.\d+\.\d+/)
})

it("the page at /docs shows that version as well", async () => {
  const page = await (await fetch(`${server.http}/docs`)).text()
  expect(/<h1>silktower <span>([^<]*)</.exec(page)?.[1]).toBe(version)
})
