/** Every number of the older sessions that is not configurable: its unit, its reason, and what zero would mean. */
export const sessionLimits = {
  /** Sessions of one bucket at one time. Zero would let nobody begin one. */
  ofBucket: 10_000,
  /** Bytes of offers, labels and candidates in one list of sessions, the newest of them: a client reads what it can use.
   * Zero would show one. */
  listBytes: 8 * 2 ** 20,
  /** New sessions of one address a minute, at once. Zero would be no limit. */
  newPerMinute: 240,
  /** Polls of one address a minute: a client polls once a second. Zero would be no limit. */
  pollsPerMinute: 3_000
} as const
