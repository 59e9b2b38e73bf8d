/** What a client that reads nothing costs the server while its peer pushes a gigabyte at it. */
import { once } from "node:events"
import { WebSocket } from "ws"
import type { Figure } from "../rounds.ts"
import type { Setting } from "../setting.ts"

const wantedBytes = 2 ** 30
const frameBytes = 1_000_000
/** ms between two looks at the server's memory. */
const lookMs = 250

const open = async (port: number): Promise<WebSocket> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
    perMessageDeflate: false,
    headers: { origin: "https://dropsilk.xyz" }
  })
  await once(socket, "open")
  return socket
}

const until = async (socket: WebSocket, type: string): Promise<any> => {
  for (;;) {
    const [data] = await once(socket, "message")
    const frame = JSON.parse(String(data))
    if (frame.type === type) return frame
  }
}

export const slowReader = async (setting: Setting): Promise<readonly Figure[]> => {
  const server = await setting.start("silktower", {})
  try {
    const [sender, reader] = [await open(server.port), await open(server.port)]
    sender.send('{"type":"create-flight"}')
    const { flightCode } = await until(sender, "flight-created")
    const joined = until(reader, "peer-joined")
    reader.send(JSON.stringify({ type: "join-flight", flightCode }))
    await joined
    // From now on it reads nothing at all.
    reader.pause()
    const before = (await server.usage({ collect: true })).residentBytes
    const frame = JSON.stringify({ type: "signal", data: "x".repeat(frameBytes) })
    const written = (async () => {
      for (let sent = 0; sent < wantedBytes; sent += frame.length) {
        await new Promise<void>((resolve, reject) => sender.send(frame, (error) => (error ? reject(error) : resolve())))
      }
    })()
    let isWritten = false
    void written.then(() => (isWritten = true))
    let most = before
    while (!isWritten) {
      most = Math.max(most, (await server.usage()).residentBytes)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
    sender.terminate()
    reader.terminate()
    const megabytes = (most - before) / 2 ** 20
    return [
      {
        name: "memory while a gigabyte is pushed at a client that does not read, over before",
        unit: "MiB",
        silktower: megabytes,
        compared: "value",
        outcome: megabytes
      }
    ]
  } finally {
    await server.stop()
  }
}
