/** What a figure is measured with. */
import type { Server, ServerKind } from "./servers.ts"

/** How much is done; the short one is for a look, not for figures to quote. */
export interface Size {
  readonly rounds: number
  readonly relayFrames: number
  readonly latencyRounds: number
  readonly polls: number
  readonly writeSeconds: number
  readonly rooms: number
  readonly flights: number
  readonly connectRounds: number
  readonly openConnections: number
  readonly idleConnections: number
  /** In which a thousand clients arrive on one network. */
  readonly arrivalSeconds: number
  /** Arrivals, and renamings, that are followed through a network of each size. */
  readonly crowdProbes: number
}

export const fullSize: Size = {
  rounds: 7,
  relayFrames: 40_000,
  latencyRounds: 31,
  polls: 8_000,
  writeSeconds: 185,
  rooms: 1_000,
  flights: 400,
  connectRounds: 9,
  openConnections: 10_000,
  idleConnections: 7_000,
  arrivalSeconds: 60,
  crowdProbes: 12
}

export const quickSize: Size = {
  rounds: 5,
  relayFrames: 20_000,
  latencyRounds: 15,
  polls: 4_000,
  writeSeconds: 20,
  rooms: 500,
  flights: 200,
  connectRounds: 9,
  openConnections: 10_000,
  idleConnections: 7_000,
  arrivalSeconds: 60,
  crowdProbes: 4
}

export type DatabaseKind = "PostgreSQL" | "embedded"

export interface Setting {
  readonly size: Size
  readonly database: DatabaseKind
  /** Starts a server on an empty database of its own kind, in a folder of its own. */
  start(kind: ServerKind, environment?: Readonly<Record<string, string>>): Promise<Server>
  /** Starts so many servers that are one, on an empty PostgreSQL; resolves when each may have clients. */
  startNodes(count: number): Promise<readonly Server[]>
  /** A folder for this part's own files. */
  readonly directory: string
  /** Rows of `rooms` updated so far in the newest database; undefined where nobody counts. Stop the server first. */
  updates(): Promise<number | undefined>
}

/** Starts both, lets them be used, and stops them whatever happens. */
export const withBoth = async <A>(
  { start }: Setting,
  use: (silktower: Server, bare: Server) => Promise<A>
): Promise<A> => {
  const silktower = await start("silktower")
  try {
    const bare = await start("bare")
    try {
      return await use(silktower, bare)
    } finally {
      await bare.stop()
    }
  } finally {
    await silktower.stop()
  }
}
