/** Nodes with clients: real WebSockets, whose frames go to whomever they are linked with, on whichever node. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"
import { WebSocket } from "ws"
import type { Channels, ChannelsOptions } from "../../../../src/io/cluster/channels.ts"
import { createRemoteLinks, type RemoteLinks } from "../../../../src/io/cluster/remoteLinks.ts"
import type { ClientSocket } from "../../../../src/io/sockets/clientSocket.ts"
import { createLinks, type Links } from "../../../../src/io/sockets/link.ts"
import { createSocketServer } from "../../../../src/io/sockets/socketServer.ts"
import { nextMark, startNode, type TestNode } from "./nodes.ts"

export interface Client {
  readonly id: string
  readonly socket: WebSocket
  /** What it was told, in order. */
  readonly heard: readonly string[]
  until(isSo: (heard: readonly string[]) => boolean): Promise<void>
}

export interface LinkedNode extends TestNode {
  readonly links: Links
  readonly remoteLinks: RemoteLinks
  readonly sockets: ReadonlyMap<string, ClientSocket>
  /** Links that have ended with a node, by their clients. */
  readonly parted: ReturnType<RemoteLinks["gone"]>
  /** Messages that are none of a link's. */
  marks(): number
  connect(): Promise<Client>
}

export const startLinkedNode = async (options: Partial<ChannelsOptions> = {}): Promise<LinkedNode> => {
  const mark = nextMark()
  const links = createLinks()
  const sockets = new Map<string, ClientSocket>()
  const parted: { own: string; peer: string }[] = []
  let channels: Channels | undefined
  const remoteLinks = createRemoteLinks({
    channels: {
      send: (...said) => channels!.send(...said),
      frame: (...said) => channels!.frame(...said)
    },
    find: (id) => {
      const socket = sockets.get(id)
      return socket && { socket, links }
    }
  })
  const gone = (node: string) => parted.push(...remoteLinks.gone(node))
  let marks = 0
  const node = await startNode({
    mark,
    ...options,
    listener: {
      onMessage: (from, message) => {
        if (!remoteLinks.onMessage(from, message)) marks++
      },
      onFrame: remoteLinks.onFrame,
      onParted: ({ address }) => void gone(address)
    }
  })
  channels = node.channels

  const server = createServer()
  let clients = 0
  const socketServer = createSocketServer(server, {
    ...{ maxPayloadBytes: 2 ** 20, healthCheckIntervalMs: 60_000, probeTimeoutMs: 10_000, heldFramesBytes: 2 ** 16 },
    ...{ backPressureHighBytes: 2 ** 20, backPressureLowBytes: 2 ** 18, slowReaderTimeoutMs: 120_000 },
    ...{ framesPerSecond: 0, frameBurst: 0 },
    mounts: [
      {
        path: "/",
        refuses: () => null,
        handler: {
          opened: (socket) => {
            socket.id = `${mark}${String(clients++).padStart(8, "0")}`
            sockets.set(socket.id, socket)
            socket.send(socket.id)
          },
          frame: (socket, bytes) => links.forward(socket, bytes),
          closed: (socket) => {
            sockets.delete(socket.id)
            remoteLinks.left(socket.id)
          },
          flooded: () => {},
          failed: (_, error) => {
            throw error
          }
        }
      }
    ]
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    socketServer.terminate()
    server.close()
    remoteLinks.end()
  })

  const connect = async (): Promise<Client> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    const texts: string[] = []
    const waiting = new Set<() => void>()
    const opened = once(socket, "message") as Promise<[Buffer]>
    const [first] = await opened
    socket.on("message", (data: Buffer) => {
      texts.push(data.toString())
      for (const look of waiting) look()
    })
    onTestFinished(() => socket.terminate())
    return {
      ...{ id: first.toString(), socket, heard: texts },
      until: (isSo) =>
        new Promise((resolve) => {
          const look = () => {
            if (!isSo(texts)) return
            waiting.delete(look)
            resolve()
          }
          waiting.add(look)
          look()
        })
    }
  }
  return Object.assign(node, { links, remoteLinks, sockets, parted, connect, marks: () => marks })
}

/** Opens a link at both of its nodes; the first one's counts the meeting. */
export const link = (
  id: string,
  [nodeA, a]: readonly [LinkedNode, Client],
  [nodeB, b]: readonly [LinkedNode, Client]
) => {
  nodeA.remoteLinks.open(id, a.id, { node: nodeB.address, id: b.id }, true)
  nodeB.remoteLinks.open(id, b.id, { node: nodeA.address, id: a.id }, false)
}

/** Both clients are told of each other. */
export const introduce = ([nodeA, a]: readonly [LinkedNode, Client], [nodeB, b]: readonly [LinkedNode, Client]) => {
  nodeA.links.introduced(nodeA.sockets.get(a.id)!, b.id)
  nodeB.links.introduced(nodeB.sockets.get(b.id)!, a.id)
}
