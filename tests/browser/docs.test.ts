import type { BrowserContextOptions } from "playwright-core"
import { expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { useServer } from "../support/useServer.ts"

describeInChromium("the page of documents in Chromium", (chromium) => {
  const server = useServer()
  const browser = useBrowser(chromium)

  /** The open page, and what it has complained of in its console. */
  const open = async (options: BrowserContextOptions = {}) => {
    const page = await (await browser.newContext(options)).newPage()
    const complaints: string[] = []
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text())
    })
    page.on("pageerror", (error) => complaints.push(error.message))
    await page.goto(`${server.http}/docs`)
    return { page, complaints }
  }

  it("finds a frame by its words, from the keyboard, and shows everything again", async () => {
    const { page, complaints } = await open()
    const articles = page.locator("article").filter({ visible: true })
    const all = await articles.count()
    await page.keyboard.press("/")
    await page.keyboard.type("second seat flight")
    await expect.poll(() => articles.count()).toBeLessThan(5)
    expect(await articles.first().innerText()).toMatch(/client →\s+join-flight/)
    expect(await page.getByRole("status").innerText()).toMatch(new RegExp(`^\\d of ${all}$`))
    const entry = page.getByRole("navigation").getByRole("link", { name: "join-flight" })
    await entry.press("Enter")
    expect(page.url()).toMatch(/#socket-root-client-join-flight$/)
    await page.locator("#search").fill("no such words anywhere")
    await page.getByText("Nothing has these words.").waitFor()
    await page.locator("#search").press("Escape")
    expect(await articles.count()).toBe(all)
    expect(complaints).toEqual([])
  })

  it.each(["light", "dark"] as const)("fits a phone and a desk in %s", async (colorScheme) => {
    for (const width of [360, 1440]) {
      const { page, complaints } = await open({ colorScheme, viewport: { width, height: 800 } })
      const [wide, paper] = await page.evaluate<[number, string]>(
        "[document.documentElement.scrollWidth, getComputedStyle(document.documentElement).backgroundColor]"
      )
      expect(wide).toBeLessThanOrEqual(width)
      const lightness = (paper.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)
      expect(lightness > 384).toBe(colorScheme === "light")
      for (const role of ["banner", "navigation", "main"] as const) expect(await page.getByRole(role).count()).toBe(1)
      expect(complaints).toEqual([])
    }
  })
})
