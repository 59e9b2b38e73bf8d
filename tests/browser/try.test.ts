/** The page to try the server with, by what people do there. */
import { randomBytes } from "node:crypto"
import { afterEach, beforeAll, expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { freePort } from "../support/freePort.ts"
import { startServer, type TestServer } from "../support/server.ts"
import { useServer } from "../support/useServer.ts"
import { folderForThisTest } from "../support/useThroughout.ts"
import { Device, type OpenOptions, openLiar, sha256Of } from "./tryPages.ts"

const hostile = `<img src=x onerror="document.title='owned'">`

describeInChromium("the page to try the server with", (chromium) => {
  const server = useServer()
  const browser = useBrowser(chromium)
  const devices: Device[] = []
  let bytes: Buffer
  beforeAll(() => {
    bytes = randomBytes(6_000_000)
  })
  afterEach(() => expect(devices.splice(0).flatMap(({ complaints }) => complaints)).toEqual([]))

  const open = async (options: OpenOptions = {}, at: Pick<TestServer, "http"> = server): Promise<Device> => {
    const device = await Device.open(browser, at, options)
    devices.push(device)
    return device
  }

  /** Two who have met by the link that one shows. */
  const openTwo = async (at: Pick<TestServer, "http"> = server) => {
    const ada = await open({ name: "Ada" }, at)
    const grace = await open({ name: "Grace", path: `/try#${await ada.code()}` }, at)
    await Promise.all([ada.connectedTo("Grace"), grace.connectedTo("Ada")])
    return [ada, grace] as const
  }

  it("hands messages and files from device to device, whole, and says which way they go", async () => {
    const [ada, grace] = await openTwo()
    await grace.say("Hello, Ada.")
    await ada.entry("Hello, Ada.").waitFor()
    await ada.page.locator("#announcements", { hasText: "Grace says: Hello, Ada." }).waitFor({ state: "attached" })
    await ada.page.locator("#people", { hasText: "Connected directly, on one network" }).waitFor()

    await Promise.all([grace.send("to Ada.bin", bytes), ada.send("to Grace.bin", bytes.subarray(0, 70_001))])
    await grace.shows("to Ada.bin", /^Sent: 6\.0 MB, .*\/s$/)
    await ada.shows("to Ada.bin", /^Received: 6\.0 MB, .*\/s$/)
    await grace.shows("to Grace.bin", "Received: 70.0 kB")
    expect(await ada.sha256("to Ada.bin")).toBe(sha256Of(bytes))
    expect(await grace.sha256("to Grace.bin")).toBe(sha256Of(bytes.subarray(0, 70_001)))
    await ada.send("empty.txt", Buffer.alloc(0))
    await grace.shows("empty.txt", "Received: 0 B")

    await grace.page.getByRole("button", { name: "Disconnect: Ada" }).click()
    await ada.connectedTo()
  })

  it("asks whoever is on the same network, and asks for the code where somebody is not", async () => {
    const [ada, grace] = [await open({ name: "Ada" }), await open({ name: "Grace" })]
    await ada.page.getByRole("button", { name: "Connect: Grace" }).click()
    await ada.page.locator("#people", { hasText: "waiting for a yes there" }).waitFor()
    await grace.page.getByRole("button", { name: "Accept: Ada" }).click()
    await Promise.all([ada.connectedTo("Grace"), grace.connectedTo("Ada")])
    await grace.join("abc")
    await grace.page.getByText("A code has six letters and digits.").waitFor()
    await grace.join("zzz zz9")
    await grace.page.getByText("No device waits under this code.").waitFor()
    await grace.join(await grace.code())
    await grace.page.getByText("This is the code of this device").waitFor()
  })

  it("brings six together: five by one code, and each to everybody at once", async () => {
    const names = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia"] as const
    const ada = await open({ name: names[0] })
    const path = `/try#${await ada.code()}`
    const guests = await Promise.all(names.slice(1).map((name) => open({ name, path })))
    await ada.connectedTo(...names.slice(1))
    const radia = guests.at(-1) as Device
    await radia.page.locator("#people", { hasText: "Edsger" }).waitFor()
    // Those who are in sight on the network are asked; here everybody says yes.
    await radia.page.getByRole("button", { name: "Connect to everybody" }).click()
    const others = guests.slice(0, -1)
    await Promise.all(others.map(({ page }) => page.getByRole("button", { name: "Accept: Radia" }).click()))
    await radia.connectedTo(...names.slice(0, -1))
    await radia.page.getByLabel("To", { exact: true }).selectOption({ label: "Everybody (5)" })
    await radia.say("Hello, everybody.")
    await radia.send("all.bin", bytes.subarray(0, 100_000))
    for (const device of [ada, ...others]) {
      await device.entry("Hello, everybody.").waitFor()
      await device.shows("all.bin", "Received: 100 kB")
    }
    expect(await radia.entry("all.bin").count()).toBe(5)
  })

  it("goes on with a file after the receiver's page was loaded again in the middle", async () => {
    const [ada, grace] = await openTwo()
    await ada.page.evaluate("window.bytesUntilRest = 3_000_000")
    await ada.send("film.bin", bytes)
    await grace.shows("film.bin", /^[12]\.\d MB of 6\.0 MB/)
    const code = await grace.code()
    await grace.page.reload()
    expect(await grace.code()).toBe(code)
    await ada.page.evaluate("window.bytesUntilRest = Infinity, wakeDisk()")
    await grace.shows("film.bin", "Received: 6.0 MB")
    await ada.shows("film.bin", "Sent: 6.0 MB")
    expect(await grace.sha256("film.bin")).toBe(sha256Of(bytes))
  })

  it("says that a file broke off whose sender's page was loaded again, and takes it when it is sent again", async () => {
    const [ada, grace] = await openTwo()
    await ada.page.evaluate("window.bytesUntilRest = 3_000_000")
    await ada.send("film.bin", bytes)
    await grace.shows("film.bin", /^[12]\.\d MB of 6\.0 MB/)
    await ada.page.reload()
    await grace.shows("film.bin", "the connection broke off")
    await Promise.all([ada.connectedTo("Grace"), grace.connectedTo("Ada")])
    await ada.send("film.bin", bytes)
    await grace.shows("film.bin", "Received: 6.0 MB")
    expect(await grace.sha256("film.bin")).toBe(sha256Of(bytes))
  })

  it("lets a file go on while the server restarts, and others come again afterwards", async () => {
    const place = { PORT: String(await freePort()), DATA_DIR: await folderForThisTest() }
    const first = await startServer(place)
    const [ada, grace] = await openTwo(first)
    await ada.page.evaluate("window.bytesUntilRest = 3_000_000")
    await ada.send("film.bin", bytes)
    await grace.shows("film.bin", /^[12]\.\d MB of 6\.0 MB/)
    await first.stop()
    await ada.page.locator("#stream", { hasText: "trying again" }).waitFor()
    await ada.page.evaluate("window.bytesUntilRest = Infinity, wakeDisk()")
    await grace.shows("film.bin", "Received: 6.0 MB")
    expect(await grace.sha256("film.bin")).toBe(sha256Of(bytes))
    const second = await startServer(place)
    try {
      await Promise.all([ada, grace].map(({ page }) => page.locator("#stream", { hasText: "Ready" }).waitFor()))
      await ada.say("Still here.")
      await grace.entry("Still here.").waitFor()
      const radia = await open({ name: "Radia", path: `/try#${await ada.code()}` }, second)
      await radia.connectedTo("Ada")
    } finally {
      await Promise.all(browser.contexts().map((context) => context.close()))
      await second.stop()
    }
  })

  const offer = { type: "offer", id: "lie", name: "lie.bin", size: 100_000 }
  const chunk = "channel.send(new Uint8Array(60_000))"

  it.each([
    [
      "more bytes than were said",
      [offer],
      [chunk, chunk],
      "too many",
      "More bytes came than the file was said to have."
    ],
    ["two files at once", [offer, { ...offer, id: "2" }], [], "two at once", "A file was offered while another one"],
    ["a size that is none", [{ ...offer, size: -1 }], [], "malformed", "Something came that is no part"],
    ["a line that is none", [{ type: "hello", id: 7 }], [], "malformed", "Something came that is no part"]
  ])("ends the connection to whoever sends %s, and tells both", async (_, lines, sends, why, shown) => {
    const ada = await open({ name: "Ada" })
    const liar = await openLiar(browser, server, await ada.code())
    await ada.connectedTo("Liar")
    for (const line of lines) await liar.evaluate(`say(${JSON.stringify(line)})`)
    if (sends.length > 0)
      await expect.poll(() => liar.evaluate("heard.some(({ type }) => type === 'accept')")).toBe(true)
    for (const send of sends) await liar.evaluate(send)
    await expect
      .poll(() => liar.evaluate("heard.filter(({ type }) => type === 'fault')"))
      .toEqual([{ type: "fault", why }])
    await expect.poll(() => liar.evaluate("closed")).toBe(true)
    await ada.connectedTo()
    await ada.page.locator("#announcements", { hasText: shown }).waitFor({ state: "attached" })
    if (sends.length > 0) await ada.shows("lie.bin", shown)
  })

  it("ends a file that has fewer bytes than were said, or stops coming, and stays connected", async () => {
    const ada = await open({ name: "Ada" })
    const liar = await openLiar(browser, server, await ada.code())
    await ada.connectedTo("Liar")
    const begin = async (id: string) => {
      await liar.evaluate(`say(${JSON.stringify({ ...offer, id, name: `${id}.bin` })})`)
      await expect
        .poll(() => liar.evaluate(`heard.some((line) => line.type === "accept" && line.id === "${id}")`))
        .toBe(true)
      await liar.evaluate(chunk)
    }
    const declined = (id: string) =>
      liar.evaluate(`heard.findLast((line) => line.type === "decline" && line.id === "${id}")?.why`)
    await begin("short")
    await liar.evaluate(`say({ type: "end", id: "short" })`)
    await ada.shows("short.bin", "It ended before all the bytes were there that it was said to have.")
    await expect.poll(() => declined("short")).toBe("too few")

    await ada.page.clock.install()
    await begin("stuck")
    await ada.shows("stuck.bin", "60.0 kB of 100 kB")
    await ada.page.clock.fastForward(61_000)
    await ada.shows("stuck.bin", "Nothing came for a minute.")
    await expect.poll(() => declined("stuck")).toBe("stopped")
    await ada.page.clock.fastForward(1000)
    await ada.connectedTo("Liar")
  })

  it("asks before it takes a file that is larger than memory may hold", async () => {
    const ada = await open({ name: "Ada" })
    const liar = await openLiar(browser, server, await ada.code())
    await ada.connectedTo("Liar")
    await liar.evaluate(`say(${JSON.stringify({ ...offer, name: "large.bin", size: 65 * 1024 * 1024 })})`)
    await ada.shows("large.bin", "more than is held in memory. Receive it?")
    expect(await liar.evaluate("heard.some(({ type }) => type === 'accept')")).toBe(false)
    await ada.page.getByRole("button", { name: "Decline" }).click()
    await expect.poll(() => liar.evaluate("heard.at(-1)")).toEqual({ type: "decline", id: "lie", why: "declined" })
  })

  it("shows hostile names of devices and files as the text they are", async () => {
    const ada = await open({ name: hostile })
    const grace = await open({ name: "\u202Egnorw eht yaw", path: `/try#${await ada.code()}` })
    await grace.connectedTo(hostile)
    await ada.connectedTo("\uFFFDgnorw eht yaw")
    await grace.send(`${hostile.replace("/", "")}\u202Egnp.exe`, Buffer.from("x"))
    await ada.shows(`${hostile}\uFFFDgnp.exe`, "Received: 1 B")
    await grace.say(hostile)
    await ada.entry(hostile).first().waitFor()
    for (const { page } of [ada, grace]) {
      expect(await page.title()).toBe("silktower: send files and messages")
      expect(await page.locator("main img, main script").count()).toBe(0)
    }
  })

  it.each(["light", "dark"] as const)(
    "fits a phone and a desk in %s, with all that it does by name and by keyboard",
    async (colorScheme) => {
      for (const viewport of [
        { width: 360, height: 740 },
        { width: 1280, height: 800 }
      ]) {
        const { page } = await open({ name: "W".repeat(50), colorScheme, viewport })
        await page.locator("#stream", { hasText: "Ready" }).waitFor()
        const [wide, room] = await page.evaluate<[number, number]>(
          "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        expect(wide).toBeLessThanOrEqual(room)
        for (const heading of ["This device", "Another device’s code", "Devices", "Send"]) {
          expect(await page.getByRole("heading", { level: 2, name: heading }).count()).toBe(1)
        }
        const unnamed = `[...document.querySelectorAll("button, input, select, a, progress")].filter((control) => control.offsetParent &&
        !control.labels?.length && !control.textContent.trim() && !control.getAttribute("aria-label")).map(({ outerHTML }) => outerHTML)`
        expect(await page.evaluate(unnamed)).toEqual([])
        await page.getByLabel("Name, as others see it").focus()
        await page.keyboard.press("Tab")
        expect(await page.evaluate("document.activeElement.id")).toBe("copy")
      }
    }
  )
})
