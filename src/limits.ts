/**
 * Every number that is not configurable, in one screen: its unit, its reason, and what zero or absence would mean.
 * What an operator may set is in config.ts.
 */
export const limits = {
  // HTTP requests

  /** Bytes of one request body. A room's name or readiness fits a few times over; zero would refuse every body. */
  requestBodyBytes: 64 * 1024,
  /** Milliseconds for a request's headers to arrive. Zero would let a trickling client hold a socket for ever. */
  requestHeadersTimeoutMs: 10_000,
  /** Milliseconds for a whole request to arrive. Zero would mean no limit. */
  requestTimeoutMs: 30_000,
  /** Milliseconds an idle kept-alive socket stays open: longer than the usual 60 s of load balancers, which would
   * otherwise send a request into a socket that is just closing. Zero would mean for ever. */
  keepAliveTimeoutMs: 65_000,
  /** Milliseconds between two looks whether the TLS certificate has been renewed, which happens weeks before the old
   * one ends. Zero would look all the time. */
  certificateCheckMs: 5_000,
  /** Entries of X-Forwarded-For that are looked at, from the right. Real chains have a handful; zero would believe
   * no header at all. */
  forwardedEntries: 32,

  // TCP connections

  /** Connections that wait to be accepted, as far as the system lets them (on Linux net.core.somaxconn): when thousands come
   * back at once, one that finds no place tries again after 1, 3 and 7 s (RFC 6298 2.1). Zero would leave it to Node: 511. */
  backlog: 16_384,

  // WebSocket connections

  /** Bytes of one connection's frames that wait behind an attach before its socket is paused. Zero would pause it
   * at every attach. */
  heldFramesBytes: 64 * 1024,
  /** Unsent bytes towards one client at which whoever sends to it is paused. Zero would pause after every frame. */
  backPressureHighBytes: 1024 * 1024,
  /** Unsent bytes at which the sender is resumed: well under the above, so that it is not paused and resumed for
   * every frame. Zero would wait until all is sent. */
  backPressureLowBytes: 256 * 1024,
  /** Milliseconds a client may stay above the low mark before it is closed as hopeless. Zero would close at once. */
  slowReaderTimeoutMs: 30_000,
  /** Milliseconds in which a client whose seat somebody wants must give a sign of life: a phone may need some seconds to
   * wake, or to change its network. Zero would end it before its answer can come. */
  probeTimeoutMs: 10_000,
  /** Pieces in which one message may come, at the default MAX_PAYLOAD_BYTES: fragments (RFC 6455 5.4), and TCP chunks of a
   * frame that is incomplete. 1 MiB in pieces of 256 bytes, half of the smallest segment a network need carry (536 bytes,
   * RFC 9293 3.7.1). Zero would mean no limit, and a byte at a time costs some hundred bytes of memory each. See `piecesFor`. */
  pieces: 4096,

  // Rooms and flights

  /** Milliseconds that HTTP or a connection waits for a room's answer. Zero would never wait for the database. */
  askTimeoutMs: 10_000,
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
  /** Milliseconds to which deadlines are rounded up, so that thousands share one timer. Zero would give each its
   * own. */
  deadlineResolutionMs: 25,
  /** Codes that are tried for a new room before giving up; of 32^6 codes, even with a million rooms one in a thousand
   * is taken. Zero would make no room at all. */
  roomCodeAttempts: 8,

  // The database

  /** Milliseconds that migrations wait for somebody else's lock: another migration takes a second or two. Zero would wait
   * for ever, also for a lock that nobody will give back. */
  migrationLockTimeoutMs: 30_000,
  /** How often a new connection's first statements are tried when the database's own time limit ends them; such a limit
   * may be a millisecond. Zero is not a number of attempts. */
  sessionAttempts: 20,
  /** Milliseconds of a database's own limit for a statement below which the server does not start, where it cannot lift it:
   * ours take some milliseconds each, on a busy machine some tens. Zero would start with any. */
  shortestStatementTimeoutMs: 500,
  /** Milliseconds for telling the database to end a statement. Zero would tell it nothing. */
  cancelTimeoutMs: 1_000,

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

  /** Connections that come within `gapMs` milliseconds of each other are a rush: networks are told of them when nobody comes
   * any more, `sliceMs` of work in a turn of the event loop, or when they have waited for `patienceMs`. Zero for `gapMs` would
   * list everybody at once, and let others wait at the door meanwhile. */
  rush: { gapMs: 1, sliceMs: 2, patienceMs: 1_000 },

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

  // Third parties (Cloudflare, reCAPTCHA)

  /** Milliseconds for one question to a third party, retries included: a person waits for the answer. Zero would ask
   * nobody. */
  thirdPartyTimeoutMs: 5_000,
  /** How often a question is asked again after a 5xx or a network error. Zero would give up at the first. */
  thirdPartyRetries: 2,
  /** Milliseconds before the first retry, jittered, doubled for each further one. Zero would ask again at once. */
  thirdPartyRetryMs: 200,
  /** Seconds that Cloudflare's TURN credentials are good for, as clients are used to. Zero would give none. */
  cloudflareCredentialsSeconds: 3600,
  /** Milliseconds that all clients share such credentials: a sixth of their life, so that everybody's last for 50 minutes
   * at least. Zero would ask for each client, and pay. */
  cloudflareSharedMs: 10 * 60_000,
  /** Milliseconds that a failure is shared before Cloudflare is asked again. Zero would ask for each client. */
  cloudflareFailedMs: 5_000,

  // Previews and timed jobs

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
  /** Milliseconds before a failed job is tried again, doubled for each further failure. Zero would never pause. */
  jobBackOffMs: 10_000,
  /** Milliseconds that these doublings end at. Zero would never pause. */
  jobLongestBackOffMs: 15 * 60_000,

  // Health

  /** Milliseconds in which the database must answer for the server to count as ready: orchestrators themselves wait
   * for a second or more. Zero would never be ready. */
  readinessTimeoutMs: 1_000,
  /** Milliseconds that an answer is good for: however many ask, the database is asked once. Zero would ask it for each. */
  readinessFreshMs: 1_000,

  // The log

  /** Characters of one log line: a flight's story has some 10,000 at most. Zero would write no fields at all. */
  logLineUnits: 64 * 1024,
  /** Lines of one message a minute, and at once. Zero would write all of them.
   * `ofClient`: that one connection brings about; people do a few things a minute.
   * `ofAddress`: of one address; a classroom opens its pages at one moment.
   * `ofAll`: of everybody; some 10 GB a day of all messages, if it never ends.
   * `ofRequests`: of what a single request is enough for, such as a wrong key for the log. */
  linesAMinute: { ofClient: 20, ofAddress: 300, ofAll: 6000, ofRequests: 60 },
  /** Milliseconds after which it is told how many lines were left out. Zero would tell of each. */
  omittedLinesMs: 60_000,
  /** Characters of log lines that wait for whoever reads them; more are lost. Zero would lose all. */
  logWaitingUnits: 1024 * 1024,
  /** Milliseconds until a reader that takes no more is tried again. Zero would do nothing else. */
  logRetryMs: 100,
  /** Milliseconds that a process that ends gives its last lines. Zero would lose them. */
  logFarewellMs: 500,

  // The tower page

  /** Watchers at one time: some people and a screen on a wall. Zero would let nobody watch. */
  watchers: 8,
  /** Milliseconds between two updates at least: eyes need no more. Zero would leave it to `watchRest` alone. */
  watchIntervalMs: 500,
  /** An update is followed by a pause so many times as long as making it took: a hundredth of a core at most, of two
   * that one watcher may cost with all the rest. Zero would leave it to `watchIntervalMs` alone. */
  watchRest: 100,
  /** Flights, and rooms, that are shown of each end: a long page, and some 8 KB an update. Zero would show totals
   * only. */
  watchRows: { newest: 30, oldest: 10 },
  /** Flights that were shown and whose story can still be asked for. Zero would tell no story. */
  watchRemembered: 1_000,
  /** Events shown of one update, the newest; the others are counted. Zero would only count. */
  watchEvents: 50,
  /** Newest crashes that are kept, watched or not. Zero would only count them. */
  watchCrashes: 20,
  /** Bytes that wait to be read by one watcher before it is dropped: many updates. Zero would drop everybody. */
  watchUnreadBytes: 512 * 1024,
  /** Milliseconds of silence before a watcher is sent a sign of life, well under the usual 60 s of proxies. Zero would
   * send one with every look. */
  watchSilenceMs: 15_000,
  /** Milliseconds that a stopping server gives a watcher to read the last word. Zero would cut everybody off. */
  watchFarewellMs: 500,

  // Abuse

  /** Addresses, or participants, that one budget remembers, of some 100 bytes each. For one more the one that has not
   * been heard of for longest is forgotten. Zero would remember none, and refuse nobody. */
  budgetKeys: 100_000,
  /** Wrong codes of an address that never rests, in a day, beyond so many at once. With 1,000 live flights among 32^6
   * codes that is 0.0024 hits a day; see docs/security.md. Zero would let nobody mistype. */
  guessesADay: 2_400,
  guessesAtOnce: 200,
  /** Milliseconds after which a connection that goes gives back the upgrade it has cost: a whole network may come back at
   * once when its proxy or ours was restarted. Holding all it may hold for so long, an address opens 17 a second. Zero would
   * let everybody open and drop connections without end. */
  stayMs: 30_000,
  /** Frames beyond its budget that a client may have on their way when it is told to go, in what it may send at once; for
   * one more it is cut off. Zero would cut off everybody who is told to go. */
  frameBurstsInFlight: 20,
  /** Frames that a connection may send at once, in seconds of what it may send in the long run: an offer with its
   * candidates comes in one burst. Zero would let nobody send two frames in a row. */
  frameBurstSeconds: 5,
  /** Polls of one participant at once, in seconds of what it may ask in the long run: a page that was asleep asks for all
   * it has missed. Zero would refuse every poll. */
  pollBurstSeconds: 12,
  /** Requests of one address at once, in seconds of what it may ask in the long run. Zero would refuse every request. */
  requestBurstSeconds: 5,
  /** Invitations from one connection to another, at once and a second: who is not answered asks again a few times. And
   * from one address to one connection, so that nobody comes anew for more: a classroom may invite its teacher. Zero at
   * once would be no limit. */
  invitations: { ofPair: { atOnce: 5, perSecond: 0.2 }, ofAddress: { atOnce: 60, perSecond: 1 } },
  /** Milliseconds between two log lines about the same address and budget. Zero would let a flood fill the log. */
  refusalLineMs: 60_000,
  /** Refused origins that are kept for the tower page, of up to 300 characters each, and their settings, which hold all
   * of ALLOWED_ORIGINS. Zero would keep one. */
  refusedOrigins: 20,
  /** Refused origins that one address may add to those, and to the log, in a minute: a page has one, a developer a few.
   * Zero would be no limit. */
  refusedOriginsAMinute: 10,

  // Shutdown

  /** Clients that are told of a shutdown at a time, or more where `batches` are not enough; `everyMs` lies between two
   * batches on average, and each pause is between half and one and a half of that. So 5,000 clients hear of it over 4 s. Zero
   * for `everyMs` would tell all at once, and they would come back at once. */
  farewells: { size: 50, batches: 40, everyMs: 100 },
  /** Share of SHUTDOWN_TIMEOUT_MS that all pauses take at most. Zero would tell all at once. */
  farewellShare: 0.5,

  // Supervision

  /** Milliseconds that a supervisor whose children crash too often stays suspended. Zero would let them crash on. */
  suspensionMs: 5_000
} as const

/**
 * In how many pieces a message may come when one of `maxPayloadBytes` is allowed: one for every 256 bytes, and never fewer
 * than `limits.pieces`.
 */
export const piecesFor = (maxPayloadBytes: number): number => Math.max(limits.pieces, Math.ceil(maxPayloadBytes / 256))
