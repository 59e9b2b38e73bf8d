/** Clients that say odd things of their media: each is refused by a name, and no worker comes to harm. */
import { beforeAll, expect, it } from "vitest"
import { EngineRefusal } from "../../../../src/io/sfu/engine/mediaEngine.ts"
import { randomNumbers } from "../../../support/random.ts"
import { describeWithMediaWorker } from "../mediaWorker.ts"
import { audioParameters, dtlsParameters, simulcast, useEngine, videoParameters } from "./useEngine.ts"

const wanted = Number(process.env["FUZZ_PARAMETERS"] ?? 20_000)
const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"])

const random = randomNumbers(seed)
const below = (count: number): number => Math.floor(random() * count)
const oneOf = <A>(values: readonly A[]): A => values[below(values.length)] as A

const oddNumbers = [-1, 0, 1, 1.5, 96, 97, 127, 128, 255, 256, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 1e308]
const oddTexts = [
  "",
  "\0",
  "r0",
  "audio/opus",
  "video/RTX",
  "video/VP8",
  "video/H264",
  "audio/",
  "L9T9",
  "S3T3_KEY",
  "é😀"
]
const odd = [
  ...oddNumbers,
  ...oddTexts,
  "x".repeat(100_000),
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  Array(1000).fill({})
]

/** Each place in some JSON. */
const placesIn = (value: any): { holder: any; key: string }[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.keys(value).flatMap((key) => [{ holder: value, key }, ...placesIn(value[key])])

/** The same, but for one to four places. */
const distorted = (sample: unknown): unknown => {
  const whole = { value: structuredClone(sample) }
  for (let left = 1 + below(4); left > 0; left--) {
    const places = placesIn(whole)
    if (places.length === 0) break
    const { holder, key } = oneOf(places)
    const way = below(5)
    if (way === 0) {
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete holder[key]
    } else if (way === 1) {
      const other = oneOf(places)
      holder[key] = structuredClone(other.holder[other.key])
    } else if (way === 2 && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]))
    else if (way === 3 && !Array.isArray(holder))
      holder[oneOf(["__proto__", "apt", "toString", "ssrc", "x"])] = structuredClone(oneOf(odd))
    else holder[key] = structuredClone(oneOf(odd))
  }
  return JSON.parse(JSON.stringify(whole)).value
}

describeWithMediaWorker("a media worker", () => {
  const engine = useEngine()
  let pid: number
  let capabilities: unknown
  beforeAll(async () => {
    ;({ pid } = await engine.startWorker("one"))
    capabilities = await engine.openRouter("one", "room")
  })

  const openTransport = async (): Promise<string> => (await engine.openTransport("room")).id

  /** What came of it: undefined where it was refused by name. */
  const refusedOr = async <A>(given: unknown, asked: Promise<A>): Promise<A | undefined> => {
    try {
      return await asked
    } catch (error) {
      if (error instanceof EngineRefusal) return undefined
      throw new Error(`${error} at ${JSON.stringify(given)?.slice(0, 2000)}`)
    }
  }

  const staysWell = async (): Promise<void> => {
    const transport = await openTransport()
    await engine.connectTransport(transport, dtlsParameters())
    const { id } = await engine.produce(transport, "video", videoParameters(simulcast))
    await engine.consume(await openTransport(), id, capabilities)
    expect((await engine.usage()).workers.map((worker) => worker.pid)).toEqual([pid])
    expect(engine.news.filter(({ type }) => type === "worker.died")).toEqual([])
    engine.closeRouter("room")
    await engine.openRouter("one", "room")
  }

  it(`takes or refuses any rtpParameters, and who consumes what it took (seed ${seed})`, async () => {
    const samples = [
      ["audio", audioParameters],
      ["video", videoParameters],
      ["video", () => videoParameters(simulcast)]
    ] as const
    let [taken, consumed] = [0, 0]
    let [transport, listener] = [await openTransport(), await openTransport()]
    const produced = Math.floor(wanted * 0.6)
    for (let count = 0; count < produced; count++) {
      const [kind, sample] = oneOf(samples)
      const given = distorted(sample())
      const producer = await refusedOr(given, engine.produce(transport, kind, given))
      if (producer === undefined) continue
      taken++
      const consumer = await refusedOr(given, engine.consume(listener, producer.id, capabilities))
      if (consumer !== undefined) {
        consumed++
        await engine.resumeConsumer(consumer.id)
      }
      if (taken % 20 === 0) {
        engine.closeTransport(transport)
        engine.closeTransport(listener)
        ;[transport, listener] = [await openTransport(), await openTransport()]
      }
    }
    await staysWell()
    // Else the distortions would be too crude to get anywhere.
    expect(taken).toBeGreaterThan(produced / 20)
    expect(taken).toBeLessThan(produced)
    expect(consumed).toBeGreaterThan(taken / 2)
  })

  it(`takes or refuses any dtlsParameters (seed ${seed})`, async () => {
    let transport = await openTransport()
    const connected = Math.floor(wanted * 0.2)
    let taken = 0
    for (let count = 0; count < connected; count++) {
      const given = distorted(dtlsParameters())
      const answer = await refusedOr(
        given,
        engine.connectTransport(transport, given).then(() => true)
      )
      if (answer !== true) continue
      taken++
      engine.closeTransport(transport)
      transport = await openTransport()
    }
    await staysWell()
    expect(taken).toBeGreaterThan(connected / 50)
    expect(taken).toBeLessThan(connected)
  })

  it(`takes or refuses any rtpCapabilities (seed ${seed})`, async () => {
    let listener = await openTransport()
    const { id } = await engine.produce(await openTransport(), "video", videoParameters(simulcast))
    const asked = Math.floor(wanted * 0.2)
    let taken = 0
    for (let count = 0; count < asked; count++) {
      const given = distorted(capabilities)
      const consumer = await refusedOr(given, engine.consume(listener, id, given))
      if (consumer !== undefined && ++taken % 50 === 0) {
        engine.closeTransport(listener)
        listener = await openTransport()
      }
    }
    await staysWell()
    expect(taken).toBeGreaterThan(asked / 20)
    expect(taken).toBeLessThan(asked)
  })
})
