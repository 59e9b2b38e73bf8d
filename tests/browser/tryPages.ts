/** Devices at the page to try the server with. */
import { createHash } from "node:crypto"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { expect } from "vitest"
import type { TestServer } from "../support/server.ts"

/** Said by the browser itself of every answer that is an error, and of a server that is gone. */
const isOfNetwork = (text: string): boolean => /Failed to load resource|WebSocket connection to|ERR_/.test(text)

/** Lets the disk of a page rest after some bytes until it is woken. */
const restingDisk = `{
  window.bytesUntilRest = Infinity
  const woken = new Promise((wake) => (window.wakeDisk = wake))
  const read = Blob.prototype.arrayBuffer
  Blob.prototype.arrayBuffer = async function () {
    window.bytesUntilRest -= this.size
    if (window.bytesUntilRest < 0) await woken
    return read.call(this)
  }
}`

export interface OpenOptions extends BrowserContextOptions {
  /** What it is called; absent: what the page calls it. */
  readonly name?: string
  /** Below the server's address. */
  readonly path?: string
  /** Run before the page's own. */
  readonly script?: string
}

/** One device. */
export class Device {
  readonly page: Page
  /** What the page has thrown, and what its console complains of. */
  readonly complaints: string[]

  private constructor(page: Page, complaints: string[]) {
    this.page = page
    this.complaints = complaints
  }

  static async open(
    browser: Browser,
    { http }: Pick<TestServer, "http">,
    { name, path = "/try", script = "", ...context }: OpenOptions = {}
  ) {
    const page = await (await browser.newContext(context)).newPage()
    page.setDefaultTimeout(20_000)
    const complaints: string[] = []
    page.on("pageerror", (error) => complaints.push(error.message))
    page.on("console", (message) => {
      const isComplaint = ["error", "warning"].includes(message.type()) && !isOfNetwork(message.text())
      if (isComplaint) complaints.push(message.text())
    })
    await page.addInitScript(restingDisk + script)
    if (name !== undefined) {
      await page.addInitScript(`localStorage.setItem("silktower try name", ${JSON.stringify(JSON.stringify(name))})`)
    }
    const device = new Device(page, complaints)
    await page.goto(http + path)
    return device
  }

  /** The code by which others come. */
  async code(): Promise<string> {
    const code = this.page.locator("#code", { hasText: /^[A-Z0-9]{6}$/ })
    await code.waitFor()
    return code.innerText()
  }

  async join(code: string) {
    await this.page.getByLabel("Code of the other device").fill(code)
    await this.page.getByRole("button", { name: "Connect", exact: true }).click()
  }

  /** Who is connected, in any order. */
  readonly connected = () =>
    this.page
      .locator("#people li", { hasText: "Connected directly" })
      .locator(".title")
      .allInnerTexts()
      .then((names) => names.toSorted())

  async connectedTo(...names: string[]) {
    await expect.poll(this.connected).toEqual(names.toSorted())
  }

  async say(text: string) {
    await this.page.getByRole("textbox", { name: "Message" }).fill(text)
    await this.page.keyboard.press("Enter")
  }

  async send(name: string, buffer: Buffer) {
    await this.page.locator("#files").setInputFiles({ name, mimeType: "application/octet-stream", buffer })
  }

  entry(text: string) {
    return this.page.locator("#log li", { hasText: text })
  }

  /** The newest entry with this text gets to say this. */
  async shows(text: string, how: string | RegExp) {
    await this.entry(text).first().locator(".how", { hasText: how }).waitFor()
  }

  /** Of what the newest link to a file of this name leads to. */
  async sha256(name: string): Promise<string> {
    const link = this.page.getByRole("link", { name: `Save ${name}`, exact: true }).first()
    const download = this.page.waitForEvent("download")
    await link.click()
    const stream = await (await download).createReadStream()
    const hash = createHash("sha256")
    for await (const chunk of stream) hash.update(chunk)
    return hash.digest("hex")
  }
}

export const sha256Of = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/**
 * A device that keeps to no rules: it comes to the door of `code` and has the channel in `channel`, with what was said to it in
 * `heard` as objects.
 */
export const openLiar = async (browser: Browser, { http }: Pick<TestServer, "http">, code: string): Promise<Page> => {
  const page = await (await browser.newContext()).newPage()
  page.setDefaultTimeout(20_000)
  await page.goto(`${http}/keep-alive`)
  await page.evaluate(`(async () => {
    const { createTower } = await import("/try/client/index.js")
    const visitor = createTower({ url: location.origin, name: "Liar" })
    const door = await visitor.joinRoom("${code}")
    const seat = await door.attach()
    const room = await new Promise((resolve) => seat.on("signal", ({ room }) => resolve(room)))
    visitor.close()
    const tower = createTower({ url: location.origin, name: "Liar" })
    const pair = await tower.joinRoom(room)
    window.heard = []
    const { channel } = await (await pair.attach("chat")).connect()
    channel.onmessage = ({ data }) => heard.push(JSON.parse(data))
    window.say = (line) => channel.send(JSON.stringify(line))
    window.channel = channel
  })()`)
  return page
}
