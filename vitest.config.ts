import { defineConfig } from "vitest/config"

/**
 * What is played again with actors that hear of each other late and in another order (see shuffledRegistry.ts). All other
 * outside tests can be: REGISTRY=shuffled npm run walks.
 */
const againShuffled = ["flights", "rooms", "returning", "discovery"].map(
  (name) => `tests/protocols/dropsilk/${name}.test.ts`
)

/**
 * What is played again by three servers that are one, each connection and request by the next of them: all that speaks to a
 * server from outside, but what each of several keeps by itself (ofOneServer.ts), the protocols' budgets, numbers and crashes
 * among it, which have files of their own.
 */
const againBySeveral = [
  ...["comingBack", "flights", "rooms", "wrongMoments"].map((name) => `client/${name}`),
  ...["cors", "guarding", "methods", "server"].map((name) => `core/http/${name}`),
  ...["clock", "haproxy", "repetition", "upgrade"].map((name) => `core/server/${name}`),
  ...["backPressure", "crowd", "discovery", "flights", "outage", "peers", "restart", "returning", "rooms", "session"]
    .concat(
      ["poll", "rooms", "trouble", "try", "turn", "uploads"].map((name) => `http/${name}`),
      "walks/walks"
    )
    .map((name) => `protocols/dropsilk/${name}`),
  ...["door", "mailbox", "peers", "relay", "rendezvous", "seats", "walks/walks"].map(
    (name) => `protocols/noisytransfer/${name}`
  ),
  ...["http", "login", "routing", "walks/walks", "webrtc"].map((name) => `protocols/named-peers/${name}`),
  ...["answering", "durable", "finding", "peers", "publishing", "searching", "walks/walks", "webrtc"].map(
    (name) => `protocols/rondevu/offers/${name}`
  ),
  ...["contract", "durable", "walks/walks", "webrtc"].map((name) => `protocols/rondevu/sessions/${name}`),
  "protocols/rondevu/tower",
  ...["endings", "http", "notices", "requests", "tokens", "walks/walks"].map((name) => `protocols/sfu/${name}`)
].map((name) => `tests/${name}.test.ts`)

/**
 * Alone, behind all others: a call of real browsers, where a picture that is late because of another test would count as
 * lost, and servers that fail, where one that is kept from running would count as dead.
 */
const byThemselves = ["tests/protocols/sfu/media/*.test.ts", "tests/soak/cluster.test.ts"]

export default defineConfig({
  test: {
    globalSetup: "tests/support/embeddedTemplate.ts",
    // Real servers, sockets and databases: files share two cores, so few at once. Many wait for a time to pass.
    maxWorkers: 4,
    // XState's development build tells of each event to an actor that has just ended: so ends every race between an
    // answer and a client that leaves.
    onConsoleLog: (line) => (line.includes("was sent to stopped actor") ? false : undefined),
    // On a busy machine; what comes sooner is not waited for.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 150_000,
    hookTimeout: 150_000,
    projects: [
      { extends: true, test: { name: "suite", include: ["tests/**/*.test.ts"], exclude: byThemselves } },
      { extends: true, test: { name: "shuffled", include: againShuffled, env: { REGISTRY: "shuffled" } } },
      { extends: true, test: { name: "several", include: againBySeveral, env: { CLUSTER_NODES: "3" } } },
      { extends: true, test: { name: "alone", include: byThemselves, sequence: { groupOrder: 1 }, maxWorkers: 1 } }
    ]
  }
})
