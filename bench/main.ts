/**
 * `npm run bench`: what silktower costs, compared with a bare server in the same run. `-- --help` tells its flags.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { commandLineOf, oneOf, switchFlag, valueFlag, valueFlagOr } from "../src/config/commandLine.ts"
import { type BenchDatabase, createDatabase, hasPostgres } from "./database.ts"
import { connect, flight, idleMemory } from "./figures/connections.ts"
import { crowd } from "./figures/crowd.ts"
import { deploy } from "./figures/deploy.ts"
import { inspect } from "./figures/inspect.ts"
import { login, namedPeers } from "./figures/namedPeers.ts"
import { network } from "./figures/network.ts"
import { idleNode, nodeFlights, nodeRelay } from "./figures/nodes.ts"
import { noisyTransfer, rendezvous } from "./figures/noisyTransfer.ts"
import { latency, relay } from "./figures/relay.ts"
import { offerCrowd, offerPolls, offerSearch } from "./figures/rondevuOffers.ts"
import { sessionPolls } from "./figures/rondevuSessions.ts"
import { createAndJoin, poll, writes } from "./figures/rooms.ts"
import { sfu } from "./figures/sfu.ts"
import { slowReader } from "./figures/slowReader.ts"
import { start } from "./figures/start.ts"
import { tower } from "./figures/tower.ts"
import { pinLoad } from "./pinning.ts"
import { figureLine, type KeptFigure, table, withFigures, withNewest } from "./report.ts"
import { type Figure, overRuns } from "./rounds.ts"
import { startNodes, startServer } from "./servers.ts"
import { type DatabaseKind, fullSize, quickSize, type Setting, type Size } from "./setting.ts"

interface Part {
  readonly measure: (setting: Setting) => Promise<readonly Figure[]>
  /** Also on the embedded database where there is a PostgreSQL. */
  readonly onBoth: boolean
  /** Measured once in a whole run of three: long, or without chance in it. */
  readonly once?: boolean
}

const parts: Readonly<Record<string, Part>> = {
  relay: { measure: relay, onBoth: false },
  latency: { measure: latency, onBoth: false },
  poll: { measure: poll, onBoth: true },
  rooms: { measure: createAndJoin, onBoth: false },
  flight: { measure: flight, onBoth: false },
  connect: { measure: connect, onBoth: false },
  network: { measure: network, onBoth: false, once: true },
  deploy: { measure: deploy, onBoth: false },
  crowd: { measure: crowd, onBoth: false, once: true },
  noisyTransfer: { measure: noisyTransfer, onBoth: false },
  rendezvous: { measure: rendezvous, onBoth: false },
  namedPeers: { measure: namedPeers, onBoth: false },
  login: { measure: login, onBoth: false },
  rondevuPolls: { measure: offerPolls, onBoth: true },
  rondevuSearch: { measure: offerSearch, onBoth: false },
  rondevuCrowd: { measure: offerCrowd, onBoth: true, once: true },
  rondevuSessions: { measure: sessionPolls, onBoth: true },
  nodeRelay: { measure: nodeRelay, onBoth: false },
  nodeFlights: { measure: nodeFlights, onBoth: false },
  idleNode: { measure: idleNode, onBoth: false, once: true },
  sfu: { measure: sfu, onBoth: false },
  memory: { measure: idleMemory, onBoth: false },
  tower: { measure: tower, onBoth: false, once: true },
  slowReader: { measure: slowReader, onBoth: false, once: true },
  inspect: { measure: inspect, onBoth: false },
  start: { measure: start, onBoth: true },
  writes: { measure: writes, onBoth: false, once: true }
}

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

const options = await commandLineOf({
  command: "npm run bench --",
  purpose: "Measures what silktower costs, compared with a bare server in the same run.",
  flags: {
    quick: switchFlag("A short look, for no figures to quote"),
    write: switchFlag("Measures three times and puts the figures into docs/performance.md"),
    only: valueFlagOr(Object.keys(parts), {
      placeholder: "NAMES",
      description: "Some figures only, separated by commas, such as relay,poll",
      expected: `some of ${Object.keys(parts).join(", ")}, separated by commas`,
      read: (text) => {
        const given = text.split(",")
        return given.every((name) => Object.hasOwn(parts, name)) ? given : undefined
      }
    }),
    database: valueFlag({ ...oneOf(["embedded"]), placeholder: "embedded", description: "Leaves PostgreSQL alone" })
  }
})
const names = options.only
if (options.write && (options.quick || options.database !== undefined)) {
  fail("--write: expected neither --quick nor --database with it, as the page is for figures to quote")
}

/** Runs one part on databases of its own, which are removed whatever happens. */
const measure = async (part: Part, database: DatabaseKind, size: Size): Promise<readonly Figure[]> => {
  const databases: BenchDatabase[] = []
  const directory = await mkdtemp(join(tmpdir(), "silktower-bench-"))
  try {
    return await part.measure({
      size,
      database,
      directory,
      start: async (kind, environment = {}) => {
        const own = await createDatabase(database, databaseNumber++)
        databases.push(own)
        return startServer(kind, { ...own.environment, ...environment }, own.directory)
      },
      startNodes: async (count) => {
        const own = await createDatabase("PostgreSQL", databaseNumber++)
        databases.push(own)
        return startNodes(count, own.environment, own.directory)
      },
      updates: async () => databases.at(-1)?.updates()
    })
  } finally {
    for (const database of databases) await database.remove()
    await rm(directory, { recursive: true, force: true })
  }
}
let databaseNumber = 0

const pinning = pinLoad()
const day = new Date().toISOString().slice(0, 10)
const measuredNow = `${day}, ${pinning === undefined ? "any core" : `cores ${pinning.load} / ${pinning.servers}`}`

const postgres = options.database === undefined && (await hasPostgres())
if (options.write && !postgres) fail("--write: expected a PostgreSQL, as the page has figures that need one")
if (!postgres) process.stdout.write("Without a PostgreSQL: figures that need one are left out.\n")
const size = options.quick ? quickSize : fullSize
const runs = options.write ? 3 : 1
/** The figures of every run, by name, in the order in which they were first measured. */
const measured = new Map<string, { readonly part: string; readonly runs: Figure[] }>()
for (let run = 0; run < runs; run++) {
  for (const name of names) {
    const part = parts[name] as Part
    if (run > 0 && part.once === true) continue
    const kinds: readonly DatabaseKind[] = !postgres
      ? ["embedded"]
      : part.onBoth
        ? ["PostgreSQL", "embedded"]
        : ["PostgreSQL"]
    for (const kind of kinds) {
      for (const figure of await measure(part, kind, size)) {
        const known = measured.get(figure.name)
        if (known === undefined) measured.set(figure.name, { part: name, runs: [figure] })
        else known.runs.push(figure)
        process.stdout.write(`${figureLine(figure)}\n`)
      }
    }
  }
}
const figures = [...measured.values()].map(
  ({ part, runs }): KeptFigure => ({ part, measured: measuredNow, ...overRuns(runs) })
)
process.stdout.write(`\n${table(figures)}\n`)
if (options.write) {
  const file = (name: string) => new URL(`../docs/${name}`, import.meta.url)
  const kept = JSON.parse(await readFile(file("performance.json"), "utf8")) as readonly KeptFigure[]
  const all = withNewest(kept, figures, Object.keys(parts))
  await writeFile(file("performance.json"), `${JSON.stringify(all, null, 2)}\n`)
  await writeFile(file("performance.md"), withFigures(await readFile(file("performance.md"), "utf8"), all))
  process.stdout.write("\nWritten to docs/performance.md.\n")
}
// Sockets of servers that have gone may still be closing.
process.exit(0)
