/** Calls of real browsers through a real server and media worker: pictures move, sound is heard, nothing is lost. */
import { beforeAll, expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../../../support/browser.ts"
import { freePort } from "../../../support/freePort.ts"
import { useServer } from "../../../support/useServer.ts"
import { describeWithMediaWorker, mediaWorkerSetting } from "../mediaWorker.ts"
import { type CallPage, mediaFlags, useCallPages } from "./callPages.ts"

/** One layer of a small picture, so that four of them fit on two cores. */
const small = { layers: "0", width: "320", protocol: "udp" }

describeWithMediaWorker("a call", () => {
  describeInChromium("in Chromium", (executablePath) => {
    let mediaPort: number
    beforeAll(async () => {
      mediaPort = await freePort()
    })
    const server = useServer(() => ({ SFU_PATH: "/sfu", SFU_MEDIA_PORT: String(mediaPort), ...mediaWorkerSetting }))
    const browser = useBrowser(executablePath, [], mediaFlags)
    const url = () => `http://127.0.0.1:${server.port}/sfu`
    const open = useCallPages(browser, url)
    const health = async () => {
      const answer = await fetch(`${url()}/health`)
      return ((await answer.json()) as { mediasoup: { workerPid: number; roomsCount: number } }).mediasoup
    }
    const rooms = async (): Promise<number> => (await health()).roomsCount

    it("of two, one of whom sends layers, which switch", async () => {
      const ada = await open("Ada", { roomId: "two", width: "640", protocol: "udp" })
      const bob = await open("Bob", { roomId: "two", ...small })
      const [adasId, bobsId] = [await ada.userId(), await bob.userId()]
      await Promise.all([ada.hears([bobsId]), bob.hears([adasId])])
      const sendLayersTo = (layer: number) =>
        ada.page.evaluate((layer) => (globalThis as any).call.producers.get("video").setMaxSpatialLayer(layer), layer)
      await expect.poll(() => bob.widthOf(adasId)).toBeGreaterThan(160)
      await sendLayersTo(0)
      await expect.poll(() => bob.widthOf(adasId)).toBe(160)
      await sendLayersTo(3)
      await expect.poll(() => bob.widthOf(adasId)).toBeGreaterThan(160)
      for (const { lost } of await bob.received()) expect(lost).toBeLessThanOrEqual(0)
    })

    it("over TCP, where there is no UDP", async () => {
      const ada = await open("Ada", { roomId: "tcp", ...small, protocol: "tcp" })
      const bob = await open("Bob", { roomId: "tcp", ...small })
      const [adasId, bobsId] = [await ada.userId(), await bob.userId()]
      await Promise.all([ada.hears([bobsId], { protocol: "tcp" }), bob.hears([adasId])])
    })

    it("comes back when the media worker has died", async () => {
      const room = { roomId: "shaken", ...small }
      const [ada, bob] = [await open("Ada", room), await open("Bob", room)]
      await ada.hears([await bob.userId()])
      process.kill((await health()).workerPid, "SIGKILL")
      await Promise.all([ada, bob].map(({ page }) => page.getByText("Media engine restarted").waitFor()))
      await Promise.all([ada, bob].map(({ page }) => page.getByText(/^In room /).waitFor()))
      const [adasId, bobsId] = [await ada.userId(), await bob.userId()]
      await Promise.all([ada.hears([bobsId]), bob.hears([adasId])])
    })

    it("of four, who come late, leave, load again and crash", async () => {
      // Four browsers and other tests on two cores: some let a packet wait too long, which is then lost.
      const hears = (page: CallPage, others: readonly string[]) => page.hears(others, { lost: 1 / 200 })
      const room = { roomId: "four", ...small }
      const [ada, bob, cleo] = await Promise.all(["Ada", "Bob", "Cleo"].map((name) => open(name, room)))
      const [a, b, c] = await Promise.all([ada!.userId(), bob!.userId(), cleo!.userId()])
      await Promise.all([hears(ada!, [b, c]), hears(bob!, [a, c]), hears(cleo!, [a, b])])

      const late = await open("Dora", room)
      const d = await late.userId()
      await Promise.all([hears(late, [a, b, c]), hears(ada!, [b, c, d])])
      expect(await rooms()).toBeGreaterThanOrEqual(1)

      await bob!.page.getByRole("button", { name: "Leave" }).click()
      await Promise.all([hears(ada!, [c, d]), hears(cleo!, [a, d])])

      await cleo!.page.reload()
      await cleo!.page.getByText(/^In room /).waitFor()
      const again = await cleo!.userId()
      expect(again).not.toBe(c)
      await Promise.all([hears(ada!, [again, d]), hears(cleo!, [a, d])])

      await Promise.race([late.page.goto("chrome://crash").catch(() => {}), late.page.waitForEvent("crash")])
      await Promise.all([hears(ada!, [again]), hears(cleo!, [a])])
      expect(await ada!.page.locator("figcaption").allTextContents()).toEqual(["Ada (you)", "Cleo"])
    })

    it("frees what it had when everybody has gone", async () => {
      await expect.poll(rooms, { timeout: 60_000 }).toBe(0)
    })
  })
})
