/**
 * Every number of the core that is not configurable: its unit, its reason, and what zero or absence would mean. What an
 * operator may set is in config.ts; each protocol has its own numbers beside it.
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
  /** Milliseconds between two looks for requests that are too slow: how late a 408 may come. Zero would look all the time. */
  timeoutCheckMs: 1_000,
  /** For so many seconds browsers use https only, once they have: half a year. Said only where this server itself speaks it.
   * Zero would tell them to forget it. */
  secureForSeconds: 15_552_000,
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
  /** Of so many frames one is measured: two looks at the clock cost a tenth of what relaying a frame does. Zero is not a
   * number of frames. */
  relaySample: 64,
  /** Connections that come within `gapMs` milliseconds of each other are a rush: what can wait is done when nobody comes
   * any more, `sliceMs` of work in a turn of the event loop, or when it has waited for `patienceMs`. Zero for `gapMs` would
   * do it at once, and let others wait at the door meanwhile. */
  rush: { gapMs: 1, sliceMs: 2, patienceMs: 1_000 },

  // Deadlines

  /** Milliseconds to which deadlines are rounded up, so that thousands share one timer. Zero would give each its
   * own. */
  deadlineResolutionMs: 25,
  /** Slots of the timer wheel: 13 s at the above, which most deadlines are within; one that is not is looked at once in a
   * turn of the wheel. Zero is not a number of slots. */
  deadlineSlots: 512,
  /** Milliseconds between the two clocks that are a jump; less is how clocks are corrected. Zero would take every
   * correction for a jump. */
  clockJumpMs: 100,

  // The database

  /** Milliseconds to connect and log in; a client waits for its answer meanwhile. Zero would wait for ever. */
  connectTimeoutMs: 5_000,
  /** Milliseconds a statement may run, told to PostgreSQL, or behind a pooler kept by cancelling it. Each of ours touches one
   * row by its key, or a few by an index. Zero would mean no limit. */
  statementTimeoutMs: 5_000,
  /** Milliseconds until we stop waiting for an answer: longer than the above, for a server that has gone without a word.
   * Zero would wait for ever. */
  answerTimeoutMs: 8_000,
  /** Milliseconds a connection on its way out may take to say goodbye; whoever met the failure waits for that. Zero would
   * cut it off. */
  goodbyeTimeoutMs: 1_000,
  /** Milliseconds after which a spare connection is closed. Zero would keep none. */
  spareConnectionMs: 60_000,
  /** Milliseconds after which a busy connection is replaced, so that a moved database is found and memory given back. Zero
   * would replace it after each use. */
  connectionAgeMs: 30 * 60_000,
  /** Connections to PostgreSQL, unless told otherwise: hosted databases often allow some twenty in all. Zero would ask
   * nothing. */
  poolSize: 10,
  /** Bytes of the disk that the embedded database leaves alone: four segments of its write-ahead log. When the next one
   * cannot be made, PostgreSQL gives up; inside this process it then turns in a circle for ever, and everything else in the
   * process with it. Zero would let it come to that. */
  spareBytes: 4 * 16 * 2 ** 20,
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

  // Several servers as one

  /** Milliseconds in which a node must be registered, or does not start. Zero would start none. */
  joiningMs: 15_000,
  /** Milliseconds in which a node that must let go of a shard may finish with it; everybody who needs the shard waits
   * meanwhile. Zero would give it away at once. */
  shardReleaseMs: 1_000,
  /** Milliseconds before a node asks again who owns a shard: twice as long each time, up to `mostMs`, while nobody does, as when
   * the database is away. Zero would ask all the time. */
  shardRetry: { leastMs: 50, mostMs: 500 },
  /** Milliseconds in which the engine takes itself out of the registry and ends its connections, before a node goes without
   * that. Zero would leave the others to find out. */
  engineLeaveMs: 5_000,
  /** In leases: how often whoever watches a shard is told who owns it, and after how long without an answer, or without
   * another word, it asks anew. Zero would tell it all the time, and never wait. */
  shardWatch: { everyLeases: 2, unansweredLeases: 2, silentLeases: 5 },
  /** Milliseconds to reach another node's engine. Zero would reach nobody. */
  nodeDialMs: 1_000,
  /** Bytes of one message between engines; theirs have some hundred. Zero would refuse them all. */
  engineFrameBytes: 64 * 1024,

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

  // Timed jobs

  /** Milliseconds before a failed job is tried again, doubled for each further failure. Zero would never pause. */
  jobBackOffMs: 10_000,
  /** Milliseconds that these doublings end at. Zero would never pause. */
  jobLongestBackOffMs: 15 * 60_000,

  /** Characters of `[0-9a-z]` that tell users of a TURN server apart in its log: 51 bits. Zero would tell nobody apart. */
  turnUserIdLength: 10,

  // Health

  /** Milliseconds in which the database must answer for the server to count as ready: orchestrators themselves wait
   * for a second or more. Zero would never be ready. */
  readinessTimeoutMs: 1_000,
  /** Milliseconds that an answer is good for: however many ask, the database is asked once. Zero would ask it for each. */
  readinessFreshMs: 1_000,

  // The log

  /** Characters of one log line: a flight's story has some 10,000 at most. Zero would write no fields at all. */
  logLineUnits: 64 * 1024,
  /** UTF-16 units of an error's message that a line shows: a stack of words says enough. Zero would show none. */
  logErrorUnits: 500,
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
  /** Milliseconds between two writes of log lines. Whoever reads along does not notice so many, and a crowd's lines share
   * one system call. Zero would write every moment's for themselves. */
  logGatherMs: 20,
  /** Milliseconds until a reader that takes no more is tried again. Zero would do nothing else. */
  logRetryMs: 100,
  /** Milliseconds that a process that ends gives its last lines. Zero would lose them. */
  logFarewellMs: 500,
  /** Milliseconds that the last traces may take on their way out. Zero would lose them. */
  tracesFarewellMs: 1_000,

  // The greeting of a server that starts

  /** Addresses of this machine, and allowed origins, that it names: machines with containers have dozens. Zero would name
   * none. */
  greeting: { addresses: 4, origins: 2 },

  // The tower page

  /** Watchers at one time: some people and a screen on a wall. Zero would let nobody watch. */
  watchers: 8,
  /** Milliseconds between two updates at least: eyes need no more. Zero would leave it to `watchRest` alone. */
  watchIntervalMs: 500,
  /** An update is followed by a pause so many times as long as making it took: a hundredth of a core at most, of two
   * that one watcher may cost with all the rest. Zero would leave it to `watchIntervalMs` alone. */
  watchRest: 100,
  /** Rows of each list that are shown of each end: a long page, and some 8 KB an update. Zero would show totals
   * only. */
  watchRows: { newest: 30, oldest: 10 },
  /** Actors that were shown and whose story can still be asked for. Zero would tell no story. */
  watchRemembered: 1_000,
  /** Events shown of one update, the newest; the others are counted. Zero would only count. */
  watchEvents: 50,
  /** Newest crashes that are kept, watched or not. Zero would only count them. */
  watchCrashes: 20,
  /** Bytes that wait to be read by one watcher before it is dropped: many updates. Zero would drop everybody. */
  watchUnreadBytes: 512 * 1024,
  /** Milliseconds between two readings of how the server is: some 500 bytes each, by which watchers know as well that the
   * stream lives. Zero would read with every look. */
  watchVitalsMs: 2_000,
  /** Milliseconds between two looks at how late the event loop is, while somebody watches. Zero is not a resolution. */
  watchDelayResolutionMs: 20,
  /** Milliseconds until the tower is looked at again that could not be read. Zero would fill the log. */
  watchFaultMs: 15_000,
  /** Newest connections whose address is explained when somebody asks. Zero would explain none. */
  watchClients: 200,
  /** Milliseconds after which a page whose stream was cut asks again. Zero would ask all the time. */
  watchRetryMs: 2_000,
  /** Seconds after which somebody may try again: when the server that stops has a successor, and when one of `watchers` may
   * have gone. Zero would let it ask all the time. */
  watchAgain: { whenStopping: 5, whenFull: 15 },
  /** Milliseconds that a stopping server gives a watcher to read the last word. Zero would cut everybody off. */
  watchFarewellMs: 500,

  // Abuse

  /** Addresses, or participants, that one budget remembers, of some 100 bytes each. For one more the one that has not
   * been heard of for longest is forgotten. Zero would remember none, and refuse nobody. */
  budgetKeys: 100_000,
  /** Milliseconds in which a key of a budget that is used again keeps its place among those that are forgotten first: to
   * move it costs more than to count. Zero would move it every time. */
  budgetKeysOrderedMs: 1_000,
  /** Those that are looked at for forgetting, each time that one is heard of: more than are ever added. One would let their
   * number grow. */
  budgetKeysForgotten: 2,
  /** Milliseconds after which somebody with too many connections may have fewer. Zero would let it ask all the time. */
  connectionsWaitMs: 10_000,
  /** Milliseconds after which a connection that goes gives back the upgrade it has cost: a whole network may come back at
   * once when its proxy or ours was restarted. Holding all it may hold for so long, an address opens 17 a second. Zero would
   * let everybody open and drop connections without end. */
  stayMs: 30_000,
  /** Milliseconds between two words to a client that is told of sending too many frames, and of stillness after which it
   * begins anew. Zero would answer every frame. */
  floodPauseMs: 1_000,
  /** Frames beyond its budget that a client may have on their way when it is told to go, in what it may send at once; for
   * one more it is cut off. Zero would cut off everybody who is told to go. */
  frameBurstsInFlight: 20,
  /** Frames that a connection may send at once, in seconds of what it may send in the long run: an offer with its
   * candidates comes in one burst. Zero would let nobody send two frames in a row. */
  frameBurstSeconds: 5,
  /** Requests of one address at once, in seconds of what it may ask in the long run. Zero would refuse every request. */
  requestBurstSeconds: 5,
  /** Milliseconds between two log lines about the same address and budget. Zero would let a flood fill the log. */
  refusalLineMs: 60_000,
  /** UTF-16 units of an origin. A host name has 253 at most (RFC 1035 2.3.4); longer headers would only feed the pattern.
   * Zero would know no origin. */
  originUnits: 300,
  /** UTF-16 units that are shown of what is no origin. Zero would show none. */
  noOriginUnits: 100,
  /** Origins whose answer is kept, so that polls do not parse the same header every second. Zero would keep none. */
  rememberedOrigins: 1_000,
  /** Refused origins that are kept for the tower page, of up to 300 characters each, and their settings, which hold all
   * of ALLOWED_ORIGINS. Zero would keep one. */
  refusedOrigins: 20,
  /** Refused origins that one address may add to those, and to the log, in a minute: a page has one, a developer a few.
   * Zero would be no limit. */
  refusedOriginsAMinute: 10,

  // Shutdown

  /** Clients that are told of a shutdown at a time, or more where `batches` are not enough; `everyMs` lies between two
   * batches. So 5,000 clients hear of it over 4 s. With DRAIN_SECONDS there are as many batches as fit into those, and
   * `everyMs` is the least between two. Zero for `everyMs` would tell all at once, and they would come back at once. */
  farewells: { size: 50, batches: 40, everyMs: 100 },
  /** Share of SHUTDOWN_TIMEOUT_MS that all pauses take at most. Zero would tell all at once. */
  farewellShare: 0.5,
  /** Milliseconds within which clients that go over DRAIN_SECONDS are asked to come back, each after a time of its own. Zero
   * would have each batch come back in one moment. */
  comeBackWithinMs: 1_000,
  /** Seconds after which, at most, whoever is refused a socket by a server that goes is asked to try again. */
  retryUpgradeSeconds: 5,
  /** Milliseconds within which a second signal is taken for the first one: whoever starts the server hands on what the
   * whole group is sent. */
  sameSignalMs: 1_000,

  // Supervision

  /** Milliseconds that a supervisor whose children crash too often stays suspended. Zero would let them crash on. */
  suspensionMs: 5_000
} as const

/**
 * In how many pieces a message may come when one of `maxPayloadBytes` is allowed: one for every 256 bytes, and never fewer
 * than `limits.pieces`.
 */
export const piecesFor = (maxPayloadBytes: number): number => Math.max(limits.pieces, Math.ceil(maxPayloadBytes / 256))
