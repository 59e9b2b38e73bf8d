/** What a cluster's numbers are, where no operator sets them. */
export const clusterLimits = {
  /** Shares of all names: each node watches each of them, and a node more takes a share from each other one. */
  shards: 32,
  /** How long something said to an actor may wait for its owner. */
  patienceMs: 5_000,
  /** How often what waits is looked at. */
  lookMs: 50,
  /** How long the last owner of a shard may take to let through what was on its way to it. */
  fenceMs: 1_000,
  /** How long the other nodes may take to say who belongs to the actors of a shard. */
  gatherMs: 3_000,
  /** How long what is kept may take to be saved before a shard is given away, and how often it is looked at. */
  releaseMs: 1_000,
  releaseLookMs: 10
} as const
