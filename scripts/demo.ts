/**
 * Shows two peers meeting through a server and sending a file to each other: `npm run demo`.
 * Without a server there it starts one for the occasion.
 */
import { createHash, randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { Effect } from "effect"
import { startApplication } from "../src/application.ts"
import { commandLineOf, valueFlagOr } from "../src/config/commandLine.ts"
import { loadConfig } from "../src/config/config.ts"
import { protocols } from "../src/protocols.ts"
import { ask, Peer } from "./peer.ts"

const fileBytes = 8 * 1024 * 1024

const say = (text: string) => process.stdout.write(`${text}\n`)

let steps = 0
const step = (text: string) => say(`${String(++steps).padStart(2)}. ${text}`)

/** A bar that is redrawn in a terminal, and written at every quarter where there is none. */
const progressBar = (total: number) => {
  let quarters = 0
  return (done: number) => {
    const share = done / total
    if (process.stdout.isTTY) {
      const full = Math.round(share * 30)
      process.stdout.write(`\r    [${"█".repeat(full)}${"░".repeat(30 - full)}] ${Math.round(share * 100)} %`)
      if (done === total) process.stdout.write("\n")
    } else {
      for (; quarters < Math.floor(share * 4); quarters++) say(`    ${(quarters + 1) * 25} % sent`)
    }
  }
}

/** Does something answer there? */
const isThere = async (url: string) => {
  try {
    return (await fetch(`${url}/keep-alive`)).ok
  } catch {
    return false
  }
}

/** A server for the occasion, on a free port, with a database that is gone afterwards. */
const ownServer = async () => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-demo-"))
  const config = await Effect.runPromise(
    loadConfig({ PORT: "0", HOST: "127.0.0.1", DATA_DIR: directory }, [], protocols)
  )
  const output = new PassThrough().resume()
  const application = await startApplication(config, { protocols, output, pretty: false })
  return {
    url: `http://127.0.0.1:${application.port}`,
    stop: async () => {
      await application.stop()
      await rm(directory, { recursive: true, force: true })
    }
  }
}

const show = async (url: string) => {
  const rooms = `${url}/api/rooms`
  const [host, guest] = await Promise.all([Peer.connect(url, "Ada"), Peer.connect(url, "Grace")])
  try {
    step("Two clients, Ada and Grace, open their WebSockets and say their names.")

    const made = await ask(rooms, { name: "Ada" })
    const code: string = made.roomCode
    step(`Ada makes a room over HTTP. Its code is ${code}: she tells it to Grace.`)

    const joined = await ask(`${rooms}/${code}/join`, { name: "Grace" })
    step(`Grace joins room ${code}. Its status is now "${joined.status}".`)

    const file = randomBytes(fileBytes)
    const sha256 = createHash("sha256").update(file).digest("hex")
    await ask(`${rooms}/${code}/participants/${made.self.participantId}/ready`, { fileCount: 1, totalBytes: fileBytes })
    step(`Ada chooses a file of ${fileBytes / 1024 / 1024} MB and says that she is ready.`)

    const polled = await ask(`${rooms}/${code}?participantId=${joined.self.participantId}`)
    step(`Grace polls the room: status "${polled.status}", shouldConnect ${polled.shouldConnect}.`)

    host.send({ type: "attach-room", roomCode: code, participantId: made.self.participantId })
    guest.send({ type: "attach-room", roomCode: code, participantId: joined.self.participantId })
    const { connectionType } = await host.until("peer-joined")
    await guest.until("peer-joined")
    step(
      `Both attach to the room and are told of each other (${connectionType}): the server opens a link between them.`
    )

    await Promise.all([host.offer(), host.opened(), guest.opened()])
    step("Offer, answer and ICE candidates went over the link; the data channel between the peers is open.")

    step("The file goes from peer to peer:")
    const received = guest.receiveFile()
    await host.sendFile(file, progressBar(fileBytes))
    const { bytes, sha256: arrived } = await received
    if (arrived !== sha256) throw new Error(`The file arrived damaged: ${arrived} instead of ${sha256}.`)
    step(`${bytes} bytes arrived, SHA-256 ${sha256.slice(0, 16)}… on both sides.`)

    const signals = host.signalsSent + guest.signalsSent
    say(`\nThrough the server went ${signals} signal frames. Of the file's ${fileBytes} bytes it saw none.`)
  } finally {
    await Promise.all([host.close(), guest.close()])
  }
}

const { url: given } = await commandLineOf({
  command: "npm run demo --",
  purpose: "Shows two peers meeting through a server and sending a file to each other.",
  flags: {
    url: valueFlagOr("http://localhost:8080", {
      placeholder: "URL",
      expected: "an http:// or https:// URL",
      // A WebSocket's URL means the same server.
      read: (text) =>
        /^(http|ws)s?:\/\//.test(text) && URL.canParse(text)
          ? text.replace(/^ws/, "http").replace(/\/+$/, "")
          : undefined,
      description: "The server, http://localhost:8080 unless told otherwise. Where none is, one is started"
    })
  }
})

const main = async () => {
  if (await isThere(given)) {
    say(`The server at ${given} is asked.\n`)
    await show(given)
    return
  }
  say(`Nothing answers at ${given}: a server is started for this demo.\n`)
  const server = await ownServer()
  try {
    await show(server.url)
  } finally {
    await server.stop()
  }
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`\nThe demo failed: ${error.message}\n`)
    process.exit(1)
  }
)
