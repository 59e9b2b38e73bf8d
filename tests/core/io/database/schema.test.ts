import { randomBytes } from "node:crypto"
import { afterEach, expect, it } from "vitest"
import { openDatabase } from "../../../../src/io/database/database.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../../../support/databases.ts"
import { refusedStart } from "../../../support/process.ts"
import { runScript } from "../../../support/scripts.ts"
import { makeRoom, startServer } from "../../../support/server.ts"
import { tables } from "../../../support/tables.ts"

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const run = (url: string, statements: string) => withClient(url, (client) => client.query(statements))

/** A database that others use as well, and a role in it that may do nothing but what `grants` say. */
const sharedDatabase = async (grants: (role: string) => string) => {
  const { url, remove } = await createPostgresDatabase()
  cleanups.push(remove)
  const role = `silktower_role_${randomBytes(6).toString("hex")}`
  await run(url, `revoke all on schema public from public; create role ${role} login; ${grants(role)}`)
  cleanups.push(() => run(url, `drop owned by ${role}; drop role ${role}`))
  const asRole = new URL(url)
  asRole.username = role
  return { url, role, asRole: asRole.href, environment: { DATABASE_URL: asRole.href } }
}

const ownSchema = (role: string) => `create schema app authorization ${role}; alter role ${role} set search_path = app`
const tablesOf = (url: string) =>
  withClient(url, async (client) => {
    const { rows } = await client.query(
      "select schemaname || '.' || tablename as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema') order by 1"
    )
    return rows.map(({ name }) => name)
  })

const oneLine = (output: string): string => {
  expect(output.trim().split("\n")).toHaveLength(1)
  return output
}

describeOnPostgres("a schema of its own", () => {
  it("holds all tables, bookkeeping too, for a role that may do nothing elsewhere", async () => {
    const { url, asRole, environment } = await sharedDatabase(ownSchema)
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
    expect(await tablesOf(url)).toEqual([
      "app.noisytransfer_codes",
      "app.rondevu_candidates",
      "app.rondevu_offers",
      "app.rondevu_session_candidates",
      "app.rondevu_sessions",
      "app.rondevu_topics",
      "app.rooms",
      "app.server_secrets",
      "app.sfu_places",
      "app.silktower_locks",
      "app.silktower_migrations",
      "app.silktower_runners",
      "app.uploaded_files"
    ])
    expect((await runScript("scripts/migrate.ts", [], environment)).stdout).toContain("nothing to do")
    const server = await startServer({ DATABASE_URL: asRole })
    await makeRoom(server)
    await server.stop()
    expect(await runScript("scripts/resetDatabase.ts", ["--yes"], environment)).toMatchObject({
      exitCode: 0,
      stderr: ""
    })
    expect(await tablesOf(url)).toEqual([
      "app.noisytransfer_codes",
      "app.rondevu_candidates",
      "app.rondevu_offers",
      "app.rondevu_session_candidates",
      "app.rondevu_sessions",
      "app.rondevu_topics",
      "app.rooms",
      "app.server_secrets",
      "app.sfu_places",
      "app.silktower_locks",
      "app.silktower_migrations",
      "app.silktower_runners",
      "app.uploaded_files"
    ])
  })

  it("stands beside somebody else's tables of the same names, which stay as they are", async () => {
    const theirs =
      "create table public.rooms (number int); insert into public.rooms values (7); create table public.uploaded_files (number int)"
    const { url, environment } = await sharedDatabase(
      (
        role
      ) => `${theirs}; grant usage on schema public to ${role}; grant all on all tables in schema public to ${role};
        create schema app authorization ${role}; alter role ${role} set search_path = app, public`
    )
    const refused = await refusedStart(environment)
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(
      /has no rooms, uploaded_files, noisytransfer_codes, rondevu_offers, .* in its schema app.*npm run migrate/
    )
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
    expect(await runScript("scripts/resetDatabase.ts", ["--yes"], environment)).toMatchObject({
      exitCode: 0,
      stderr: ""
    })
    expect(
      await withClient(url, (client) => client.query("select * from public.rooms").then(({ rows }) => rows))
    ).toEqual([{ number: 7 }])
  })

  it("is found where its name needs quotes", async () => {
    const { url, environment, asRole } = await sharedDatabase(
      (role) => `create schema "My App-2" authorization ${role}; alter role ${role} set search_path = "My App-2"`
    )
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
    expect(await tablesOf(url)).toHaveLength(13)
    const server = await startServer({ DATABASE_URL: asRole })
    await makeRoom(server)
    await server.stop()
  })

  it("goes on where bookkeeping was in another schema than the tables", async () => {
    const { url, environment } = await sharedDatabase(ownSchema)
    await runScript("scripts/migrate.ts", [], environment)
    await run(url, "alter table app.silktower_migrations set schema public")
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
  })

  it("has an order of migrations that does not depend on the time zones in which they were applied", async () => {
    const { url, environment } = await sharedDatabase(ownSchema)
    await runScript("scripts/migrate.ts", [], environment)
    await run(url, "update app.silktower_migrations set run_on = run_on - interval '9 hours' where id = 2")
    expect(await runScript("scripts/migrate.ts", [], environment)).toMatchObject({ exitCode: 0, stderr: "" })
  })
})

describeOnPostgres("missing rights", () => {
  it("are named by the migrations, in one line that says whose they are", async () => {
    const { role, environment } = await sharedDatabase((role) => `grant usage on schema public to ${role}`)
    const { exitCode, stderr } = await runScript("scripts/migrate.ts", [], environment)
    expect(exitCode).toBe(1)
    expect(oneLine(stderr)).toMatch(
      new RegExp(`^RightsMissing: The role ${role} .*permission denied for schema public.*grant`)
    )
  })

  it.each([
    ["npm run migrate", "scripts/migrate.ts", []],
    ["npm run db:reset", "scripts/resetDatabase.ts", ["--yes"]]
  ] as const)("are named by %s where the tables are somebody else's", async (_, script, flags) => {
    const { url, role, environment } = await sharedDatabase((role) => `grant usage, create on schema public to ${role}`)
    await withClient(url, migrate)
    await run(url, "delete from silktower_migrations")
    const { exitCode, stderr } = await runScript(script, flags, environment)
    expect(exitCode).toBe(1)
    expect(oneLine(stderr)).toMatch(new RegExp(`^RightsMissing: The role ${role} `))
  })

  it.each([
    ["the table of rooms", "grant all on all sequences in schema public", "permission denied for table rooms"],
    ["the sequence of uploads", "grant all on all tables in schema public", "permission denied for sequence"],
    ["anything", "", "has no rooms|permission denied"]
  ])("to %s end the start of the server by name", async (_, grant, told) => {
    const { url, role, asRole, environment } = await sharedDatabase((role) => `grant usage on schema public to ${role}`)
    await withClient(url, migrate)
    if (grant !== "") await run(url, `${grant} to ${role}`)
    const { code, output } = await refusedStart(environment)
    expect(code).toBe(1)
    expect(oneLine(output)).toMatch(new RegExp(`${role}.*(${told}).*grant`))
    await run(
      url,
      `grant all on all tables in schema public to ${role}; grant all on all sequences in schema public to ${role}`
    )
    await (await openDatabase({ tables, url: asRole, dataDirectory: "" })).close()
  })
})
