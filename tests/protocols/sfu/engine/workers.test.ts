/** Workers that die, hang and come back, and what there is without one. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it, onTestFinished } from "vitest"
import { freePortPairs } from "../../../support/freePort.ts"
import { folderWith } from "../../../support/useThroughout.ts"
import { describeWithMediaWorker } from "../mediaWorker.ts"
import { audioParameters, engineSettings, openEngine, refusalOf, type TestEngine } from "./useEngine.ts"

const engineForThisTest = async (...given: Parameters<typeof openEngine>): Promise<TestEngine> => {
  const engine = await openEngine(...given)
  onTestFinished(() => engine.close())
  return engine
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const portsOf = async (engine: TestEngine, router: string): Promise<readonly number[]> => {
  const { iceCandidates } = (await engine.openTransport(router)) as any
  return iceCandidates.map(({ port }: { port: number }) => port)
}

describeWithMediaWorker("media workers", () => {
  it("have ports beside each other, each one for UDP and TCP, and get them back", async () => {
    const [port] = (await freePortPairs(1)) as [number]
    const engine = await engineForThisTest({ port })
    const start = async (worker: string) => {
      const { pid } = await engine.startWorker(worker)
      await engine.openRouter(worker, `of ${worker} ${pid}`)
      return { pid, ports: await portsOf(engine, `of ${worker} ${pid}`) }
    }
    const [one, two] = [await start("one"), await start("two")]
    expect([one.ports, two.ports]).toEqual([
      [port, port],
      [port + 1, port + 1]
    ])
    engine.closeWorker("one")
    // Not before the one before has let go of its port.
    expect((await start("three")).ports).toEqual([port, port])
    expect(isRunning(one.pid)).toBe(false)
    process.kill(two.pid, "SIGKILL")
    await expect.poll(() => engine.news).toContainEqual({ type: "worker.died", worker: "two" })
    expect((await start("two")).ports).toEqual([port + 1, port + 1])
  })

  it("die alone: it is told, others go on, and a new one takes the name", async () => {
    const engine = await engineForThisTest()
    const [{ pid }] = [await engine.startWorker("one"), await engine.startWorker("two")]
    const capabilities = await engine.openRouter("one", "lost")
    await engine.openRouter("two", "kept")
    const { id: lost } = await engine.openTransport("lost")
    const { id: kept } = await engine.openTransport("kept")
    await engine.produce(lost, "audio", audioParameters())
    process.kill(pid, "SIGKILL")
    await expect.poll(() => engine.news).toEqual([{ type: "worker.died", worker: "one" }])

    await engine.produce(kept, "audio", audioParameters())
    expect(await engine.usage()).toMatchObject({
      workers: [{ worker: "two", routers: 1, transports: 1, producers: 1 }]
    })
    expect(await refusalOf(engine.produce(lost, "audio", audioParameters()))).toBe("Transport not found")
    await expect(engine.openRouter("one", "none")).rejects.toThrow("media worker one does not run")
    const again = await engine.startWorker("one")
    expect(again.pid).not.toBe(pid)
    expect(await engine.openRouter("one", "lost")).toEqual(capabilities)
  })

  it("are killed when they hang, and whoever waits is told so", async () => {
    const engine = await engineForThisTest({}, 500)
    const { pid } = await engine.startWorker("one")
    await engine.openRouter("one", "room")
    process.kill(pid, "SIGSTOP")
    await expect(engine.openTransport("room")).rejects.toThrow("Channel closed")
    await expect.poll(() => engine.news).toEqual([{ type: "worker.died", worker: "one" }])
    expect(isRunning(pid)).toBe(false)
  })

  it("are gone when the engine is closed, those that hang or only start as well", async () => {
    const engine = await openEngine()
    const { pid: hanging } = await engine.startWorker("hanging")
    process.kill(hanging, "SIGSTOP")
    const starting = engine.startWorker("starting").catch((error: Error) => error.message)
    await engine.close()
    expect(await starting).toBe("media worker starting was closed while it started")
    expect(isRunning(hanging)).toBe(false)
    expect(engine.news).toEqual([])
    await expect(engine.startWorker("late")).rejects.toThrow("the media engine is closed")
    await engine.close()
  })

  it("end by no signal to the server, which still has people to tell", async () => {
    const listeners = () => [process.listeners("SIGTERM"), process.listeners("SIGINT")]
    const before = listeners()
    const engine = await engineForThisTest()
    await engine.startWorker("one")
    expect(listeners()).toEqual(before)
    await expect(engine.startWorker("one")).rejects.toThrow("media worker one is there already")
  })

  it("end with a server that was killed", async () => {
    const from = (file: string) =>
      JSON.stringify(new URL(`../../../../src/io/sfu/engine/${file}`, import.meta.url).href)
    const script = `
      const { openMediasoup } = await import(${from("mediasoup.ts")})
      const engine = await openMediasoup(${JSON.stringify(engineSettings)}, () => {})
      console.log((await engine.startWorker("one")).pid)`
    const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const [printed] = await once(server.stdout, "data")
    const pid = Number(printed)
    expect(isRunning(pid)).toBe(true)
    server.kill("SIGKILL")
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  it("cannot have a port that somebody else has", async () => {
    const [port] = (await freePortPairs(1)) as [number]
    const [first, second] = [await engineForThisTest({ port }), await engineForThisTest({ port })]
    await first.startWorker("one")
    await expect(second.startWorker("one")).rejects.toThrow("address already in use")
    await first.close()
    await second.startWorker("one")
    expect(second.news).toEqual([])
  })
})

describe("without a media worker", () => {
  it("the engine says in a sentence what is missing and what to do", async () => {
    const folder = await folderWith({ "notes.txt": "no program" })
    const remedy = "run npm run media-engine, or name one with MEDIASOUP_WORKER_BIN."
    const opened = (workerBin: string) =>
      openEngine({ workerBin }).catch((error: Error) => `${error.name}: ${error.message}`)
    expect(await opened(`${folder}/nothing`)).toBe(
      `EngineMissing: MEDIASOUP_WORKER_BIN names ${folder}/nothing, which is no program: ${remedy}`
    )
    expect(await opened(`${folder}/notes.txt`)).toBe(
      `EngineMissing: MEDIASOUP_WORKER_BIN names ${folder}/notes.txt, which is no program: ${remedy}`
    )
    expect(await opened("/bin/true")).toMatch(
      /^EngineMissing: The media worker .* does not run here \(0\): run npm run media-engine/
    )
  })
})
