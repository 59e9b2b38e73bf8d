/**
 * Ways between nodes that take their time: what comes arrives some turns of the event loop later, in its order, and what
 * goes over different ways overtakes each other, as between machines.
 */
import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"

export interface SlowWays {
  /** Where to dial instead of where a node is. */
  readonly via: (node: string) => string
  /** Something is under way. */
  isCarrying(): boolean
  close(): void
}

/** So many turns what comes takes at least, and at most. */
const aFew = { least: 0, most: 3 }

/**
 * Ways to the nodes at these ports of this machine, behind each of which is that of its channel; `ports`, of which each and
 * the next are free, are those of the ways.
 */
export const openSlowWays = async (
  nodes: readonly number[],
  ports: readonly number[],
  { least, most } = aFew
): Promise<SlowWays> => {
  const sockets = new Set<Socket>()
  /** Those of whom something is under way. */
  const carrying = new Set<Socket>()

  const later = (act: () => void, turns = least + Math.floor(Math.random() * (most - least + 1))): void =>
    void setImmediate(() => (turns === 0 ? act() : later(act, turns - 1)))

  const carry = (from: Socket, to: Socket) => {
    let going: Buffer[] = []
    const arrive = () => {
      const bytes = Buffer.concat(going)
      going = []
      carrying.delete(from)
      if (to.write(bytes)) return
      from.pause()
      to.once("drain", () => from.resume())
    }
    sockets.add(from)
    from.on("data", (bytes: Buffer) => {
      if (going.length === 0) later(arrive)
      going.push(bytes)
      carrying.add(from)
    })
    // Behind all that has come before.
    from.on("end", () => later(() => to.end(), most + 1))
    from.on("error", () => {})
    from.on("close", () => {
      sockets.delete(from)
      later(() => to.destroySoon(), most + 1)
    })
  }

  const listen = async (at: number, node: number): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: node, host: "127.0.0.1", allowHalfOpen: true })
      carry(near, far)
      carry(far, near)
    })
    await once(server.listen(at, "127.0.0.1"), "listening")
    return server
  }
  const servers = await Promise.all(
    nodes.flatMap((node, index) => [0, 1].map((next) => listen((ports[index] as number) + next, node + next)))
  )
  const instead = new Map(nodes.map((node, index) => [`127.0.0.1:${node}`, `127.0.0.1:${ports[index]}`]))

  return {
    via: (node) => instead.get(node) ?? node,
    isCarrying: () => carrying.size > 0,
    close: () => {
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
