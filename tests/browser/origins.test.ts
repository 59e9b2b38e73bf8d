import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import { launchChromium } from "../../scripts/chromium.ts"
import { describeInChromium } from "../support/browser.ts"
import { startServer, type TestServer } from "../support/server.ts"

/** What somebody writes who has read docs/protocol.md: `tryAll(server)` tells what became of a socket, a POST and a GET. */
const html = `<!doctype html><title>newcomer</title><script>
const tryAll = async (server) => {
  const headers = { "content-type": "application/json" }
  const socket = await new Promise((resolve) => {
    const opened = new WebSocket(server.replace("http", "ws"))
    opened.onmessage = ({ data }) => resolve(JSON.parse(data).type)
    opened.onclose = ({ code }) => resolve(code)
  })
  const post = fetch(server + "/api/rooms", { method: "POST", headers, body: '{"name":"Ann"}' })
  const get = fetch(server + "/api/status")
  const told = (answer) => answer.then(({ status }) => status, () => "refused")
  return [socket, await told(post), await told(get)]
}
</script>`

describeInChromium("a newcomer's page in Chromium", (chromium) => {
  let directory: string
  let browser: Browser
  let pages: Server
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "silktower-"))
    await writeFile(join(directory, "page.html"), html)
    browser = await launchChromium(chromium)
    pages = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(html))
    await once(pages.listen(0, "127.0.0.1"), "listening")
  })
  afterAll(async () => {
    await browser.close()
    pages.closeAllConnections()
    pages.close()
    await rm(directory, { recursive: true, force: true })
  })

  const tryAll = (page: Page, { http }: TestServer) => page.evaluate(`tryAll(${JSON.stringify(http)})`)
  const refusedBy = (server: TestServer): readonly Record<string, any>[] =>
    server
      .log()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ message }) => message === "origin:refused")

  it("is refused without a word, and let in by the setting that the log names", async () => {
    const { port } = pages.address() as AddressInfo
    for (const [host, expected] of [
      ["localhost", `npm start -- --allow-local-port=${port}`],
      // Chromium takes every such name for this machine.
      ["app.localhost", expect.stringMatching(new RegExp(`^ALLOWED_ORIGINS=.*,http://app\\.localhost:${port}$`))]
    ] as const) {
      const environment = { DATA_DIR: join(directory, host) }
      const page = await browser.newPage()
      await page.goto(`http://${host}:${port}/`)
      const first = await startServer(environment)
      expect(await tryAll(page, first)).toEqual([1006, "refused", "refused"])
      const [line] = refusedBy(first)
      expect(line).toMatchObject({ where: "socket", origin: `http://${host}:${port}`, setting: expected })
      await first.stop()
      const setting = line?.["setting"] as string
      const [name = "", value = ""] = setting.split("=")
      const second = setting.startsWith("npm start -- ")
        ? await startServer(environment, {}, setting.split(" ").slice(3))
        : await startServer({ ...environment, [name]: value })
      expect(await tryAll(page, second)).toEqual(["registered", 201, 200])
      expect(refusedBy(second)).toEqual([])
      await second.stop()
      await page.close()
    }
  })

  it("that is a file is told of as such", async () => {
    const server = await startServer({ DATA_DIR: join(directory, "file") })
    const page = await browser.newPage()
    await page.goto(pathToFileURL(join(directory, "page.html")).href)
    expect(await tryAll(page, server)).toEqual([1006, "refused", "refused"])
    const lines = refusedBy(server)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(["null", "file://"]).toContain(line["origin"])
      expect(line["hint"]).toContain("Serve the page over HTTP")
    }
    await page.close()
    await server.stop()
  })

  it("of the server's own host needs no setting in development", async () => {
    const server = await startServer({ DATA_DIR: join(directory, "own") })
    const page = await browser.newPage()
    await page.goto(`${server.http}/keep-alive`)
    await page.evaluate(html.replace(/^.*<script>|<\/script>$/gs, "").replace("const tryAll", "window.tryAll"))
    expect(await tryAll(page, server)).toEqual(["registered", 201, 200])
    expect(refusedBy(server)).toEqual([])
    await page.close()
    await server.stop()
  })
})
