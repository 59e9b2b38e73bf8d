/**
 * Whether a person is still there, as far as sockets tell. Looked up when somebody wants in, and kept nowhere; those that
 * are found are asked for a sign of life.
 */
import type { SnapshotFrom } from "xstate"
import type { ConnectionEvent, connectionMachine } from "../../machines/dropsilk/connection.ts"
import type { networkMachine } from "../../machines/dropsilk/network.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import { networkGroup } from "../admission/address.ts"

/** When each open socket of a client address that is registered under a name was opened, epoch milliseconds. */
export type SocketsOf = (address: string, name: string) => readonly number[]

/** `networks`: the supervisor of those who know the sockets of a network group. */
export const createSocketsOf =
  (networks: SupervisorRef): SocketsOf =>
  (address, name) => {
    const network = networks.getSnapshot().children.get(networkGroup(address))
    if (network === undefined) return []
    const { entries } = (network.getSnapshot() as SnapshotFrom<typeof networkMachine>).context
    return [...entries.values()]
      .filter((entry) => entry.name === name)
      .map(({ connection }) => ({
        connection,
        socket: (connection.getSnapshot() as SnapshotFrom<typeof connectionMachine>).context
      }))
      .filter(({ socket }) => socket.address === address && socket.isNamed)
      .map(({ connection, socket }) => {
        // One that nobody is at any more is not found the next time.
        connection.send({ type: "socket.wanted" } satisfies ConnectionEvent)
        return socket.openedAt
      })
  }
