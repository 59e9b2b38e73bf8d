import { describe, expect, it } from "vitest"
import { closingFrame, createFrameWatch } from "../../../../src/io/cluster/frameWatch.ts"

const answer = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")

/** A text frame as a server sends it (RFC 6455 5.2), of so many bytes. */
const frame = (length: number): Buffer => {
  const header =
    length < 126
      ? Buffer.from([0x81, length])
      : length < 65_536
        ? Buffer.from([0x81, 126, length >> 8, length & 255])
        : Buffer.from([0x81, 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255])
  // Payloads that look like closing frames and the ends of heads.
  return Buffer.concat([header, Buffer.alloc(length, "\x88\x02\x03\xe8\r\n\r\n", "latin1")])
}

describe("what follows a WebSocket server's bytes", () => {
  it("knows where a closing frame may stand, however the bytes are cut", () => {
    const frames = [0, 1, 125, 126, 300, 0].map(frame)
    const all = Buffer.concat([answer, ...frames])
    const ends = new Set([answer.length])
    let end = answer.length
    for (const { length } of frames) ends.add((end += length))
    for (let cut = 0; cut <= all.length; cut++) {
      const watch = createFrameWatch()
      watch.saw(all.subarray(0, cut))
      expect([cut, watch.isAnswered, watch.mayClose]).toEqual([cut, cut >= answer.length, ends.has(cut)])
      watch.saw(all.subarray(cut))
      expect([cut, watch.mayClose]).toEqual([cut, true])
    }
    const byByte = createFrameWatch()
    for (let at = 0; at < all.length; at++) byByte.saw(all.subarray(at, at + 1))
    expect(byByte.mayClose).toBe(true)
  })

  it("knows the lengths of long frames", () => {
    for (const length of [65_535, 65_536, 300_000]) {
      const watch = createFrameWatch()
      watch.saw(answer)
      const bytes = frame(length)
      watch.saw(bytes.subarray(0, -1))
      expect(watch.mayClose).toBe(false)
      watch.saw(bytes.subarray(-1))
      expect(watch.mayClose).toBe(true)
    }
  })

  it("lets nothing follow a closing frame, nor an answer that refuses", () => {
    const closed = createFrameWatch()
    closed.saw(Buffer.concat([answer, closingFrame(1001, "Server shutdown")]))
    expect([closed.isAnswered, closed.mayClose]).toEqual([true, false])
    const refused = createFrameWatch()
    refused.saw(Buffer.from("HTTP/1.1 401 Unauthorized\r\n\r\nno"))
    expect([refused.isAnswered, refused.mayClose]).toEqual([true, false])
  })
})
