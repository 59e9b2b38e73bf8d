/** People at newcomer.html: the page that somebody writes who has read docs/protocols/dropsilk.md, served from somewhere else. */
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BrowserContext, Page } from "playwright-core"
import { useThroughout } from "../support/useThroughout.ts"

export const newcomersPage = fileURLToPath(new URL("newcomer.html", import.meta.url))

interface PageServer {
  readonly port: number
  close(): void
}

/** Serves the page, and nothing else, on a port of its own. */
const servePage = async (): Promise<PageServer> => {
  const html = await readFile(newcomersPage)
  const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(html))
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** One that the suite's tests share. */
export const usePage = (): PageServer => useThroughout(servePage, (pages) => pages.close())

interface TestFile {
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

export const makeFile = async (directory: string, name: string, bytes: number): Promise<TestFile> => {
  const content = randomBytes(bytes)
  const path = join(directory, name)
  await writeFile(path, content)
  return { path, name: basename(path), bytes, sha256: createHash("sha256").update(content).digest("hex") }
}

/** Counts the connections that a page makes to others, and lets its disk rest after some bytes until it is woken. */
const instruments = `{
  window.connectionsMade = 0
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super(configuration)
      window.connectionsMade++
    }
  }
  window.bytesUntilRest = Infinity
  const woken = new Promise((wake) => (window.wakeDisk = wake))
  const read = Blob.prototype.arrayBuffer
  Blob.prototype.arrayBuffer = async function () {
    window.bytesUntilRest -= this.size
    if (window.bytesUntilRest < 0) await woken
    return read.call(this)
  }
}`

/** One person and the page before them. */
export class Newcomer {
  readonly page: Page
  /** What the page has thrown. */
  readonly faults: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(20_000)
    page.on("pageerror", (error) => this.faults.push(error.message))
  }

  /** Opens the page at this address, for this server. */
  static async at(context: BrowserContext, url: string, server: string): Promise<Newcomer> {
    const newcomer = new Newcomer(await context.newPage())
    await newcomer.page.addInitScript(instruments)
    await newcomer.page.goto(`${url}?server=${encodeURIComponent(server)}`)
    return newcomer
  }

  async connected(): Promise<void> {
    await this.page.locator("#socket", { hasText: /^connected$/ }).waitFor()
  }

  async call(name: string): Promise<void> {
    await this.page.getByLabel("Your name").fill(name)
    await this.page.getByLabel("Your name").blur()
  }

  pressHost(): Promise<void> {
    return this.page.getByRole("button", { name: "Host a room" }).click()
  }

  /** Presses and waits for the room; resolves with its code. */
  async host(): Promise<string> {
    await this.pressHost()
    return this.code()
  }

  async invite(name: string): Promise<void> {
    await this.page.locator("#neighbours li", { hasText: name }).getByRole("button", { name: "Invite" }).click()
  }

  async accept(from: string): Promise<void> {
    const invitation = this.page.locator("#invitations li", { hasText: `${from} invites you` })
    await invitation.getByRole("button", { name: "Accept" }).click()
  }

  /** Presses the button; resolves with whether that led into a room, or to a refusal. */
  async join(code: string): Promise<boolean> {
    await this.page.getByLabel("Code").fill(code)
    await this.page.getByRole("button", { name: "Join", exact: true }).click()
    await this.page.locator("#room:not([hidden]), #problem:not(:empty)").first().waitFor()
    return this.page.locator("#room").isVisible()
  }

  /** Of the room the page is in, once it is in one. */
  async code(): Promise<string> {
    await this.page.locator("#room").waitFor()
    return this.page.locator("#code").innerText()
  }

  /** What the page remembers of its room. */
  remembered(): Promise<{ code: string; participantId: string }> {
    return this.page.evaluate<{ code: string; participantId: string }>("JSON.parse(sessionStorage.getItem('room'))")
  }

  /** As a page that keeps nothing of its room. */
  forgetRoom(): Promise<void> {
    return this.page.evaluate<void>("sessionStorage.clear()")
  }

  async sees(peer: string): Promise<void> {
    await this.page.locator("#peer", { hasText: new RegExp(`^${peer}$`) }).waitFor()
  }

  async choose(file: TestFile): Promise<void> {
    await this.page.getByLabel("File").setInputFiles(file.path)
  }

  /** Resolves when the other one has said that this file has arrived whole. */
  async sent(file: TestFile): Promise<void> {
    await this.page.locator("#files li", { hasText: `Sent ${file.name} SHA-256 ${file.sha256}` }).waitFor()
  }

  /** Resolves when some of it has come. */
  async receives({ bytes }: TestFile): Promise<void> {
    await this.page.locator("#progress", { hasText: `of ${bytes} bytes received` }).waitFor()
  }

  files(): Promise<readonly string[]> {
    return this.page.locator("#files li").allTextContents()
  }

  /** The hash of a file that has arrived under this name. */
  async received({ name }: TestFile): Promise<string> {
    const text = await this.page.locator("#files li", { hasText: `Received ${name} ` }).innerText()
    return text.split(" ").at(-1) as string
  }

  /** The frames of this type that the page has got since it was loaded, oldest first. */
  async heard(type: string): Promise<readonly string[]> {
    return (await this.#frames()).filter((frame) => frame.startsWith(type))
  }

  /** Who has come and gone: twice the same on one socket is the answer to an attach that was not needed. */
  async peers(): Promise<readonly string[]> {
    const told = (await this.#frames()).filter((frame) => /^(registered|peer)/.test(frame))
    return told
      .filter((frame, index) => frame !== told[index - 1])
      .map((frame) => frame.split(" ")[0] as string)
      .filter((type) => type !== "registered")
  }

  #frames(): Promise<readonly string[]> {
    return this.page.locator("#heard li").allTextContents()
  }

  /** From now on the disk gives so many bytes, and then none before it is woken. */
  restDiskAfter(bytes: number): Promise<void> {
    return this.page.evaluate<void>(`bytesUntilRest = ${bytes}`)
  }

  wakeDisk(): Promise<void> {
    return this.page.evaluate<void>("wakeDisk()")
  }

  connectionsMade(): Promise<number> {
    return this.page.evaluate<number>("connectionsMade")
  }
}
