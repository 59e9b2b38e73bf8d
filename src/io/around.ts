/** Whether a person is still there, as far as sockets tell. Looked up when somebody wants in, and kept nowhere. */
import type { SnapshotFrom } from "xstate"
import type { connectionMachine } from "../machines/connection.ts"
import type { networkMachine } from "../machines/network.ts"
import type { SupervisorRef } from "../machines/supervisor.ts"
import { networkGroup } from "./address.ts"

/**
 * Since when a socket of a client address has been open that is registered under a name, epoch milliseconds; null: there
 * is none. Of several the oldest.
 */
export type AroundSince = (address: string, name: string) => number | null

/** `networks`: the supervisor of those who know the sockets of a network group. */
export const createAroundSince =
  (networks: SupervisorRef): AroundSince =>
  (address, name) => {
    const network = networks.getSnapshot().children.get(networkGroup(address))
    if (network === undefined) return null
    const { entries } = (network.getSnapshot() as SnapshotFrom<typeof networkMachine>).context
    const opened = [...entries.values()]
      .filter((entry) => entry.name === name)
      .map(({ connection }) => (connection.getSnapshot() as SnapshotFrom<typeof connectionMachine>).context)
      .filter((socket) => socket.address === address)
      .map(({ openedAt }) => openedAt)
    return opened.length === 0 ? null : Math.min(...opened)
  }
