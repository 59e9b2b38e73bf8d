import type { Page } from "playwright-core"
import { afterEach, expect, it } from "vitest"
import { makeFile } from "../browser/newcomer.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { useFolder } from "../support/useThroughout.ts"
import { usePages } from "./pages.ts"

describeInChromium("the client in Chromium", (chromium) => {
  const directory = useFolder()
  const pages = usePages()
  const server = useServer({}, {}, () => [`--allow-local-port=${pages.port}`])
  const browser = useBrowser(chromium)
  const faults: string[] = []
  // After the browser has closed the pages.
  afterEach(() => expect(faults.splice(0)).toEqual([]))

  const open = async (path: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage()
    page.setDefaultTimeout(20_000)
    page.on("pageerror", (error) => faults.push(error.message))
    await page.goto(pages.url + path)
    return page
  }
  const withServer = (path: string) => `${path}?server=${encodeURIComponent(server.http)}`

  /** A page with a tower of its own, and with what its scripts need. */
  const bare = async (name: string): Promise<Page> => {
    const page = await open("/bare")
    await expect.poll(() => page.title()).toBe("ready")
    await page.evaluate(`
      window.tower = createTower({ url: ${JSON.stringify(server.http)}, name: ${JSON.stringify(name)} })
      window.use = async (seat, first) => {
        window.seat = seat
        seat.on("fault", (error) => { throw error })
        const peering = await seat.connect()
        peering.channel.onmessage = ({ data }) => heard.push(data)
        if (first) peering.channel.send(first)
        window.peering = peering
      }
      window.heard = []
    `)
    return page
  }
  const heard = (page: Page) => expect.poll(() => page.evaluate<string[]>("heard"))

  it("loses nothing of what is said the moment that connect resolves, on either side", async () => {
    const [ada, grace] = [await bare("Ada"), await bare("Grace")]
    for (let meetings = 1; meetings <= 8; meetings++) {
      const code = await ada.evaluate<string>("tower.createFlight().then((flight) => (window.seat = flight).code)")
      await Promise.all([
        ada.evaluate(`use(seat, "from Ada ${meetings}")`),
        grace.evaluate(`tower.joinFlight("${code}").then((flight) => use(flight, "from Grace ${meetings}"))`)
      ])
      await heard(ada).toHaveLength(meetings)
      await heard(grace).toHaveLength(meetings)
      await Promise.all([ada.evaluate("seat.leave()"), grace.evaluate("seat.leave()")])
    }
    await heard(ada).toContain("from Grace 8")
    await heard(grace).toContain("from Ada 8")
  })

  it("adds a track of the page's to what is connected, from the polite side and from both at once", async () => {
    const [ada, grace] = [await bare("Ada"), await bare("Grace")]
    const code = await ada.evaluate<string>("tower.createFlight().then((flight) => (window.seat = flight).code)")
    await Promise.all([
      ada.evaluate("use(seat)"),
      grace.evaluate(`tower.joinFlight("${code}").then((flight) => use(flight))`)
    ])
    const addTrack = `{
      peering.connection.ontrack = ({ track }) => heard.push(track.kind)
      const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 })
      canvas.getContext("2d")
      peering.connection.addTrack(canvas.captureStream().getVideoTracks()[0])
    }`
    await ada.evaluate("peering.connection.ontrack = ({ track }) => heard.push(track.kind), undefined")
    await grace.evaluate(addTrack)
    await heard(ada).toEqual(["video"])
    await Promise.all([ada.evaluate(addTrack), grace.evaluate(addTrack)])
    await heard(ada).toEqual(["video", "video"])
    await heard(grace).toEqual(["video"])
  })

  it("meets a known client that hosts", async () => {
    const known = await open(withServer("/known"))
    await expect.poll(() => known.title()).toMatch(/^\w{6}$/)
    const ada = await bare("Ada")
    await ada.evaluate(`(async () => {
      const room = await tower.joinRoom("${await known.title()}")
      await room.ready({ fileCount: 1, totalBytes: 3 })
      await use(await room.attach())
    })()`)
    await heard(ada).toEqual(["the known client's first word"])
    await ada.evaluate("peering.channel.send('hello')")
    await expect.poll(() => known.locator("#heard li").allTextContents()).toEqual(["hello"])
    expect(await ada.evaluate("[seat.role, peering.channel.label]")).toEqual(["guest", "fileTransfer"])
  })

  it("meets a known client that joins, and again after that one's page was loaded again", async () => {
    const ada = await bare("Ada")
    const code = await ada.evaluate<string>(`(async () => {
      window.room = await tower.createRoom()
      return room.code
    })()`)
    const known = await open(`${withServer("/known")}&code=${code}`)
    await expect.poll(() => known.title()).toBe(code)
    await ada.evaluate("room.ready().then(() => room.attach()).then((seat) => use(seat, 'hello'))")
    await heard(ada).toEqual(["heard: hello"])
    expect(await known.evaluate("connectionsMade")).toBe(1)
    const renewed = ada.evaluate(`new Promise((resolve) => seat.on("connected", ({ channel }) => {
      channel.onmessage = ({ data }) => resolve(data)
      channel.send("again")
    }))`)
    await known.reload()
    expect(await renewed).toBe("heard: again")
  })

  it("hands a file from page to page by the example, and again after one was loaded again", async () => {
    const [ada, grace] = [await open(withServer("/")), await open(withServer("/"))]
    await ada.getByRole("button", { name: "Open a room" }).click()
    const status = ada.locator("#status")
    await status.filter({ hasText: /Room \w{6}: waiting/ }).waitFor()
    const code = /Room (\w{6})/.exec(await status.innerText())?.[1] as string
    await grace.getByLabel("Code").fill(code)
    await grace.getByRole("button", { name: "Join" }).click()

    const handsOver = async (from: Page, to: Page, name: string) => {
      const file = await makeFile(directory, name, 3_000_000)
      await from
        .locator("#status", { hasText: "connected to Page" })
        .or(from.locator("#status", { hasText: "Sent" }))
        .waitFor()
      await from.getByLabel("File").setInputFiles(file.path)
      const link = to.getByRole("link", { name: file.name })
      await link.waitFor()
      const sha256 = await to.evaluate<string>(`(async () => {
        const content = await (await fetch(${JSON.stringify(await link.getAttribute("href"))})).arrayBuffer()
        return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex()
      })()`)
      expect(sha256).toBe(file.sha256)
      await from.locator("#status", { hasText: `Sent ${file.name}.` }).waitFor()
    }
    await handsOver(grace, ada, "to Ada.bin")
    await handsOver(ada, grace, "to Grace.bin")
    await grace.reload()
    await handsOver(grace, ada, "once more.bin")
    await handsOver(ada, grace, "and back.bin")
  })

  it("lets the page say that the server may not allow its origin", async () => {
    const strict = await serverForThisTest()
    const page = await open(`/?server=${encodeURIComponent(strict.http)}`)
    await page.locator("#status", { hasText: "cannot be reached, or does not allow this page" }).waitFor()
  })
})
