/**
 * Every number of DropSilk's that is not configurable: its unit, its reason, and what zero or absence would mean.
 * What an operator may set is in config.ts, what concerns every protocol in limits.ts.
 */
export const dropSilkLimits = {
  // Rooms and flights

  /** Milliseconds that HTTP or a connection waits for a room's answer. Zero would never wait for the database. */
  askTimeoutMs: 10_000,
  /** Milliseconds that another node may take to say whether somebody has a socket there. Zero would find nobody there. */
  aroundTimeoutMs: 1_000,
  /** Milliseconds after which a room nobody speaks to stops being an actor; its row remains. Zero would load it from
   * the database at every poll (clients poll once a second). */
  roomRestMs: 60_000,
  /** Milliseconds after which a room that could not save tries again by itself. Zero would try without end. */
  roomRetryMs: 5_000,
  /** An owed extension of a room's life is written once it has moved by this share of the lifetime, so a crash costs
   * a room at most this share. Zero would write at every poll. */
  touchShare: 0.1,
  /** Milliseconds without a word after which a participant without a seat gives way to somebody of the same address, if no
   * socket of its name is there: clients poll once a second. Zero would let anybody there push others out. */
  reloadSilenceMs: 5_000,
  /** The same for everybody: a page in the background polls once a minute. Zero would let strangers push others out. */
  goneSilenceMs: 90_000,
  /** Participants of one room who may come back at a time: of more the newest. Zero would let nobody come back. */
  returners: 8,
  /** Codes that are tried for a new room before giving up; of 32^6 codes, even with a million rooms one in a thousand
   * is taken. Zero would make no room at all. */
  roomCodeAttempts: 8,

  // Networks

  /** Bytes of lists that one network is sent a second in the long run. Zero would send none. */
  listBytesPerSecond: 1_000_000,
  /** Milliseconds in which everybody on a network can be sent one list: with what newcomers are sent, and with late timers,
   * a change is seen by all within 5 s. Lists that are too long for that, of more than some 250 clients, are cut to those
   * who have come or changed last: 62 among 1,000. Zero would show one client at most. */
  listRoundMs: 3_000,
  /** Bytes of lists that go out at once: a fifth of a second's. Zero would send none. */
  listTurnBytes: 200_000,
  /** Clients of one network from which on a newcomer's own list waits for the next turn: to put one together takes a
   * look at everybody. Zero would let everybody wait. */
  networkCrowd: 2_048,

  // Flight stories

  /** Milliseconds after which a story is told although its flight goes on, as operators are used to. Zero would tell
   * every story at once. */
  storyStaleMs: 2 * 60 * 60_000,
  /** Stories at one time, of some 3 KB each: as many as 20,000 connections in pairs need. For one more the oldest is
   * told as it is. Zero would tell every story too early. */
  stories: 10_000,
  /** Participants, and entries of the timeline, that one story keeps: a client that attaches again and again must not
   * make it grow for ever. Zero would keep none. */
  storyEntries: 32,

  // Previews

  /** Milliseconds for one question to UploadThing: shorter than SHUTDOWN_TIMEOUT_MS, as a stopping server waits for
   * it. Zero would ask nothing. */
  uploadThingTimeoutMs: 8_000,
  /** Previews that are deleted with one question. Zero would delete none. */
  previewBatch: 100,
  /** Batches that may fail one after the other before a cleanup gives up. Zero would not begin. */
  previewFailedBatches: 3,
  /** Files in one of UploadThing's lists, and lists that are read at most to see which files are still there: the
   * free plan keeps 2 GB, at 64 MB or less a preview. Zero would find none. */
  previewListing: { files: 500, pages: 100 },

  // Abuse

  /** Wrong codes of an address that never rests, in a day, beyond so many at once. With 1,000 live flights among 32^6
   * codes that is 0.0024 hits a day; see docs/security.md. Zero would let nobody mistype. */
  guessesADay: 2_400,
  guessesAtOnce: 200,
  /** Polls of one participant at once, in seconds of what it may ask in the long run: a page that was asleep asks for all
   * it has missed. Zero would refuse every poll. */
  pollBurstSeconds: 12,
  /** Invitations from one connection to another, at once and a second: who is not answered asks again a few times. And
   * from one address to one connection, so that nobody comes anew for more: a classroom may invite its teacher. Zero at
   * once would be no limit. */
  invitations: { ofPair: { atOnce: 5, perSecond: 0.2 }, ofAddress: { atOnce: 60, perSecond: 1 } }
} as const
