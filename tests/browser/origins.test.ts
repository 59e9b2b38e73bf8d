import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { startServer, type TestServer } from "../support/server.ts"
import { serverForThisTest } from "../support/useServer.ts"
import { useFolder } from "../support/useThroughout.ts"
import { Newcomer, newcomersPage, usePage } from "./newcomer.ts"

describeInChromium("a newcomer's page in Chromium", (chromium) => {
  const directory = useFolder()
  const browser = useBrowser(chromium, ["app.example"])
  const pages = usePage()

  /** What becomes of a read, as the page itself does only in a room. */
  const read = ({ page }: Newcomer, { http }: TestServer) =>
    page.evaluate(`fetch(${JSON.stringify(`${http}/api/status`)}).then(({ status }) => status, () => "refused")`)

  const isRefused = async (newcomer: Newcomer, server: TestServer) => {
    await newcomer.page.locator("#socket", { hasText: "not connected (1006)" }).waitFor()
    await newcomer.pressHost()
    await newcomer.page.locator("#problem", { hasText: "Failed to fetch" }).waitFor()
    expect(await read(newcomer, server)).toBe("refused")
  }

  const isLetIn = async (newcomer: Newcomer, server: TestServer) => {
    await newcomer.connected()
    expect(await newcomer.host()).toMatch(/^[A-Z2-9]{6}$/)
    expect(await read(newcomer, server)).toBe(200)
    expect(refusedBy(server)).toEqual([])
  }

  const refusedBy = (server: TestServer) => server.lines("origin:refused")

  it("is refused without a word, and let in without being loaded again by the setting that the log names", async () => {
    const { port } = pages
    for (const [host, expected] of [
      ["localhost", `npm start -- --allow-local-port=${port}`],
      // Every browser takes such a name for this machine.
      ["app.localhost", `npm start -- --allow-local-port=${port}`],
      // Anybody may have such a name.
      ["app.example", expect.stringMatching(new RegExp(`^ALLOWED_ORIGINS=.*,http://app\\.example:${port}$`))]
    ] as const) {
      const first = await startServer({ DATA_DIR: join(directory, host) })
      const newcomer = await Newcomer.at(await browser.newContext(), `http://${host}:${port}/`, first.http)
      await isRefused(newcomer, first)
      const [line] = refusedBy(first)
      expect(line).toMatchObject({ where: "socket", origin: `http://${host}:${port}`, setting: expected })
      await first.stop()
      const environment = { DATA_DIR: join(directory, host), PORT: String(first.port) }
      const setting = line?.["setting"] as string
      const [name = "", value = ""] = setting.split("=")
      const second = setting.startsWith("npm start -- ")
        ? await startServer(environment, {}, setting.split(" ").slice(3))
        : await startServer({ ...environment, [name]: value })
      await isLetIn(newcomer, second)
      await newcomer.page.close()
      await second.stop()
    }
  })

  it("that is a file is told of as such", async () => {
    const server = await serverForThisTest()
    const file = pathToFileURL(newcomersPage).href
    await isRefused(await Newcomer.at(await browser.newContext(), file, server.http), server)
    const lines = refusedBy(server)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(["null", "file://"]).toContain(line["origin"])
      expect(line["hint"]).toContain("Serve the page over HTTP")
    }
  })

  it("of the server's own host needs no setting in development", async () => {
    const server = await serverForThisTest()
    const newcomer = await Newcomer.at(await browser.newContext(), `${server.http}/keep-alive`, server.http)
    // As if it had come from there.
    await newcomer.page.setContent(await readFile(newcomersPage, "utf8"))
    await isLetIn(newcomer, server)
  })
})
