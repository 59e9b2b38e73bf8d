/** Every number of topic offers that is not configurable: its unit, its reason, and what zero would mean. */
export const offerLimits = {
  /** What one peer may have at one time; `bytes` of SDP. Zero would let nobody publish. */
  ofPeer: { offers: 200, bytes: 8 * 2 ** 20 },
  /** Milliseconds between two measurements of a full store. Zero would measure for every offer that is refused. */
  measureMs: 1_000,
  /** How often publishing is tried when somebody else has taken an id in that very moment. Zero would try once. */
  publishAttempts: 3,
  /** Ids that a filter is tested on at a time; others are served between two. Zero would find nothing. */
  filterPage: 500,
  /** A count of a topic's offers is known for so many milliseconds at most, as another process may have written. Zero would
   * count for every search. */
  countMs: 500,
  /** Topics whose counts are known at one time, of some 300 bytes each. Zero would know none. */
  countedTopics: 10_000,
  /** Peers whose answers are known at one time. Zero would read them at every poll. */
  polledPeers: 100_000,
  /** New peers of one address a minute, at once. Zero would be no limit. */
  registrationsPerMinute: 300,
  /** New offers of one address a minute: each of a request counts. Zero would be no limit. */
  offersPerMinute: 2_000,
  /** Searches of one address a minute: by topic, of topics, and of a peer's offers. Zero would be no limit. */
  searchesPerMinute: 1_000,
  /** Polls of one peer: a client polls once a second or less. Zero at once would be no limit. */
  polls: { perSecond: 50, atOnce: 150 },
  /** Credentials that are known to be right, of some 300 bytes each; then all are forgotten. Zero would open each anew. */
  knownCredentials: 20_000,
  /** Wrong secrets of an address that never rests, in a day, beyond so many at once. Zero would let nobody mistype. */
  wrongSecretsADay: 100,
  wrongSecretsAtOnce: 20
} as const
