/** People at newcomer.html: the page that somebody writes who has read docs/protocol.md, served from somewhere else. */
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BrowserContext, Page } from "playwright-core"

export const newcomersPage = fileURLToPath(new URL("newcomer.html", import.meta.url))

export interface PageServer {
  readonly port: number
  close(): void
}

/** Serves the page, and nothing else, on a port of its own. */
export const servePage = async (): Promise<PageServer> => {
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

export interface TestFile {
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

/** Counts the connections that a page makes to others. */
const countConnections = `{
  window.connectionsMade = 0
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super(configuration)
      window.connectionsMade++
    }
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

  /** Opens the page at `origin` with the server's address, and waits for neither. */
  static async at(context: BrowserContext, origin: string, server: string): Promise<Newcomer> {
    const newcomer = new Newcomer(await context.newPage())
    await newcomer.page.addInitScript(countConnections)
    await newcomer.page.goto(`${origin}?server=${encodeURIComponent(server)}`)
    return newcomer
  }

  /** The page's own words for its socket: "connected", or else. */
  socket(): Promise<string> {
    return this.page.locator("#socket").innerText()
  }

  async connected(): Promise<void> {
    await this.page.locator("#socket", { hasText: /^connected$/ }).waitFor()
  }

  async call(name: string): Promise<void> {
    await this.page.getByLabel("Your name").fill(name)
    await this.page.getByLabel("Your name").blur()
  }

  /** Presses and waits for the room; resolves with its code. */
  async host(): Promise<string> {
    await this.page.getByRole("button", { name: "Host a room" }).click()
    return this.code()
  }

  async invite(name: string): Promise<void> {
    await this.page.locator("#neighbours li", { hasText: name }).getByRole("button", { name: "Invite" }).click()
  }

  async accept(from: string): Promise<void> {
    const invitation = this.page.locator("#invitations li", { hasText: `${from} invites you` })
    await invitation.getByRole("button", { name: "Accept" }).click()
  }

  /** Presses the button and waits until it has been answered. */
  async join(code: string): Promise<void> {
    await this.page.getByLabel("Code").fill(code)
    const answered = this.page.waitForResponse((response) => response.url().endsWith("/join"))
    await this.page.getByRole("button", { name: "Join", exact: true }).click()
    await answered
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

  isInRoom(): Promise<boolean> {
    return this.page.locator("#room").isVisible()
  }

  problem(): Promise<string> {
    return this.page.locator("#problem").innerText()
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

  /** Types of frames that the page has got since it was loaded, oldest first. */
  async heard(start = ""): Promise<readonly string[]> {
    const types = await this.page.locator("#heard li").allTextContents()
    return types.filter((type) => type.startsWith(start))
  }

  connectionsMade(): Promise<number> {
    return this.page.evaluate<number>("connectionsMade")
  }
}
