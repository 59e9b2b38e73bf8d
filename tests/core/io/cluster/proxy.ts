/** A way between two nodes that can be broken: a TCP proxy that swallows what goes one way. */
import { once } from "node:events"
import { createServer, connect as dial, type Socket } from "node:net"
import { onTestFinished } from "vitest"
import { freePortPairs } from "../../../support/freePort.ts"

export interface BreakableWay {
  /** To dial instead of the node's. */
  readonly address: string
  /** Bytes of the dialler's, and of the listener's, go nowhere from now on; connections stay. */
  swallow(whose: "dialler" | "listener"): void
  /** New connections work again; those that were broken stay so. */
  heal(): void
  /** The connections end for one side, and the other one does not hear of it. */
  end(whose: "dialler" | "listener"): void
}

/** In front of a node's channel; it hides that the node's connections end as well. */
export const startProxy = async (node: string): Promise<BreakableWay> => {
  const [port] = (await freePortPairs(1)) as [number]
  const [host, digits] = node.split(":") as [string, string]
  let swallowed: "dialler" | "listener" | null = null
  const sockets = new Set<Socket>()
  const ends = new Set<(whose: "dialler" | "listener") => void>()
  const server = createServer((dialler) => {
    const listener = dial(Number(digits) + 1, host)
    let isBroken = false
    const carry = (whose: "dialler" | "listener", from: Socket, to: Socket) => {
      sockets.add(from)
      from.on("error", () => {})
      from.on("data", (bytes) => {
        isBroken ||= swallowed !== null
        if (!isBroken || whose !== swallowed) to.write(bytes)
      })
      from.on("close", () => {
        sockets.delete(from)
        if (!isBroken) to.destroy()
      })
    }
    const end = (whose: "dialler" | "listener") => {
      isBroken = true
      if (whose === "dialler") dialler.destroy()
      else listener.destroy()
    }
    ends.add(end)
    dialler.on("close", () => ends.delete(end))
    carry("dialler", dialler, listener)
    carry("listener", listener, dialler)
  })
  await once(server.listen(port + 1, "127.0.0.1"), "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: `127.0.0.1:${port}`,
    swallow: (whose) => {
      swallowed = whose
    },
    heal: () => {
      swallowed = null
    },
    end: (whose) => {
      for (const end of ends) end(whose)
    }
  }
}
