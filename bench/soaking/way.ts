/** A way over TCP that can be cut like a cable: what is said into it waits, in one direction or both, and nobody hears of it. */
import { once } from "node:events"
import { createServer, connect as dial, type Socket } from "node:net"

/** `there`: from whoever dials to whoever listens. */
export type Direction = "there" | "back"

export interface Way {
  cut(...directions: readonly Direction[]): void
  /** What has waited goes on, where the two have not given up meanwhile. */
  mend(): void
  /** Hangs up whatever goes over it, and whatever comes, until it is mended. */
  refuse(): void
  close(): void
}

export const openWay = async (from: number, to: { readonly host: string; readonly port: number }): Promise<Way> => {
  const streams: Readonly<Record<Direction, Set<Socket>>> = { there: new Set(), back: new Set() }
  const cut = new Set<Direction>()
  let isRefusing = false
  const server = createServer({ allowHalfOpen: true }, (dialler) => {
    if (isRefusing) return void dialler.resetAndDestroy()
    const listener = dial({ ...to, allowHalfOpen: true })
    const carry = (direction: Direction, source: Socket, target: Socket) => {
      streams[direction].add(source)
      source.setNoDelay(true)
      source.on("error", () => {})
      source.on("data", (bytes) => {
        if (target.write(bytes)) return
        source.pause()
        target.once("drain", () => {
          if (!cut.has(direction)) source.resume()
        })
      })
      source.on("end", () => target.end())
      source.on("close", () => {
        streams[direction].delete(source)
        // A machine that is cut off does not hear of that.
        if (!cut.has(direction)) target.destroy()
      })
      if (cut.has(direction)) source.pause()
    }
    carry("there", dialler, listener)
    carry("back", listener, dialler)
  })
  await once(server.listen(from, "127.0.0.1"), "listening")
  const all = () => [...streams.there, ...streams.back]
  return {
    cut: (...directions) => {
      for (const direction of directions) {
        cut.add(direction)
        for (const source of streams[direction]) source.pause()
      }
    },
    mend: () => {
      isRefusing = false
      cut.clear()
      for (const source of all()) source.resume()
    },
    refuse: () => {
      isRefusing = true
      for (const source of all()) source.resetAndDestroy()
    },
    close: () => {
      server.close()
      for (const source of all()) source.destroy()
    }
  }
}
