/**
 * `node scripts/screenshot.ts`: makes docs/tower.png, the picture of the tower page in the README, from a server of its
 * own with people in it. Needs Chromium.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { startApplication } from "../src/application.ts"
import { commandLineOf, oneOf, valueFlagOr, wholeNumber } from "../src/config/commandLine.ts"
import { loadConfig } from "../src/config/config.ts"
import { protocols } from "../src/protocols.ts"
import { findChromium, launchChromium } from "./chromium.ts"
import { ask, Peer } from "./peer.ts"

const pixels = { ...wholeNumber("pixels", 100, 10_000), placeholder: "PIXELS" }
const options = await commandLineOf({
  command: "node scripts/screenshot.ts",
  purpose: "Makes the picture of the tower page in the README, from a server of its own with people in it.",
  flags: {
    out: valueFlagOr(fileURLToPath(new URL("../docs/tower.png", import.meta.url)), {
      placeholder: "FILE",
      description: "Where it is written, docs/tower.png unless told otherwise",
      expected: "the path of a file",
      read: (text) => text || undefined
    }),
    scheme: valueFlagOr("light", {
      ...oneOf(["light", "dark"]),
      placeholder: "SCHEME",
      description: "light (default) or dark"
    }),
    width: valueFlagOr(1440, { ...pixels, description: "Width of the window, 1440 unless told otherwise" }),
    height: valueFlagOr(1600, { ...pixels, description: "Height of the window, 1600 unless told otherwise" })
  }
})

const key = "picture"
const names = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia", "Donald", "Frances", "Tony", "Margaret"]
const nameOf = (index: number): string => names[index % names.length] as string

/** Two who exchange offer, answer and candidates through the server until their data channel is open. */
const meet = async (host: Peer, guest: Peer) => {
  await Promise.all([host.until("peer-joined"), guest.until("peer-joined")])
  await Promise.all([host.offer(), host.opened(), guest.opened()])
}

const openFlight = async (url: string, index: number): Promise<Peer[]> => {
  const [host, guest] = await Promise.all([Peer.connect(url, nameOf(index)), Peer.connect(url, nameOf(index + 3))])
  host.send({ type: "create-flight" })
  const { flightCode } = await host.until("flight-created")
  guest.send({ type: "join-flight", flightCode })
  await meet(host, guest)
  return [host, guest]
}

const openRoom = async (url: string, index: number): Promise<Peer[]> => {
  const [hostName, guestName] = [nameOf(index), nameOf(index + 1)]
  const made = await ask(`${url}/api/rooms`, { name: hostName })
  const code: string = made.roomCode
  if (index % 3 === 0) return []
  const joined = await ask(`${url}/api/rooms/${code}/join`, { name: guestName })
  const [hostId, guestId]: string[] = [made.self.participantId, joined.self.participantId]
  await ask(`${url}/api/rooms/${code}/participants/${hostId}/ready`, { fileCount: 2, totalBytes: 5_242_880 })
  const [host, guest] = await Promise.all([Peer.connect(url, hostName), Peer.connect(url, guestName)])
  host.send({ type: "attach-room", roomCode: code, participantId: hostId })
  guest.send({ type: "attach-room", roomCode: code, participantId: guestId })
  await meet(host, guest)
  return [host, guest]
}

const traffic = async (url: string): Promise<Peer[]> => {
  const peers: Peer[] = []
  for (let index = 0; index < 4; index++) peers.push(...(await openFlight(url, index)))
  for (let index = 0; index < 4; index++) peers.push(...(await openRoom(url, index + 5)))
  for (let index = 0; index < 12; index++) peers.push(await Peer.connect(url, nameOf(index)))
  const waiting = await Peer.connect(url, "Katherine")
  waiting.send({ type: "create-flight" })
  await waiting.until("flight-created")
  return [...peers, waiting]
}

const main = async () => {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error("Chromium is not on PATH: install Debian's chromium")
  const directory = await mkdtemp(join(tmpdir(), "silktower-picture-"))
  const environment = { PORT: "0", HOST: "127.0.0.1", DATA_DIR: directory, LOG_ACCESS_KEY: key }
  const config = await Effect.runPromise(loadConfig(environment, [], protocols))
  const application = await startApplication(config, { protocols, output: new PassThrough().resume(), pretty: false })
  const url = `http://127.0.0.1:${application.port}`
  const browser = await launchChromium(chromium)
  try {
    const page = await browser.newPage({
      colorScheme: options.scheme,
      viewport: { width: options.width, height: options.height }
    })
    await page.goto(`${url}/tower?key=${key}`)
    await page.getByText("Live", { exact: true }).waitFor()
    const peers = await traffic(url)
    await page.getByText("waiting").first().waitFor()
    await page.getByText(`${peers.length} actors`).first().waitFor()
    // Graphs that show something: from before they came until they had met.
    await page.locator("#tile-people .figure", { hasText: String(peers.length) }).waitFor()
    await page.locator("#tile-people path[d*='L17.2']").waitFor()
    await page.screenshot({ path: options.out, fullPage: options.width < 600, animations: "disabled" })
    await Promise.all(peers.map((peer) => peer.close()))
  } finally {
    await browser.close()
    await application.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`The picture could not be made: ${error.message}\n`)
    process.exit(1)
  }
)
