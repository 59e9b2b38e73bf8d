/** Every number of the cluster that is not configurable: its unit, its reason, and what zero would mean. */
export const clusterLimits = {
  // Who owns what

  /** Shares of all names, as many on all nodes: each node watches each of them. Zero would have no names. */
  shards: 32,
  /** Looks at the registry of nodes that may be missed before it is taken to be away. Zero would always take it to be. */
  missedLooks: 3,
  /** Looks at the clock in the time after which a node's locks may be another's, and how many of them are missed by a node that
   * has stood still: it asks for its locks a third of that time before they may be lost. Zero would look all the time, and take
   * every node to have stood still. */
  standstill: { looksPerLease: 12, missedLooks: 4 },
  /** Milliseconds that something said to an actor may wait for its owner: as long as a question may take. Zero would refuse
   * whatever is said while a shard moves. */
  patienceMs: 5_000,
  /** Milliseconds for which a question is remembered that another node has: as long as anybody waits for an answer. Zero would
   * let those wait for that long whose question was lost with its node. */
  answerMs: 10_000,
  /** Milliseconds between two looks at what waits. Zero would look all the time. */
  waitingLookMs: 50,
  /** Milliseconds in which nothing more is said to an owner that sends it back, unless there is another one before: less than
   * anything may wait. Zero would say it to a node that goes over and over again, until it is lost with that. */
  sentBackMs: 2_000,
  /** Milliseconds that the last owner of a shard may take to let through what was on its way to it: it answers at once, unless
   * it hangs. Zero would overtake it. */
  fenceMs: 1_000,
  /** Milliseconds in which all nodes say who belongs to the actors of a shard: longer than what is said to these may wait, so
   * that nobody is told of an actor that it is not there while those who belong to it are on their way. Zero would wait for
   * nobody, and partners would part. */
  gatherMs: 10_000,
  /** Milliseconds in which rooms are saved before their shard is given away, and between two looks whether they are. Zero
   * would leave them to the next owner half-saved. */
  release: { withinMs: 1_000, lookMs: 10 },

  /** Milliseconds that a node's clock may differ from the database's: half of the shortest life that anything has. Zero would
   * let nobody in. */
  clockMs: 30_000,

  // Passages

  /** Milliseconds in which a node says that it expects a connection, and in which that comes. Zero would pass nothing on.
   * And in which a client that is told to go reads that. Zero would cut it before. */
  passage: { awaitMs: 5_000, closingMs: 1_000 },

  // Channels

  /** Pings of a node in the time after which it is taken for gone: one or two may be late. Zero would ping nobody. */
  pingsPerLease: 3,
  /** What nodes speak to each other, raised with every change of it: nodes of two numbers do not speak. It is not the
   * package's version, so that a cluster can be renewed node by node. */
  channelVersion: 1,
  /** Refused dials in a row after which a process is taken for gone: one may be refused while it is being started. Zero would
   * take everybody for gone. */
  deadAfter: 3,
  /** Milliseconds for a dial, and as many for the greeting: some thousand times what both take within a network. Zero would
   * reach nobody. */
  dialMs: 1_000,
  greetingMs: 1_000,
  /** Milliseconds in which a node that was heard of is met: some dials and greetings. Zero would put actors together without
   * those of their members who are with a node that is about to be met, and their partners would part. */
  meetingMs: 3_000,
  /** Milliseconds until a node is dialled again: one that was there just now, so that a dead process is known in 0.1 s; one
   * that was not met; one that does not fit, which takes an operator to change. Zero would do nothing else. */
  againMs: { soon: 30, later: 250, unfit: 1_000 },
  /** Bytes that a node may say before it has proved itself: a greeting has some 500. Zero would greet nobody. */
  greetingBytes: 4 * 1024,
  /** Bytes of one message: what all who belong to 32 shards say in one moment has some 200 bytes each. Zero would let nothing pass. */
  messageBytes: 64 * 1024 * 1024,
  /** Unsent bytes towards one node at which its channel is given up, as nobody can hold back messages: it begins again with
   * what is true then. Zero would let nothing pass. */
  unsentBytes: 256 * 1024 * 1024,
  /** Characters of an id. Zero would name nobody. */
  idLength: 64,
  /** Bytes of frames that wait for a link that is not open here yet, before their sender is not read, and milliseconds after
   * which they go nowhere: the word of the link and the frames come from two nodes. Zero would lose the first frames. */
  early: { bytes: 64 * 1024, forMs: 5_000 }
} as const
