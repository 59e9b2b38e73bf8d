/** Every number of NoisyTransfer's that is not configurable: its unit, its reason, and what zero or absence would mean. */
export const noisyTransferLimits = {
  // Rooms

  /** Milliseconds that a connection waits for its room's answer: well over `contestMs`. Zero would wait for nobody. */
  askTimeoutMs: 10_000,
  /** Milliseconds in which whoever has a seat must give a sign of life when its own session wants it again: its client
   * waits meanwhile. Zero would take the seat from the living. */
  contestMs: 2_000,

  // Mailboxes

  /** What a client's next frames wait behind a replay of its mailbox: a `hello` of thirty bytes may bring thousands of
   * items, and megabytes. Zero for `leastMs` would make everybody wait who has a single item. */
  replay: { msPerItem: 1, bytesPerMs: 16 * 1024, leastMs: 10 },
  /** Unsent bytes beyond which a client is sent no second replay before it has read. Zero would wait for every byte. */
  replayUnsentBytes: 1024 * 1024,
  /** Items in all mailboxes together, of some 150 bytes each beside their payload. Zero would keep none. */
  mailboxesItems: 1_000_000,

  /** Bytes of one frame, and of one mailbox, where nodes say them to each other: both mailboxes of a room, written as JSON in
   * JSON, must fit into one message of 64 MiB. Zero would let no node serve it. */
  betweenNodes: { payloadBytes: 16 * 1024 * 1024, mailboxBytes: 8 * 1024 * 1024 },

  // Codes

  /** Wrong codes of an address that never rests, in a day, beyond so many at once. Zero would let nobody mistype. */
  wrongCodesADay: 100,
  wrongCodesAtOnce: 20,
  /** New codes have more digits once so many are live: a guess is right once in ten, once in ten again, and rarely then. Zero
   * would make all of them long. */
  liveCodes: { ofFourDigits: 1_000, ofSixDigits: 100_000 },
  /** So many wrong codes of everybody, within so many milliseconds, are people who guess: new codes have six digits then. */
  alarm: { wrongCodes: 300, withinMs: 10 * 60_000 },
  /** Codes that are drawn before longer ones are: of the short ones a tenth is live, and more may have been redeemed. Zero
   * would mint none. */
  drawsOfALength: 8,
  /** Seconds until the database may answer again, as clients are told. Zero would let them ask all the time. */
  retryAfterSeconds: 5,
  /** Milliseconds in which the database must answer for the protocol to count as ready, and that an answer is good for. Zero
   * would never be ready. */
  readiness: { timeoutMs: 1_000, freshMs: 1_000 },

  // Metrics

  /** Different words for how two are connected that are counted by themselves. Zero would count all as `other`. */
  modes: 32
} as const
