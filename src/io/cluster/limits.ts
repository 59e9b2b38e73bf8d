/** Every number of the cluster that is not configurable: its unit, its reason, and what zero would mean. */
export const clusterLimits = {
  /** What nodes speak to each other, raised with every change of it: nodes of two numbers do not speak. It is not the
   * package's version, so that a cluster can be renewed node by node. */
  channelVersion: 1,
  /** Refused dials in a row after which a process is taken for gone: one may be refused while it is being started. Zero would
   * bury everybody. */
  deadAfter: 3,
  /** Milliseconds for a dial, and as many for the greeting: some thousand times what both take within a network. Zero would
   * reach nobody. */
  dialMs: 1_000,
  greetingMs: 1_000,
  /** Milliseconds until a node is dialled again: one that was there just now, so that a dead process is known in 0.1 s; one
   * that was not met; one that does not fit, which takes an operator to change. Zero would do nothing else. */
  againMs: { soon: 30, later: 250, unfit: 1_000 },
  /** Bytes that a node may say before it has proved itself: a greeting has some 500. Zero would greet nobody. */
  greetingBytes: 4 * 1024,
  /** Bytes of one message: a shard's truth of 100,000 clients has some 20 MiB. Zero would let nothing pass. */
  messageBytes: 64 * 1024 * 1024,
  /** Unsent bytes towards one node at which its channel is given up, as nobody can hold back messages: it begins again with
   * what is true then. Zero would let nothing pass. */
  unsentBytes: 256 * 1024 * 1024,
  /** Characters of an id. Zero would name nobody. */
  idLength: 64,
  /** Lives that are known to be over. One is asked for until its process has heard of it or ended. Zero would bury
   * nobody. */
  buriedLives: 1_000,
  /** Bytes of frames that wait for a link that is not open here yet, before their sender is not read, and milliseconds after
   * which they go nowhere: the word of the link and the frames come from two nodes. Zero would lose the first frames. */
  early: { bytes: 64 * 1024, forMs: 5_000 }
} as const
