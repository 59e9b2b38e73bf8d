/** Knows whether anything is under way between nodes of this process, from the two ends of the connections between them. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { Socket } from "node:net"

export interface FollowedChannels {
  /** Something that one end has said has not been heard at the other one. */
  isUnderWay(): boolean
  end(): void
}

const endsOf = (dialler: number, listener: number): string => `${dialler} ${listener}`

/** Call this before anybody dials; `ports`: where channels listen. */
export const followChannels = (ports: ReadonlySet<number>): FollowedChannels => {
  const dialled = new Set<Socket>()
  /** By the ports of both ends: of one port of who has dialled several connections may come, to different nodes. */
  const accepted = new Map<string, Socket>()

  const onDialled = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket }
    dialled.add(socket)
    socket.once("close", () => dialled.delete(socket))
  }
  const onAccepted = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket }
    const { localPort, remotePort } = socket
    if (localPort === undefined || remotePort === undefined || !ports.has(localPort)) return
    const ends = endsOf(remotePort, localPort)
    accepted.set(ends, socket)
    socket.once("close", () => {
      if (accepted.get(ends) === socket) accepted.delete(ends)
    })
  }
  subscribe("net.client.socket", onDialled)
  subscribe("net.server.socket", onAccepted)

  const isUnheard = (one: Socket): boolean => {
    const { localPort, remotePort } = one
    // One that is being dialled has none.
    if (localPort === undefined || remotePort === undefined || !ports.has(remotePort)) return false
    const other = accepted.get(endsOf(localPort, remotePort))
    return other === undefined || other.bytesRead !== one.bytesWritten || one.bytesRead !== other.bytesWritten
  }

  return {
    isUnderWay: () => [...dialled].some(isUnheard),
    end: () => {
      unsubscribe("net.client.socket", onDialled)
      unsubscribe("net.server.socket", onAccepted)
    }
  }
}
