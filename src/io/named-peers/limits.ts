/**
 * Every number of named peers that is not configurable: its unit, its reason, and what zero or absence would mean. What
 * clients have to know is in src/wire/named-peers/numbers.ts, what concerns every protocol in src/limits.ts.
 */
export const namedPeersLimits = {
  /** Milliseconds in which a client must log in: people pick a name before they connect. Zero would let nobody in. */
  loginWithinMs: 30_000,
  /** Milliseconds in which a holder whose name somebody wants must give a sign of life: whoever wants it waits meanwhile.
   * Zero would give the names of the living away. */
  probeWithinMs: 2_000,
  /** Milliseconds in which a space must answer a login: a few times as long as it asks a holder. Zero would let nobody in. */
  answerWithinMs: 10_000,
  /** Milliseconds that a client that is sent away may take to close its socket: two round trips of a bad network. Zero would
   * cut everybody before they can read why. */
  cutAfterMs: 2_000,
  /** Names that one address may have at one time: a classroom behind one router. Zero would let nobody in. */
  namesOfAddress: 128,
  /** Events to everybody of one connection, at once and a second: each costs as many frames as there are peers. Zero at once
   * would be no limit. */
  announcements: { atOnce: 100, perSecond: 20 },
  /** Milliseconds that a client may go on sending too many frames before it is closed: those that are too many are lost
   * meanwhile. Zero would close it at once. */
  floodToleratedMs: 5_000,
  /** Milliseconds between two words about what was too much. Zero would answer every frame of a flood. */
  complaintMs: 1_000,
  /** Characters of `[0-9a-z]` that tell connections apart in the log: 51 bits. Zero would tell nobody apart. */
  peerIdLength: 10
} as const
