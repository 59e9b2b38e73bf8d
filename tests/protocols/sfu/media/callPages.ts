/** Pages of examples/sfu in Chromium, with a made-up camera and microphone. */
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { Browser, Page } from "playwright-core"
import { expect } from "vitest"
import { useThroughout } from "../../../support/useThroughout.ts"

export const mediaFlags = [
  // Else a page sends nothing over UDP to this machine by 127.0.0.1, and its media goes over TCP.
  "--allow-loopback-in-peer-connection",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-features=WebRtcHideLocalIpsWithMdns"
]

const example = fileURLToPath(new URL("../../../../examples/sfu/", import.meta.url))

/** The example as its README says, bundled and on a port of its own. */
const serveExample = async () => {
  const bundled = await build({ entryPoints: [`${example}page.js`], bundle: true, write: false })
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    "/": ["text/html", await readFile(`${example}index.html`, "utf8")],
    "/page.bundle.js": ["text/javascript", bundled.outputFiles[0]?.text ?? ""]
  }
  const server = createServer((request, response) => {
    const file = files[new URL(request.url ?? "/", "http://localhost").pathname]
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { "content-type": file[0] }).end(file[1])
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

/** What comes from one producer of somebody else. */
export interface Received {
  readonly userId: string
  readonly kind: "audio" | "video"
  readonly frames: number
  readonly width: number
  readonly audioEnergy: number
  readonly packets: number
  readonly lost: number
  readonly protocol: "udp" | "tcp"
}

export class CallPage {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  userId(): Promise<string> {
    return this.page.evaluate(() => (globalThis as any).call.userId)
  }

  /** Everything that is received, by the browser's own account. */
  received(): Promise<readonly Received[]> {
    return this.page.evaluate(async () => {
      const consumers: { userId: string; consumer: any }[] = [...((globalThis as any).call?.consumers.values() ?? [])]
      return Promise.all(
        consumers.map(async ({ userId, consumer }) => {
          const reports: any[] = [...(await consumer.getStats()).values()]
          const of = (type: string, id?: string) =>
            reports.find((report) => report.type === type && (id === undefined || report.id === id)) ?? {}
          const inbound = of("inbound-rtp")
          const pair = of("candidate-pair", of("transport").selectedCandidatePairId)
          return {
            userId,
            kind: consumer.kind,
            frames: inbound.framesDecoded ?? 0,
            width: inbound.frameWidth ?? 0,
            audioEnergy: inbound.totalAudioEnergy ?? 0,
            packets: inbound.packetsReceived ?? 0,
            lost: inbound.packetsLost ?? 0,
            protocol: of("remote-candidate", pair.remoteCandidateId).protocol
          }
        })
      )
    })
  }

  /**
   * Resolves when camera and microphone of just these are received: moving pictures, sound, and no more lost than `lost`
   * of all packets, which is nothing unless it is given.
   */
  async hears(others: readonly string[], { protocol = "udp", lost = 0 } = {}): Promise<void> {
    const expected = others.flatMap((userId) => [
      { userId, kind: "audio", isGood: true },
      { userId, kind: "video", isGood: true }
    ])
    const order = (one: { userId: string; kind: string }) => `${one.userId} ${one.kind}`
    // A packet that comes twice counts as less than none lost (RFC 3550 6.4.1).
    const isGood = (one: Received) =>
      one.lost <= one.packets * lost &&
      one.protocol === protocol &&
      (one.kind === "audio" ? one.audioEnergy > 0 : one.frames > 100)
    await expect
      .poll(async () =>
        (await this.received())
          .map(({ userId, kind, ...rest }) => ({ userId, kind, isGood: isGood({ userId, kind, ...rest }) || rest }))
          .sort((one, other) => (order(one) < order(other) ? -1 : 1))
      )
      .toEqual(expected.sort((one, other) => (order(one) < order(other) ? -1 : 1)))
  }

  /** The width of the picture that comes from somebody. */
  async widthOf(userId: string): Promise<number | undefined> {
    return (await this.received()).find((one) => one.userId === userId && one.kind === "video")?.width
  }
}

/** Opens pages that join a room of `server` at once. */
export const useCallPages = (browser: Browser, server: () => string) => {
  const served = useThroughout(serveExample, ({ server }) => server.close())
  return async (userName: string, more: Readonly<Record<string, string>> = {}): Promise<CallPage> => {
    const context = await browser.newContext({ permissions: ["camera", "microphone"] })
    const page = await context.newPage()
    await join(page, `${served.url}?${new URLSearchParams({ server: server(), userName, join: "", ...more })}`)
    return new CallPage(page)
  }
}

/** Opens an address that joins, and waits until it has. */
const join = async (page: Page, url: string): Promise<void> => {
  await page.goto(url)
  await page.getByText(/^In room /).waitFor()
}
