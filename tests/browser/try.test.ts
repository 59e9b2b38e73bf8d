/** The page to try the server with, by what people do there. */
import { randomBytes } from "node:crypto"
import type { Page } from "playwright-core"
import { afterEach, beforeAll, expect, it, onTestFinished } from "vitest"
import { skipsCoturn, startCoturn } from "../core/io/services/coturn.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { freePort } from "../support/freePort.ts"
import { startServer, type TestServer } from "../support/server.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { folderForThisTest } from "../support/useThroughout.ts"
import { Device, type OpenOptions, openLiar, sha256Of } from "./tryPages.ts"

const hostile = `<img src=x onerror="document.title='owned'">`

describeInChromium("the page to try the server with", (chromium) => {
  const server = useServer()
  const browser = useBrowser(chromium)
  const devices: Device[] = []
  let bytes: Buffer
  beforeAll(() => {
    bytes = randomBytes(3_000_000)
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
    await grace.shows("to Ada.bin", /^Sent: 3\.0 MB, .*\/s$/)
    await ada.shows("to Ada.bin", /^Received: 3\.0 MB, .*\/s$/)
    await grace.shows("to Grace.bin", "Received: 70.0 kB")
    expect(await ada.sha256("to Ada.bin")).toBe(sha256Of(bytes))
    expect(await grace.sha256("to Grace.bin")).toBe(sha256Of(bytes.subarray(0, 70_001)))
    await ada.send("empty.txt", Buffer.alloc(0))
    await grace.shows("empty.txt", "Received: 0 B")

    await grace.page.getByRole("button", { name: "Disconnect: Ada" }).click()
    await ada.connectedTo()
  })

  it("opens by a link that was broken on its way as by one without a code", async () => {
    for (const broken of ["#%", "#%E0%A4%A", "#abc", "#ABC-234"]) {
      const ada = await open({ path: `/try${broken}` })
      await ada.code()
      await ada.page.locator("#stream", { hasText: "Ready" }).waitFor()
      expect(await ada.page.locator("#join-status").innerText()).toBe("")
      await ada.page.close()
    }
    // A name that the page would not have given itself.
    const long = await open({ name: ` ${"x".repeat(60)}` })
    await long.code()
    expect(await long.page.locator("#name").inputValue()).toBe("x".repeat(50))
  })

  it("asks whoever is on the same network, and asks for the code where somebody is not", async () => {
    const [ada, grace] = [await open({ name: "Ada" }), await open({ name: "Edith" })]
    await ada.page.getByRole("button", { name: "Connect: Edith" }).click()
    await ada.page.locator("#people", { hasText: "waiting for a yes there" }).waitFor()
    await grace.page.getByRole("button", { name: "Accept: Ada" }).click()
    await Promise.all([ada.connectedTo("Edith"), grace.connectedTo("Ada")])
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

  it.skipIf(skipsCoturn())("says that a way is relayed where a TURN server is the only one", async () => {
    const turn = await startCoturn("a shared secret")
    onTestFinished(() => turn.stop())
    const url = `turn:127.0.0.1:${turn.port}?transport=udp`
    const relaying = await serverForThisTest({ TURN_URLS: url, TURN_SECRET: "a shared secret" })
    const byRelayOnly = `{
      const Direct = RTCPeerConnection
      window.RTCPeerConnection = class extends Direct {
        constructor(configuration) {
          super({ ...configuration, iceTransportPolicy: "relay" })
        }
      }
    }`
    const ada = await open({ name: "Ada", script: byRelayOnly }, relaying)
    const grace = await open({ name: "Grace", script: byRelayOnly, path: `/try#${await ada.code()}` }, relaying)
    for (const { page } of [ada, grace]) {
      await page.locator("#people", { hasText: "Connected, relayed by a TURN server" }).waitFor()
    }
    await grace.send("by relay.bin", bytes)
    await ada.shows("by relay.bin", "Received: 3.0 MB")
    expect(await ada.sha256("by relay.bin")).toBe(sha256Of(bytes))
  })

  it("goes on with a file after the receiver's page was loaded again, and tells of one whose sender's page was", async () => {
    const [ada, grace] = await openTwo()
    const sendHalf = async (name: string) => {
      await ada.page.evaluate("window.bytesUntilRest = 2_000_000")
      await ada.send(name, bytes)
      await grace.shows(name, /^[12]\.\d MB of 3\.0 MB/)
    }
    await sendHalf("film.bin")
    const code = await grace.code()
    await grace.page.reload()
    expect(await grace.code()).toBe(code)
    await ada.page.evaluate("window.bytesUntilRest = Infinity, wakeDisk()")
    await grace.shows("film.bin", "Received: 3.0 MB")
    await ada.shows("film.bin", "Sent: 3.0 MB")
    expect(await grace.sha256("film.bin")).toBe(sha256Of(bytes))

    await ada.page.reload()
    await Promise.all([ada.connectedTo("Grace"), grace.connectedTo("Ada")])
    await sendHalf("second.bin")
    await ada.page.reload()
    await grace.shows("second.bin", "the connection broke off")
    await Promise.all([ada.connectedTo("Grace"), grace.connectedTo("Ada")])
    await ada.send("second.bin", bytes)
    await grace.shows("second.bin", "Received: 3.0 MB")
    expect(await grace.sha256("second.bin")).toBe(sha256Of(bytes))
  })

  it("lets a file go on while the server restarts, and others come again afterwards", async () => {
    const place = { PORT: String(await freePort()), DATA_DIR: await folderForThisTest() }
    const first = await startServer(place)
    const [ada, grace] = await openTwo(first)
    await ada.page.evaluate("window.bytesUntilRest = 2_000_000")
    await ada.send("film.bin", bytes)
    await grace.shows("film.bin", /^[12]\.\d MB of 3\.0 MB/)
    await first.stop()
    await ada.page.locator("#stream", { hasText: "trying again" }).waitFor()
    await ada.page.evaluate("window.bytesUntilRest = Infinity, wakeDisk()")
    await grace.shows("film.bin", "Received: 3.0 MB")
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
  /** The last of what a liar has heard of this type, and about this file. */
  const heard = (liar: Page, type: string, id?: string) =>
    expect.poll(() =>
      liar.evaluate<{ readonly why?: string } | undefined>(
        `heard.findLast((line) => line.type === "${type}" && line.id === ${JSON.stringify(id)})`
      )
    )
  const chunk = "channel.send(new Uint8Array(60_000))"

  it("ends the connection to whoever breaks a rule, and tells both which", async () => {
    const ada = await open({ name: "Ada" })
    const lies = [
      {
        lines: [offer],
        sends: [chunk, chunk],
        why: "too many",
        shown: "More bytes came than the file was said to have."
      },
      { lines: [offer, { ...offer, id: "2" }], why: "two at once", shown: "A file was offered while another one was" },
      {
        lines: [{ ...offer, size: -1 }],
        why: "malformed",
        shown: "Something came that is no part of the conversation."
      },
      {
        lines: [{ type: "hello", id: 7 }],
        why: "malformed",
        shown: "Something came that is no part of the conversation."
      }
    ]
    for (const { lines, sends = [], why, shown } of lies) {
      const liar = await openLiar(browser, server, await ada.code())
      await ada.connectedTo("Liar")
      for (const line of lines) await liar.evaluate(`say(${JSON.stringify(line)})`)
      if (sends.length > 0) await heard(liar, "accept", offer.id).toBeDefined()
      for (const send of sends) await liar.evaluate(send)
      await heard(liar, "fault").toEqual({ type: "fault", why })
      await expect.poll(() => liar.evaluate("channel.readyState")).toBe("closed")
      await liar.context().close()
      await ada.connectedTo()
      await ada.page.locator("#notice", { hasText: shown }).waitFor()
      if (sends.length > 0) await ada.shows("lie.bin", shown)
    }
  })

  it("ends a file that is too short, that stops, or that nobody wants, and stays connected", async () => {
    const ada = await open({ name: "Ada" })
    const liar = await openLiar(browser, server, await ada.code())
    await ada.connectedTo("Liar")
    const begin = async (id: string) => {
      await liar.evaluate(`say(${JSON.stringify({ ...offer, id, name: `${id}.bin` })})`)
      await heard(liar, "accept", id).toBeDefined()
      await liar.evaluate(chunk)
    }
    await begin("short")
    await liar.evaluate(`say({ type: "end", id: "short" })`)
    await ada.shows("short.bin", "It ended before all the bytes were there that it was said to have.")
    await heard(liar, "decline", "short").toMatchObject({ why: "too few" })

    // Larger than what memory may hold: somebody is asked.
    await liar.evaluate(`say(${JSON.stringify({ ...offer, id: "large", name: "large.bin", size: 65 * 1024 * 1024 })})`)
    await ada.shows("large.bin", "more than is held in memory. Receive it?")
    await ada.page.getByRole("button", { name: "Decline" }).click()
    await heard(liar, "decline", "large").toMatchObject({ why: "declined" })
    await heard(liar, "accept", "large").toBeUndefined()

    await ada.page.clock.install()
    await begin("stuck")
    await ada.shows("stuck.bin", "60.0 kB of 100 kB")
    await ada.page.clock.fastForward(61_000)
    await ada.shows("stuck.bin", "Nothing came for a minute.")
    await heard(liar, "decline", "stuck").toMatchObject({ why: "stopped" })
    await ada.connectedTo("Liar")
  })

  it("streams what memory may not hold: where the browser keeps files, or to a place that is chosen", async () => {
    const ada = await open({ name: "Ada" })
    const code = await ada.code()
    const liar = await openLiar(browser, server, code)
    await ada.connectedTo("Liar")
    // All that memory may hold is spoken for.
    await liar.evaluate(`say(${JSON.stringify({ ...offer, size: 64 * 1024 * 1024 })})`)
    await heard(liar, "accept", offer.id).toBeDefined()
    const grace = await open({ name: "Grace", path: `/try#${code}` })
    await grace.connectedTo("Ada")

    // The dialog is the browser's, and nobody is there to answer it.
    await ada.page.evaluate(`window.showSaveFilePicker = async ({ suggestedName }) => {
      window.suggested = suggestedName
      return (await navigator.storage.getDirectory()).getFileHandle("chosen", { create: true })
    }`)
    await grace.send("chosen.bin", bytes)
    await ada.shows("chosen.bin", "Receive it?")
    await ada.page.getByRole("button", { name: "Receive" }).click()
    await ada.shows("chosen.bin", "Saved: 3.0 MB")
    await grace.shows("chosen.bin", "Sent: 3.0 MB")
    const [suggested, size] = await ada.page.evaluate<[string, number]>(`(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle("chosen")
      return [suggested, (await handle.getFile()).size]
    })()`)
    expect([suggested, size]).toEqual(["chosen.bin", bytes.length])

    await ada.page.evaluate("delete window.showSaveFilePicker, delete Window.prototype.showSaveFilePicker")
    expect(await ada.page.evaluate("'showSaveFilePicker' in window")).toBe(false)
    await grace.send("kept.bin", bytes)
    await ada.page.getByRole("button", { name: "Receive" }).click()
    await ada.shows("kept.bin", "Received: 3.0 MB")
    expect(await ada.sha256("kept.bin")).toBe(sha256Of(bytes))
    const kept = `(async () => {
      const names = await Array.fromAsync((await navigator.storage.getDirectory()).keys())
      return names.filter((name) => name.startsWith("silktower-try-")).length
    })()`
    expect(await ada.page.evaluate(kept)).toBe(1)
    await ada.entry("kept.bin").getByRole("button", { name: "Remove" }).click()
    await expect.poll(() => ada.page.evaluate(kept)).toBe(0)
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

  it("fits a phone and a desk, light and dark, with a name for all that one can do", async () => {
    const { page } = await open({ name: "W".repeat(50) })
    await page.locator("#stream", { hasText: "Ready" }).waitFor()
    for (const [width, height] of [
      [360, 740],
      [1280, 800]
    ] as const) {
      await page.setViewportSize({ width, height })
      const [wide, room] = await page.evaluate<[number, number]>(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
      )
      expect(wide).toBeLessThanOrEqual(room)
    }
    const lightness = async (colorScheme: "light" | "dark") => {
      await page.emulateMedia({ colorScheme })
      const paper = await page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor")
      return (paper.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)
    }
    expect(await lightness("light")).toBeGreaterThan(3 * 192)
    expect(await lightness("dark")).toBeLessThan(3 * 64)
    for (const heading of ["This device", "Another device’s code", "Devices", "Send"]) {
      expect(await page.getByRole("heading", { level: 2, name: heading, exact: true }).count()).toBe(1)
    }
    const unnamed = `[...document.querySelectorAll("button, input, select, a, progress")]
      .filter((control) => control.offsetParent && !control.labels?.length && !control.textContent.trim() &&
        !control.getAttribute("aria-label"))
      .map(({ outerHTML }) => outerHTML)`
    expect(await page.evaluate(unnamed)).toEqual([])
    await page.getByLabel("Name, as others see it").focus()
    await page.keyboard.press("Tab")
    expect(await page.evaluate("document.activeElement.id")).toBe("copy")
  })
})
