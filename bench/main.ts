/**
 * `npm run bench`: what silktower costs, as ratios to a bare server in the same run. The two take turns, medians count.
 * `-- --rounds=N` for more or fewer turns, `--only=relay,poll,connect` for some of them, `-- --write` to write docs/performance.md.
 */
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { Agent, get } from "node:http"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import pg from "pg"
import { WebSocket } from "ws"
import { migrate } from "../src/io/migrations.ts"
import { median, start, type Server } from "./child.ts"

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", default: "relay,poll,connect" },
    write: { type: "boolean", default: false }
  }
})
const rounds = Number(options.rounds)

interface Figure {
  readonly name: string
  readonly unit: string
  readonly silktower: number
  readonly reference: number
  readonly ratio: number
  readonly spread: readonly [number, number]
  readonly aim: string
}

const figures: Figure[] = []
const report = (name: string, unit: string, ours: readonly number[], theirs: readonly number[], aim: string) => {
  const ratios = ours.map((value, index) => value / (theirs[index] as number))
  const figure: Figure = {
    name,
    unit,
    silktower: median(ours),
    reference: median(theirs),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    aim
  }
  figures.push(figure)
  process.stdout.write(
    `${name}: ${figure.silktower.toFixed(2)} against ${figure.reference.toFixed(2)} ${unit}, ratio ${figure.ratio.toFixed(2)} (${figure.spread.map((value) => value.toFixed(2)).join(" to ")}), aim ${aim}\n`
  )
}

const openSocket = async (server: Server, from?: string): Promise<WebSocket> => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, {
    perMessageDeflate: false,
    ...(from === undefined ? {} : { headers: { "x-forwarded-for": from } })
  })
  await once(socket, "open")
  return socket
}

const frameOf = (socket: WebSocket, type: string): Promise<Record<string, string>> =>
  new Promise((resolve) => {
    const listen = (data: Buffer) => {
      const text = data.toString()
      if (!text.startsWith(`{"type":"${type}"`)) return
      socket.off("message", listen)
      resolve(JSON.parse(text))
    }
    socket.on("message", listen)
  })

/** A public address of its own for each client: each on its own network. */
const addressOf = (index: number): string => `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`

const pairUp = async (server: Server, bare: boolean, index: number): Promise<[WebSocket, WebSocket]> => {
  const one = await openSocket(server, addressOf(index * 2))
  if (bare) {
    const other = await openSocket(server)
    return [one, other]
  }
  const created = frameOf(one, "flight-created")
  one.send(`{"type":"create-flight"}`)
  const { flightCode } = await created
  const other = await openSocket(server, addressOf(index * 2 + 1))
  const joined = frameOf(other, "peer-joined")
  other.send(JSON.stringify({ type: "join-flight", flightCode }))
  await joined
  return [one, other]
}

const signal = `{"type":"signal","data":{"candidate":{"candidate":"${"c".repeat(800 - 58)}"}}}`

/** Sends so many signal frames through every pair, a window at a time, and waits until all have come. */
const saturate = async (pairs: readonly [WebSocket, WebSocket][], frames: number): Promise<void> => {
  const window = 20
  await Promise.all(
    pairs.map(
      ([one, other]) =>
        new Promise<void>((resolve) => {
          let sent = 0
          let received = 0
          const listen = (data: Buffer) => {
            if (data.length !== signal.length) return
            received++
            if (sent < frames) {
              one.send(signal)
              sent++
            } else if (received === frames) {
              other.off("message", listen)
              resolve()
            }
          }
          other.on("message", listen)
          for (; sent < Math.min(window, frames); sent++) one.send(signal)
        })
    )
  )
}

const cpuOf = async (server: Server, work: () => Promise<unknown>): Promise<number> => {
  const before = (await server.usage()).cpu
  await work()
  return (await server.usage()).cpu - before
}

const interleaved = async (
  ours: () => Promise<number>,
  theirs: () => Promise<number>
): Promise<[number[], number[]]> => {
  const results: [number[], number[]] = [[], []]
  // The first turns only warm the code up.
  for (let turn = 0; turn < 4; turn++) {
    await ours()
    await theirs()
  }
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first in a round goes second in the next.
    if (round % 2 === 0) {
      results[0].push(await ours())
      results[1].push(await theirs())
    } else {
      results[1].push(await theirs())
      results[0].push(await ours())
    }
  }
  return results
}

const benchRelay = async (silktower: Server, bare: Server) => {
  const flights = 50
  const frames = 400
  const pairsOf = async (server: Server, isBare: boolean) => {
    const pairs: [WebSocket, WebSocket][] = []
    for (let index = 0; index < flights; index++) pairs.push(await pairUp(server, isBare, index))
    return pairs
  }
  const [ours, theirs] = [await pairsOf(silktower, false), await pairsOf(bare, true)]
  const results = await interleaved(
    async () => (await cpuOf(silktower, () => saturate(ours, frames))) / (flights * frames),
    async () => (await cpuOf(bare, () => saturate(theirs, frames))) / (flights * frames)
  )
  report("relay of an 800-byte signal frame, 50 flights, saturated", "µs CPU a frame", ...results, "≤ 1.2")
  for (const socket of [...ours, ...theirs].flat()) socket.terminate()
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

const fetchText = (url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.on("end", resolve)
    }).on("error", reject)
  })

const benchPoll = async (silktower: Server, bare: Server, writes: () => Promise<number>) => {
  const roomUrls: string[] = []
  const base = `http://127.0.0.1:${silktower.port}/api/rooms`
  for (let index = 0; index < 100; index++) {
    const made = (await (
      await fetch(base, { method: "POST", headers: { "content-type": "application/json" }, body: `{"name":"Bench"}` })
    ).json()) as { roomCode: string; self: { participantId: string } }
    roomUrls.push(`${base}/${made.roomCode}?participantId=${made.self.participantId}`)
  }
  const requests = 4000
  const poll = async (urlOf: (index: number) => string) => {
    let next = 0
    const worker = async () => {
      while (next < requests) await fetchText(urlOf(next++))
    }
    await Promise.all(Array.from({ length: 16 }, worker))
  }
  const before = await writes()
  const started = performance.now()
  const results = await interleaved(
    async () => (await cpuOf(silktower, () => poll((index) => roomUrls[index % 100] as string))) / requests,
    async () => (await cpuOf(bare, () => poll(() => `http://127.0.0.1:${bare.port}/`))) / requests
  )
  const minutes = (performance.now() - started) / 60_000
  report("poll of a room, keep-alive, 100 rooms", "µs CPU a request", ...results, "≤ 3")
  const perMinute = ((await writes()) - before) / 100 / minutes
  figures.push({
    name: "database writes of a polled room",
    unit: "a minute and room",
    silktower: perMinute,
    reference: Number.NaN,
    ratio: Number.NaN,
    spread: [Number.NaN, Number.NaN],
    aim: "< 1"
  })
  process.stdout.write(`database writes of a polled room: ${perMinute.toFixed(3)} a minute and room, aim < 1\n`)
}

/** CPU of opening a hundred connections when so many are open already, each client on its own network. */
const benchConnect = async (environment: Readonly<Record<string, string>>) => {
  const few = 100
  const many = 10_000
  const batch = 500
  const atFew: number[] = []
  const atMany: number[] = []
  const server = await start("silktower", environment)
  let opened = 0
  const sockets: WebSocket[] = []
  const open = async (count: number) => {
    for (let start = 0; start < count; start += 50) {
      sockets.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(50, count - start) }, () => openSocket(server, addressOf(opened++)))
        ))
      )
    }
  }
  const close = async (count: number) => {
    await Promise.all(
      sockets.splice(-count).map(async (socket) => {
        const closed = once(socket, "close")
        socket.terminate()
        await closed
      })
    )
  }
  const turn = async () => {
    const cpu = (await cpuOf(server, () => open(batch))) / batch
    await close(batch)
    return cpu
  }
  await open(few)
  // The first turns only warm the code up.
  for (let round = 0; round < 4; round++) await turn()
  for (let round = 0; round < rounds; round++) atFew.push(await turn())
  await open(many - few)
  for (let round = 0; round < rounds; round++) atMany.push(await turn())
  report(`opening a connection at ${many} open ones over the same at ${few}`, "µs CPU a connection", atMany, atFew, "≤ 1.1")
  await server.stop()
}

const table = (): string =>
  [
    "| figure | silktower | reference | ratio (spread) | aim |",
    "|---|---|---|---|---|",
    ...figures.map(({ name, unit, silktower, reference, ratio, spread, aim }) =>
      Number.isNaN(ratio)
        ? `| ${name} | ${silktower.toFixed(3)} ${unit} | | | ${aim} |`
        : `| ${name} | ${silktower.toFixed(1)} ${unit} | ${reference.toFixed(1)} | ${ratio.toFixed(2)} (${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}) | ${aim} |`
    )
  ].join("\n")

const main = async () => {
  const adminUrl = process.env["TEST_DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres"
  const name = `silktower_bench_${process.pid}`
  const directory = await mkdtemp(join(tmpdir(), "silktower-bench-"))
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 3000 })
  const hasPostgres = await admin.connect().then(
    () => true,
    () => false
  )
  let environment: Record<string, string> = { DATA_DIR: directory }
  let writes = async () => 0
  let counter: pg.Client | undefined
  if (hasPostgres) {
    await admin.query(`create database ${name}`)
    const url = new URL(adminUrl)
    url.pathname = `/${name}`
    environment = { DATABASE_URL: url.href }
    const migrating = new pg.Client({ connectionString: url.href })
    await migrating.connect()
    await migrate(migrating)
    await migrating.end()
    counter = new pg.Client({ connectionString: url.href })
    await counter.connect()
    writes = async () => {
      await counter?.query("select pg_stat_clear_snapshot()")
      const { rows } = await (counter as pg.Client).query("select n_tup_upd from pg_stat_user_tables where relname = 'rooms'")
      return Number(rows[0].n_tup_upd)
    }
  } else process.stdout.write("No PostgreSQL answers: the embedded database is used, and its writes are not counted.\n")

  try {
    const [silktower, bare] = [await start("silktower", environment), await start("bare")]
    const chosen = options.only.split(",")
    if (chosen.includes("relay")) await benchRelay(silktower, bare)
    if (chosen.includes("poll")) await benchPoll(silktower, bare, writes)
    await Promise.all([silktower.stop(), bare.stop()])
    if (chosen.includes("connect")) await benchConnect(environment)
  } finally {
    await counter?.end()
    if (hasPostgres) {
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    }
    await rm(directory, { recursive: true, force: true })
  }
  process.stdout.write(`\n${table()}\n`)
  if (options.write) {
    const page = `# Performance

Written by \`npm run bench -- --write\`. Every figure is a ratio to a bare server doing the least possible, measured in
the same run: the two take turns (${rounds} rounds each, medians, with the smallest and the largest ratio of a round), each
server in a process of its own whose CPU time is read from the process itself, load from a third process on the same
machine over 127.0.0.1. The bare server pairs \`ws\` clients and relays frames without looking at them, and answers HTTP
requests with a fixed body of 400 bytes. Milliseconds on one machine mean little on another; the ratios mean more.

${table()}

Run on ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${hasPostgres ? "PostgreSQL" : "the embedded database"}, ${new Date().toISOString().slice(0, 10)}.
`
    await writeFile(new URL("../docs/performance.md", import.meta.url), page)
  }
}

await main()
process.exit(0)
