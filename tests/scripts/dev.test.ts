import { once } from "node:events"
import { readFile, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createPostgresDatabase, describeOnPostgres, TEST_DATABASE_URL, withClient } from "../support/databases.ts"
import { post } from "../support/server.ts"
import { useThroughout } from "../support/useThroughout.ts"
import type { Loop, LoopOptions } from "./devLoop.ts"
import { copyProject, hasPseudoTerminal, standInProgram, startLoop } from "./devLoop.ts"

/** A busy machine takes its time to make a database. */
const patience = 120_000

const project = useThroughout(copyProject, (project) => project.remove())
const loops: Loop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) {
    loop.signal("SIGTERM")
    await loop.ended
  }
})

const start = (options: LoopOptions): Loop => {
  const loop = startLoop(project, options)
  loops.push(loop)
  return loop
}

const makeRoom = async (http: string) => {
  const { body } = await post(`${http}/api/rooms`, { name: "Host" })
  return `/api/rooms/${body.roomCode}?participantId=${body.self.participantId}`
}
const statusOf = async (url: string) => (await fetch(url)).status
const allowedFor = async (http: string, origin: string) =>
  (await fetch(`${http}/api/status`, { headers: { origin } })).headers.get("access-control-allow-origin")

/** Changes a file of the project, and gives back how to undo that. */
const change = async (path: string, text: (before: string) => string) => {
  const file = join(project.directory, path)
  const before = await readFile(file, "utf8")
  await writeFile(file, text(before))
  return () => writeFile(file, before)
}

/** A server that neither starts nor ends. */
const hanging = (main: string) => main.replace(/^await run\(\)$/m, 'console.log("hanging")\nfor (;;) {}')

/** Adds a migration to the project, and gives back how to remove it. */
const addMigration = async () => {
  const file = join(project.directory, "migrations", "9999_more.sql")
  await writeFile(file, "create table more (id integer);\n")
  return () => rm(file)
}

const inTerminal = () => {
  it("shows its keys, starts with an empty database, and lets local front ends in", { timeout: patience }, async () => {
    const npm = ["npm", "run", "dev", "--silent", "--"]
    const loop = start({ terminal: true, command: npm, parameters: ["--allow-local-port=3000"] })
    await loop.until(/h reload the server {3}r reset the database {3}q quit/)
    await loop.until(/The embedded database in \.data\/dev is empty now/)
    const http = await loop.listening()
    for (const port of [5173, 4173, 3000]) {
      const origin = `http://localhost:${port}`
      expect(await allowedFor(http, origin)).toBe(origin)
    }
    expect(await allowedFor(http, "http://localhost:5174")).toBeNull()
    // The footer's row does not scroll while it is there, and scrolls again afterwards.
    expect(loop.printed()).toContain("\x1b[1;23r")
    loop.press("q")
    expect(await loop.ended).toBe(0)
    expect(loop.printed()).toMatch(/Stopped\.[^]*\x1b\[r/)
    await expect(fetch(http)).rejects.toThrow()
  })

  it("h restarts the server only, r the database too, Ctrl+C ends everything", { timeout: patience }, async () => {
    const loop = start({ terminal: true })
    const first = await loop.listening()
    const room = await makeRoom(first)

    loop.press("h")
    const second = await loop.listening()
    await expect(fetch(first)).rejects.toThrow()
    expect(await statusOf(second + room)).toBe(200)

    // An arrow, Home, and a letter that means nothing.
    loop.press("\x1b[A")
    loop.press("\x1b[H")
    loop.press("x")
    loop.press("r")
    const third = await loop.listening()
    await expect(fetch(second)).rejects.toThrow()
    expect(await statusOf(third + room)).toBe(404)
    expect(loop.printed().match(/listening/g)).toHaveLength(3)

    loop.press("\x03")
    expect(await loop.ended).toBe(0)
    await expect(fetch(third)).rejects.toThrow()
  })

  it("restarts at a changed file, and waits for another when the server fails", { timeout: patience }, async () => {
    const loop = start({ terminal: true })
    const room = await makeRoom(await loop.listening())

    let undo = await change("src/limits.ts", (text) => `${text}// changed\n`)
    await loop.until(/src\/limits\.ts has changed/)
    expect(await statusOf((await loop.listening()) + room)).toBe(200)
    await undo()
    await loop.listening()

    undo = await change("src/machines/tower.ts", (text) => `${text}this is no TypeScript`)
    await loop.until(/The server has ended \(exit code 1\)\. Waiting for a changed file, h or r\./)
    await undo()
    expect(await statusOf((await loop.listening()) + room)).toBe(200)
  })

  it("ends a server that hangs, at once for whoever says quit twice", { timeout: patience }, async () => {
    const undo = await change("src/main.js", hanging)
    const loop = start({ terminal: true })
    await loop.until(/hanging/)
    await undo()
    await loop.until(/src\/main\.js has changed/)
    await loop.listening()
    await change("src/main.js", hanging)
    await loop.until(/hanging/)
    const quitAt = performance.now()
    const insisting = setInterval(() => loop.press("q"), 300)
    expect(await loop.ended).toBe(0)
    clearInterval(insisting)
    expect(performance.now() - quitAt).toBeLessThan(8_000)
    await undo()
  })

  it("quits in the middle of making the database", { timeout: patience }, async () => {
    const loop = start({ terminal: true })
    await loop.until(/Making an empty database/)
    loop.press("q")
    expect(await loop.ended).toBe(0)
    expect(loop.printed()).not.toContain("listening")
  })
}

const name = "the local loop in a terminal"
if (hasPseudoTerminal()) describe(name, inTerminal)
else if (process.env["CI"]) describe(name, () => it("finds one", () => expect.fail("no util-linux `script` on PATH")))
else {
  console.warn(`SKIPPED ${name}: there is no \`script\` of util-linux on PATH.`)
  describe.skip(name, inTerminal)
}

describe("the local loop without a terminal", () => {
  const signals = ["SIGTERM", "SIGHUP"] as const
  it.each(signals)("says so, and stops what it started at %s", { timeout: patience }, async (signal) => {
    const loop = start({ terminal: false })
    await loop.until(/There is no terminal to read keys from/)
    const http = await loop.listening()
    expect(loop.printed()).not.toContain("\x1b")
    loop.signal(signal)
    expect(await loop.ended).toBe(0)
    await expect(fetch(http)).rejects.toThrow()
  })

  it("restarts at a changed file, a new migration among them", { timeout: patience }, async () => {
    const loop = start({ terminal: false })
    await loop.listening()
    const remove = await addMigration()
    await loop.until(/migrations\/9999_more\.sql has changed/)
    await loop.listening()
    await remove()
  })

  it("waits for a change when the server cannot listen", { timeout: patience }, async () => {
    const other = createServer()
    await once(other.listen(0, "127.0.0.1"), "listening")
    const loop = start({ terminal: false, environment: { PORT: String((other.address() as AddressInfo).port) } })
    await loop.until(/The server has ended \(exit code 1\)\. Waiting for a changed file\./)
    await new Promise((resolve) => other.close(resolve))
    const undo = await change("src/limits.ts", (text) => `${text}// changed\n`)
    await loop.listening()
    await undo()
  })

  it("a second one leaves the first one's database alone", { timeout: patience }, async () => {
    const first = start({ terminal: false })
    const http = await first.listening()
    const room = await makeRoom(http)
    const second = start({ terminal: false })
    await second.until(/Another process is using the embedded database in \.data\/dev/)
    await second.until(/The database could not be made\. Waiting/)
    expect(await statusOf(http + room)).toBe(200)
  })

  it("explains its options to whoever gives others", async () => {
    const loop = start({ terminal: false, parameters: ["--dokcer"] })
    expect(await loop.ended).toBe(1)
    expect(loop.printed()).toContain("--dokcer: there is no such flag, did you mean --docker?")
    expect(loop.printed()).not.toContain("Making an empty database")
  })

  it("says what is missing where there is no Docker", async () => {
    const loop = start({ terminal: false, parameters: ["--docker"], environment: { PATH: "" } })
    expect(await loop.ended).toBe(1)
    expect(loop.printed()).toContain("docker is not on PATH")
    expect(loop.printed()).toContain("It needs a running Docker with Compose")
  })
})

/** Docker Compose as far as the loop asks it; the database behind it is the tests' PostgreSQL. */
const dockerStandIn = (port: string) => `#!/bin/sh
echo "docker $*" >> "$(dirname "$0")/asked"
case "$*" in *" port postgres 5432") echo "127.0.0.1:${port}" ;; esac
`

describeOnPostgres("the local loop with Docker's PostgreSQL", () => {
  const database = "silktower_dev"
  let made = false
  beforeAll(async () => {
    await withClient(TEST_DATABASE_URL, async (client) => {
      const { rowCount } = await client.query("select from pg_database where datname = $1", [database])
      if (rowCount !== 0) throw new Error(`There is a database ${database} already, and this test would empty it`)
      await client.query(`create role ${database} login password '${database}'`)
      made = true
      await client.query(`create database ${database} owner ${database}`)
    })
  })
  afterAll(async () => {
    if (!made) return
    await withClient(TEST_DATABASE_URL, async (client) => {
      await client.query(`drop database if exists ${database} with (force)`)
      await client.query(`drop role ${database}`)
    })
  })

  it("empties no database but its own, whatever the environment names", { timeout: patience }, async () => {
    const other = await createPostgresDatabase()
    const planted = "create table rooms (room_code text); insert into rooms values ('ABC234')"
    await withClient(other.url, (client) => client.query(planted))
    const DATA_DIR = join(project.directory, "elsewhere")
    const loop = start({ terminal: false, environment: { DATABASE_URL: other.url, DATA_DIR } })
    await loop.until(/The embedded database in \.data\/dev is empty now/)
    await loop.listening()
    loop.signal("SIGTERM")
    expect(await loop.ended).toBe(0)
    const { rows } = await withClient(other.url, (client) => client.query("select * from rooms"))
    expect(rows).toEqual([{ room_code: "ABC234" }])
    await other.remove()
  })

  it("starts it, migrates it, resets it, and takes it down", { timeout: patience }, async () => {
    const folder = await standInProgram(project, "docker", dockerStandIn(new URL(TEST_DATABASE_URL).port || "5432"))
    const loop = start({
      terminal: hasPseudoTerminal(),
      parameters: ["--docker"],
      environment: { PATH: `${folder}:${process.env["PATH"]}` }
    })
    await loop.until(/PostgreSQL at .*silktower_dev.* is up to date now/)
    const http = await loop.listening()
    await loop.until(/database\s+PostgreSQL at/)
    const room = await makeRoom(http)
    const asked = async () => (await readFile(join(folder, "asked"), "utf8")).trim().split("\n")
    expect((await asked())[0]).toMatch(/^docker compose -p silktower-dev .* up --detach --wait postgres$/)

    const remove = await addMigration()
    await loop.until(/is up to date now\. Applied: 9999_more\./)
    let last = await loop.listening()
    expect(await statusOf(last + room)).toBe(200)
    if (hasPseudoTerminal()) {
      loop.press("r")
      last = await loop.listening()
      expect(await statusOf(last + room)).toBe(404)
      loop.press("q")
    } else loop.signal("SIGTERM")
    expect(await loop.ended).toBe(0)
    await expect(fetch(last)).rejects.toThrow()
    expect((await asked()).at(-1)).toMatch(/^docker compose -p silktower-dev .* down --volumes$/)
    await remove()
  })
})
