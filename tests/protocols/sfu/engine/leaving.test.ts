/** What is left in a worker, by its own account, of those who came and went. */
import { readFileSync } from "node:fs"
import mediasoup, { type types } from "mediasoup"
import { beforeAll, expect, it } from "vitest"
import { describeWithMediaWorker } from "../mediaWorker.ts"
import { audioParameters, dtlsParameters, simulcast, useEngine, videoParameters } from "./useEngine.ts"

const conferences = 20
const participants = 10
/** What a worker may keep of a round in which 200 come and go, in KiB: its allocator's, not ours. */
const keptOfRound = 1024

describeWithMediaWorker("a media worker that 200 have come to and gone from", () => {
  const engine = useEngine()
  let worker: types.Worker
  let server: types.WebRtcServer
  beforeAll(async () => {
    mediasoup.observer.once("newworker", (made) => {
      worker = made
      made.observer.once("newwebrtcserver", (listening) => (server = listening))
    })
    await engine.startWorker("one")
  })

  const residentKiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, "utf8"))?.[1])

  /** Comes, sends both, receives from all who are there, and says how it leaves. */
  const participate = async (room: string, capabilities: unknown, there: string[]): Promise<() => void> => {
    const [up, down] = [await engine.openTransport(room), await engine.openTransport(room)]
    await engine.connectTransport(up.id, dtlsParameters())
    for (const producer of there) {
      const { id } = await engine.consume(down.id, producer, capabilities)
      await engine.resumeConsumer(id)
    }
    await engine.connectTransport(down.id, dtlsParameters())
    there.push((await engine.produce(up.id, "audio", audioParameters())).id)
    there.push((await engine.produce(up.id, "video", videoParameters(simulcast))).id)
    return () => {
      for (const { id } of [up, down]) engine.closeTransport(id)
    }
  }

  const confer = async (room: string): Promise<void> => {
    const capabilities = await engine.openRouter("one", room)
    const there: string[] = []
    const leaving: (() => void)[] = []
    for (let count = 0; count < participants; count++) leaving.push(await participate(room, capabilities, there))
    // Half of them leave one by one, the others with the conference.
    for (const leave of leaving.slice(participants / 2)) leave()
    engine.closeRouter(room)
  }

  const round = async (): Promise<void> => {
    for (let count = 0; count < conferences; count++) await confer(`room ${count}`)
  }

  it("has nothing of them", async () => {
    await confer("first")
    const handlers = (await worker.dump()).channelMessageHandlers
    await round()
    expect(await engine.usage()).toMatchObject({
      workers: [{ routers: 0, transports: 0, producers: 0, consumers: 0 }]
    })
    expect(await worker.dump()).toMatchObject({ routerIds: [], channelMessageHandlers: handlers })
    expect(await server.dump()).toMatchObject({ webRtcTransportIds: [], localIceUsernameFragments: [] })
  })

  it("does not grow with them", async () => {
    await round()
    const before = residentKiB()
    for (let count = 0; count < 3; count++) await round()
    expect(residentKiB() - before).toBeLessThan(3 * keptOfRound)
  })
})
