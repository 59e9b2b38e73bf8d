/** The way to a database or another server, which a test can cut, block and mend. */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { afterEach } from "vitest"
import { useThroughout } from "../useThroughout.ts"

interface Way {
  /** The URL with the way's near end in it. */
  readonly url: string
  /** Hangs up every connection, and each one that comes. */
  cut(): void
  /** The next answer of the database is not passed on: its connection is hung up, and what was asked has been done. */
  loseNextAnswer(): void
  /** From now on nothing passes, and nobody is told. */
  block(): void
  /** Connections that come wait; those that are there go on. */
  blockNew(): void
  mend(): void
  close(): Promise<void>
}

/** The way to a database that the suite's tests share; whatever a test has done to it, it is mended when the test is over. */
export const useWay = (databaseUrl: string): Way => {
  const way = useThroughout(
    () => startWay(databaseUrl),
    (way) => way.close()
  )
  afterEach(() => way.mend())
  return way
}

export const startWay = async (databaseUrl: string): Promise<Way> => {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let state: "open" | "cut" | "blocked" | "blocked to new ones" = "open"
  let losing = false
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.on("data", (bytes) => {
        if (losing && socket === far) {
          losing = false
          near.destroy()
        } else if (!other.write(bytes)) {
          socket.pause()
          other.once("drain", () => {
            if (state !== "blocked") socket.resume()
          })
        }
      })
      socket.on("end", () => other.end())
      if (state !== "open") socket.pause()
    }
    if (state === "cut") near.destroy()
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const each = (act: (socket: Socket) => void) => sockets.forEach(act)
  return {
    url: url.href,
    cut: () => {
      state = "cut"
      each((socket) => socket.destroy())
    },
    loseNextAnswer: () => {
      losing = true
    },
    block: () => {
      state = "blocked"
      each((socket) => socket.pause())
    },
    blockNew: () => {
      state = "blocked to new ones"
    },
    mend: () => {
      state = "open"
      each((socket) => socket.resume())
    },
    close: async () => {
      each((socket) => socket.destroy())
      await new Promise<unknown>((resolve) => server.close(resolve))
    }
  }
}
