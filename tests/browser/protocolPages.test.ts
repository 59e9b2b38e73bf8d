/** The whole pages of docs/protocols, as they stand there, in real browsers against a real server. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Page } from "playwright-core"
import { expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { useThroughout } from "../support/useThroughout.ts"

const documents = ["dropsilk", "noisytransfer", "named-peers", "rondevu"].map((name) =>
  readFileSync(new URL(`../../docs/protocols/${name}.md`, import.meta.url), "utf8")
)
/** By their titles. */
const pages = new Map(
  documents
    .flatMap((text) => [...text.matchAll(/^```html\n(.*?)^```$/gms)].map(([, page]) => page as string))
    .map((page) => [/<title>(.*)<\/title>/.exec(page)?.[1], page])
)

const startSite = async () => {
  const site = createServer(({ url = "" }, response) => {
    const page = pages.get(decodeURIComponent(url.slice(1).split("?")[0] as string))
    response.writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(page)
  })
  await once(site.listen(0, "127.0.0.1"), "listening")
  const { port } = site.address() as AddressInfo
  return { port, close: () => void site.close() }
}

const titles = [
  ["Meet in a flight", ""],
  ["Meet by a code", "/noisytransfer"],
  ["Call somebody by name", "/named-peers"],
  ["Meet under a topic", "/rondevu"],
  ["Meet in a session", "/rondevu-sessions"]
] as const

describeInChromium("the whole pages of the protocols in Chromium", (chromium) => {
  const site = useThroughout(startSite, ({ close }) => close())
  const server = useServer({}, {}, () => [`--allow-local-port=${site.port}`])
  const browser = useBrowser(chromium)
  const open = async (title: string, serverUrl: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`http://localhost:${site.port}/${title}?server=${encodeURIComponent(serverUrl)}`)
    return page
  }
  const shown = (page: Page, id: string) => expect.poll(() => page.locator(`#${id}`).innerText(), { timeout: 20_000 })

  it("are all tried here", () => {
    expect([...pages.keys()]).toEqual(titles.map(([title]) => title))
  })

  it.each(titles)("%s: two pages meet and speak to each other", async (title, mount) => {
    const [first, second] = [await open(title, server.http + mount), await open(title, server.http + mount)]
    if ((await first.locator("#begin").count()) > 0) {
      if (mount === "") await shown(first, "status").toBe("Ready")
      await first.locator("#begin").click()
    }
    await shown(first, "code").not.toBe("")
    const code = await first.locator("#code").innerText()
    if (mount === "") await shown(second, "status").toBe("Ready")
    if (mount === "/named-peers") await shown(second, "code").not.toBe("")
    await second.locator("#other").fill(code)
    await second.locator("#join button").click()
    await shown(first, "status").toBe("Connected")
    await shown(second, "status").toBe("Connected")
    await expect
      .poll(
        async () => (await Promise.all([first, second].map((page) => page.locator("#heard").innerText()))).toSorted(),
        {
          timeout: 20_000
        }
      )
      .toEqual(["hello", "hello to you"])
  })

  it("say that their origin is refused, and not that nobody is there", async () => {
    const only = "https://only.example"
    const strict = await serverForThisTest({
      ALLOWED_ORIGINS: only,
      NOISYTRANSFER_ORIGINS: only,
      NAMED_PEERS_ORIGINS: only,
      RONDEVU_ORIGINS: only
    })
    const refused = "The server does not allow pages of this origin."
    for (const [title, mount] of titles.slice(0, 4)) {
      const page = await open(title, strict.http + mount)
      if (mount === "/noisytransfer" || mount === "/rondevu") await page.locator("#begin").click()
      await shown(page, "status").toBe(refused)
    }
    await strict.stop()
    for (const [title, mount] of titles.slice(0, 3)) {
      const page = await open(title, strict.http + mount)
      if (mount === "/noisytransfer") await page.locator("#begin").click()
      await shown(page, "status").toBe("The server cannot be reached.")
    }
  })
})
