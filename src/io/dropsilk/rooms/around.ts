/**
 * Whether a person is still there, as far as sockets tell. Looked up when somebody wants in, and kept nowhere; those that
 * are found are asked for a sign of life.
 */
import type { SnapshotFrom } from "xstate"
import type { connectionMachine } from "../../../machines/dropsilk/connection/connection.ts"
import type { ConnectionEvent } from "../../../machines/dropsilk/connection/connectionContext.ts"
import type { networkMachine } from "../../../machines/dropsilk/network/network.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import { networkGroup } from "../../admission/address.ts"

/** When each open socket of a client address that is registered under a name was opened, epoch milliseconds. */
export type SocketsOf = (address: string, name: string) => readonly number[]

/** The supervisors of `networks`, which know who is in a network group, and of the `connections` themselves. */
export const createSocketsOf =
  (networks: () => SupervisorRef, connections: () => SupervisorRef): SocketsOf =>
  (address, name) => {
    const network = networks().getSnapshot().children.get(networkGroup(address))
    if (network === undefined) return []
    const { clients } = (network.getSnapshot() as SnapshotFrom<typeof networkMachine>).context
    return clients.flatMap((client) => {
      const connection = client.name === name ? connections().getSnapshot().children.get(client.id) : undefined
      if (connection === undefined) return []
      const socket = (connection.getSnapshot() as SnapshotFrom<typeof connectionMachine>).context
      if (socket.address !== address || !socket.isNamed) return []
      // One that nobody is at any more is not found the next time.
      connection.send({ type: "socket.wanted" } satisfies ConnectionEvent)
      return [socket.openedAt]
    })
  }
