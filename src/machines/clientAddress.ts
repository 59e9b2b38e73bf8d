/** The address of a client that nobody knows: its socket was closed before it was read. It is the same as no other. */
export const unknownAddress = "unknown"

/** Who is where: `group` is the network group that the client's address belongs to. */
export interface Neighbour {
  /** The connection's id. */
  readonly id: string
  readonly group: string
}

/** Clients of one group are neighbours; whoever has no known address is nobody's. */
export const areNeighbours = (one: Neighbour, other: Neighbour): boolean =>
  one.group === other.group && one.group !== unknownAddress

/** The network on which a client sees its neighbours: that of its group, or one of its own. */
export const networkOf = ({ id, group }: Neighbour): string =>
  group === unknownAddress ? `${unknownAddress} ${id}` : group
