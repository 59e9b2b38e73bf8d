import { fileURLToPath } from "node:url"
import { sql } from "slonik"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Database, type DatabaseOptions, openDatabase } from "../../src/io/database/database.ts"
import { migrate } from "../../src/io/database/migrations.ts"
import { createPostgresDatabase, describeOnPostgres, temporaryDirectory, withClient } from "../support/databases.ts"
import { seedEmbeddedDatabase } from "../support/embeddedTemplate.ts"
import { runScript } from "../support/scripts.ts"
import { tables } from "../support/tables.ts"
import { hasPseudoTerminal, type Loop, startLoop } from "./devLoop.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const script = "scripts/resetDatabase.ts"
const patience = 60_000

/** Where a row is planted that only an erasure removes. */
interface Planted {
  readonly environment: Readonly<Record<string, string>>
  readonly options: DatabaseOptions
  /** As --erase names it. */
  readonly place: string
  remove(): Promise<void>
}

const withDatabase = async <A>({ options }: Planted, use: (pool: Database["pool"]) => Promise<A>) => {
  const database = await openDatabase({ tables, ...options })
  try {
    return await use(database.pool)
  } finally {
    await database.close()
  }
}

const plant = (planted: Planted) =>
  withDatabase(planted, async (pool) => {
    await pool.query(sql.unsafe`delete from rooms`)
    await pool.query(sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, expires_at)
      values ('ABC234', 'host00000000', 'Ada', now() + interval '1 hour')`)
  })

const rowsIn = (planted: Planted): Promise<number> =>
  withDatabase(planted, async (pool) => (await pool.query(sql.unsafe`select 1 from rooms`)).rows.length)

const embedded = async (): Promise<Planted> => {
  const { options, remove } = await temporaryDirectory()
  const environment = { DATA_DIR: options.dataDirectory }
  seedEmbeddedDatabase(environment)
  // Empty: a `.env` of whoever runs the tests must not count.
  return { environment: { ...environment, DATABASE_URL: "" }, options, place: options.dataDirectory, remove }
}

const postgres = async (): Promise<Planted> => {
  const { url, remove } = await createPostgresDatabase()
  await withClient(url, migrate)
  const { hostname, port, pathname } = new URL(url)
  const place = `${hostname}:${port}${pathname}`
  return { environment: { DATABASE_URL: url }, options: { url, dataDirectory: "" }, place, remove }
}

/** Every case on one kind of database; on the other, which takes seconds to look into, the first of its kind. */
const suite = (make: () => Promise<Planted>, isThorough: boolean) => (): void => {
  const some = <A>(cases: readonly A[]): readonly A[] => (isThorough ? cases : cases.slice(0, 1))
  let planted: Planted
  beforeAll(async () => {
    planted = await make()
    await plant(planted)
  }, patience)
  afterAll(() => planted.remove())

  const run = (parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    runScript(script, parameters, { ...planted.environment, ...environment })

  const inTerminal = (parameters: readonly string[] = []): Loop =>
    startLoop(
      { directory: root, remove: async () => {} },
      { terminal: true, command: [process.execPath, script], parameters, environment: planted.environment }
    )

  it.each(some([[["--help", "--yes"]], [["--yes", "-h"]], [["--version"]]]))(
    "does nothing else with %o",
    { timeout: patience },
    async (parameters) => {
      const { exitCode, stdout, stderr } = await run(parameters)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
      expect(stdout).toMatch(parameters.includes("--version") ? /^silktower \d/ : /--yes .*\n.*--erase PLACE/)
      expect(await rowsIn(planted)).toBe(1)
    }
  )

  it.each(
    some<[string[], string]>([
      [["--yse"], "--yse: there is no such flag, did you mean --yes?"],
      [["--yes", "--forse"], "--forse: there is no such flag"],
      [["--yes", "now"], "now: expected nothing but"],
      [["--yes=false"], "There is no terminal to ask on"],
      [["--yes", "--erase=elsewhere"], "--erase=elsewhere names another database"],
      [["--yes", "--erase="], "--erase=: expected the place of the database"],
      [[], "There is no terminal to ask on"]
    ])
  )("erases nothing with %o, and says why", { timeout: patience }, async (parameters, reason) => {
    const { exitCode, stdout, stderr } = await run(parameters)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toContain(reason)
    expect(await rowsIn(planted)).toBe(1)
  })

  it("wants production's name, --yes or not", { timeout: patience }, async () => {
    for (const NODE_ENV of ["production", "Production "]) {
      const { exitCode, stderr } = await run(["--yes"], { NODE_ENV })
      expect(exitCode).toBe(1)
      expect(stderr).toContain(`npm run db:reset -- --erase=${planted.place}`)
    }
    expect(await rowsIn(planted)).toBe(1)
  })

  const name = "on a terminal"
  const onTerminal = () => {
    it.each(
      some([
        ["no", "no\n"],
        ["the end of the input", "\x04"],
        ["nothing", "\n"],
        ["y", "y\n"]
      ])
    )("leaves all as it is when the answer is %s", { timeout: patience }, async (_, keys) => {
      const loop = inTerminal()
      await loop.until(/Everything in .* will be lost\. Type yes to go on:/)
      loop.press(keys)
      expect(await loop.ended).toBe(1)
      expect(loop.printed()).toContain("Nothing was erased")
      expect(await rowsIn(planted)).toBe(1)
    })

    it("leaves all as it is at Ctrl+C", { timeout: patience }, async () => {
      const loop = inTerminal()
      await loop.until(/Type yes to go on:/)
      loop.press("\x03")
      expect(await loop.ended).not.toBe(0)
      expect(await rowsIn(planted)).toBe(1)
    })

    it("names the database, and erases it when the answer is yes", { timeout: patience }, async () => {
      const loop = inTerminal()
      await loop.until(/Type yes to go on:/)
      expect(loop.printed()).toContain(planted.place)
      loop.press("yes\n")
      expect(await loop.ended).toBe(0)
      expect(await rowsIn(planted)).toBe(0)
      await plant(planted)
    })
  }
  if (hasPseudoTerminal()) describe(name, onTerminal)
  else if (process.env["CI"]) describe(name, () => it("finds one", () => expect.fail("no util-linux `script` on PATH")))
  else describe.skip(name, onTerminal)

  it.each([["--yes"], ["--erase"]])("erases without asking with %s", { timeout: patience }, async (flag) => {
    await plant(planted)
    const parameter = flag === "--erase" ? `--erase=${planted.place}` : flag
    expect(await run([parameter])).toMatchObject({ exitCode: 0, stderr: "" })
    expect(await rowsIn(planted)).toBe(0)
  })
}

describe("npm run db:reset (embedded)", suite(embedded, false))
describeOnPostgres("npm run db:reset (PostgreSQL)", suite(postgres, true))
