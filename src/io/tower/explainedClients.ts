/** What the address of each client is taken for, and why: for whoever asks for it, as addresses are on no page otherwise. */
import { limits } from "../../limits.ts"
import type { AddressReasons } from "../admission/addressReasons.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"

export interface ExplainedClients {
  readonly total: number
  /** The newest, each with the path of its protocol; milliseconds since it came. */
  readonly rows: readonly (AddressReasons & { readonly id: string; readonly path: string; readonly ageMs: number })[]
}

/** `sockets`: those that are open, the oldest first. */
export const explained = (
  sockets: readonly ClientSocket[],
  explain: (connection: ClientSocket["connection"]) => AddressReasons
): ExplainedClients => ({
  total: sockets.length,
  rows: sockets
    .slice(-limits.watchClients)
    .reverse()
    .map(({ id, path, openedAt, connection }) => ({
      id,
      path,
      ageMs: Math.round(performance.now() - openedAt),
      ...explain(connection)
    }))
})
