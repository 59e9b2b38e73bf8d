import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { meetInFlight } from "../../support/server.ts"
import { untilStalled } from "../../support/stalled.ts"
import { useServer } from "../../support/useServer.ts"

describe("a peer that does not read", () => {
  const server = useServer()

  it("pauses its sender instead of filling memory, and gets everything in order when it reads again", async () => {
    const [sender, reader] = [await server.connect(), await server.connect()]
    await meetInFlight(sender, reader)

    reader.socket.pause()
    const padding = "p".repeat(200_000)
    const frames = 500
    for (let index = 0; index < frames; index++)
      sender.send(`{"type":"signal","data":{"index":${index},"padding":"${padding}"}}`)
    // 100 MB are on their way; most of them must still wait in the sender's own buffer, not in the server.
    await untilStalled(sender.socket)
    expect(sender.socket.bufferedAmount).toBeGreaterThan(60_000_000)

    reader.socket.resume()
    for (let index = 0; index < frames; index++) expect((await reader.next())["data"].index).toBe(index)
    const closed = [once(sender.socket, "close"), once(reader.socket, "close")]
    sender.socket.close()
    reader.socket.close()
    await Promise.all(closed)
  })
})
