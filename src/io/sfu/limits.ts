/**
 * Every number of the SFU that is not configurable: its unit, its reason, and what zero or absence would mean. What clients
 * have to know is in src/wire/sfu/numbers.ts, what concerns every protocol in src/limits.ts.
 */
import { wireNumbers } from "../../wire/sfu/numbers.ts"

export const sfuLimits = {
  participant: {
    /** Milliseconds in which a client must join. Zero would let nobody in. */
    joinWithinMs: wireNumbers.joinWithinSeconds * 1000,
    /** Milliseconds in which the conference and the engine must answer: known clients wait 10 s. Zero would answer nobody. */
    answerWithinMs: 9_000,
    /** Milliseconds that a client that is sent away may take to close its socket: two round trips of a bad network. Zero would
     * cut everybody before they can read why. */
    cutAfterMs: 2_000,
    /** Milliseconds that notices of producers are held back at most. A client that sets up has its second transport in some
     * tenths of a second; one that only sends never makes it. Zero would lose what comes while a client sets up. */
    notices: { afterJoiningMs: 5_000, afterTransportMs: 1_000 },
    /** What one participant may have: a camera, a screen and a microphone each over their own transports, and what 49 others
     * send. Zero would let nobody do anything. */
    most: {
      transports: wireNumbers.transports,
      producers: wireNumbers.producers,
      consumers: wireNumbers.consumers
    }
  },
  /** Milliseconds that an empty conference keeps its router: whoever reloads the page finds it. Zero would make it anew each time. */
  lingerMs: 30_000,
  /** Milliseconds that another node may take to say which names are in use in a room of its own: it is a look. Zero would ask
   * nobody. */
  askTimeoutMs: 1_000,
  worker: {
    /** Deaths of a media worker that are taken for bad luck. Zero deaths would give it up at the first. */
    intensity: { deaths: 10, withinMs: 60_000 },
    /** Milliseconds that it stays dead: participants come back within a second or two, and find it running. */
    backOff: { firstMs: 100, longestMs: 1_000 },
    /** Milliseconds that one that dies again and again is left alone. Zero would go on starting it. */
    retryMs: 30_000
  },
  /** Milliseconds for which what the engine has used is remembered: metrics and pages ask as often as they like. */
  usageFreshMs: 1_000,
  /** Milliseconds for which bit rates are remembered, and how many transports are asked for at a time: each is a question to
   * a worker. Zero transports would show none. */
  rates: { freshMs: 2_000, transports: 200 },
  /** Characters of `[0-9a-z]` that tell participants and calls apart: 51 bits. Zero would tell nobody apart. */
  idLength: 10,
  /** The same of the suffix of a `userId` that is in use. */
  suffixLength: 4
} as const
