/** A way between two nodes that can be broken: a TCP proxy that swallows what goes one way. */
import { once } from "node:events"
import { createServer, connect as dial, type Socket } from "node:net"
import { onTestFinished } from "vitest"
import { freePortPair } from "./nodes.ts"

export interface Proxy {
  /** To dial instead of the node's. */
  readonly address: string
  /** Bytes of the dialler's, and of the listener's, go nowhere from now on; connections stay. */
  swallow(whose: "dialler" | "listener"): void
  /** New connections work again; those that were broken stay so. */
  heal(): void
}

/** In front of a node's channel; it hides that the node's connections end as well. */
export const startProxy = async (node: string): Promise<Proxy> => {
  const port = await freePortPair()
  const [host, digits] = node.split(":") as [string, string]
  let swallowed: "dialler" | "listener" | null = null
  const sockets = new Set<Socket>()
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
    }
  }
}
