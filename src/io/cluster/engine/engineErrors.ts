/** Why a server does not become a node. What is about the database has its own names (databaseErrors.ts). */

/** Nothing can be listened on under the node's own address. */
export class ClusterAddressUnusable extends Error {
  override readonly name = "ClusterAddressUnusable"
  readonly address: string

  /** `code`: what the system said, such as `EADDRINUSE`; undefined where the address cannot be read. */
  constructor(address: string, code: string | undefined) {
    super(`CLUSTER_ADDRESS=${address}: ${code === undefined ? unreadable : (reasons[code] ?? `${code}.`)}`)
    this.address = address
  }
}

const unreadable =
  "it must be host:port, by which the other nodes reach this one: 10.0.0.5:7946, [fd00::5]:7946 or name:7946."
const noAddress = "this machine has no such address. Set it to the one by which the other nodes reach this machine."
const noHost = "no such host can be found. Set it to the name or address by which the other nodes reach this machine."

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken by another program. End that one, or choose another port.",
  EACCES: "the port may not be used by this user. Choose one from 1024 on.",
  EADDRNOTAVAIL: noAddress,
  EINVAL: noAddress,
  EAFNOSUPPORT: noAddress,
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost
}

/** Another server that is alive is registered under this one's address: the two would be one node that is there twice. */
export class ClusterAddressTaken extends Error {
  override readonly name = "ClusterAddressTaken"
  readonly address: string

  constructor(address: string) {
    super(
      `CLUSTER_ADDRESS=${address}: another server on the same database has this one, and is alive. Give each its own, by ` +
        "which the other nodes reach it."
    )
    this.address = address
  }
}

/** What other nodes have written would end here when it should not. */
export class ClusterClockDiffers extends Error {
  override readonly name = "ClusterClockDiffers"

  constructor(label: string, aheadMs: number) {
    super(
      `The clock of this machine is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? "ahead of" : "behind"} that of ` +
        `PostgreSQL at ${label}: rooms, offers and codes of all nodes would end too early or too late. Set both right, such as by NTP.`
    )
  }
}

/** There are nodes on this database with which this one cannot share shards: the two would be two clusters. */
export class ClusterDiffers extends Error {
  override readonly name = "ClusterDiffers"
  readonly node: string

  constructor(node: string, theirs: string, ours: string, leaseMs: number) {
    super(
      `The node ${node} on the same database has ${theirs}, and this server ${ours}: they cannot be one cluster. Start all ` +
        `with the same version and settings: the lease is CLUSTER_LEASE_MS, the pact CLUSTER_SECRET, which protocols are served where, and how nodes speak. A node that has died counts for up to ${Math.ceil(leaseMs / 1000)} s`
    )
    this.node = node
  }
}
