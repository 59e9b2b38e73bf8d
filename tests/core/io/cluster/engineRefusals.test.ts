import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import pg from "pg"
import { describe, expect, it, onTestFinished } from "vitest"
import { tablePrefix } from "../../../../src/io/cluster/engine/engineTables.ts"
import { sqlOnPg } from "../../../../src/io/cluster/engine/sqlOnPg.ts"
import { readNodeAddress, writeNodeAddress } from "../../../../src/io/cluster/nodeAddress.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../../../support/databases.ts"
import { agreement, databaseWithTables, freeAddress, looks, node, nodeProcess } from "../../../support/engineNodes.ts"
import { freePort } from "../../../support/freePort.ts"

const run = (url: string, statements: string) => withClient(url, (client) => client.query(statements))

/** The same database for a role of its own, which may do what `grants` say. */
const asRole = async (url: string, grants: (role: string) => string): Promise<string> => {
  const role = `silktower_role_${Math.random().toString(36).slice(2)}`
  await run(url, `create role ${role} login; ${grants(role)}`)
  onTestFinished(async () => void (await run(url, `drop owned by ${role}; drop role ${role}`)))
  const there = new URL(url)
  there.username = role
  return there.href
}
const rows = (role: string) => `grant select, insert, update, delete on silktower_runners, silktower_locks to ${role};`
const sequence = (role: string) => `grant usage on sequence silktower_runners_machine_id_seq to ${role};`

describeOnPostgres("an engine", () => {
  it("needs no right to make tables", async () => {
    const url = await asRole(await databaseWithTables(), (role) => `${rows(role)} ${sequence(role)}`)
    await agreement([await node({ url })])
  })

  it.each([
    ["rows", sequence],
    ["the sequence", rows]
  ])("says who may not use %s", async (_, grants) => {
    const url = await asRole(await databaseWithTables(), grants)
    await expect(node({ url })).rejects.toMatchObject({
      name: "RightsMissing",
      message: expect.stringMatching(/^The role silktower_role_.*permission denied.*grant usage on/)
    })
  })

  it("says by which command its tables are made", async () => {
    const { url, remove } = await createPostgresDatabase()
    onTestFinished(remove)
    await expect(node({ url })).rejects.toMatchObject({
      name: "TablesMissing",
      missing: ["silktower_runners", "silktower_locks"],
      message: expect.stringContaining("npm run migrate")
    })
  })

  it.each([
    ["PostgreSQL 13.14 on x86_64-pc-linux-gnu", "it is PostgreSQL 13. A cluster needs PostgreSQL 14 or later"],
    ["CockroachDB CCL v24.1.0", "it is no PostgreSQL but CockroachDB. A cluster needs PostgreSQL 14 or later"]
  ])("says what it needs where the database is %s", async (version, said) => {
    const url = await databaseWithTables()
    // What is asked for it finds before the one that tells the truth.
    await run(url, `create function public.version() returns text language sql as $$ select '${version}' $$`)
    const there = `${url}?options=${encodeURIComponent("-c search_path=public,pg_catalog")}`
    await expect(node({ url: there })).rejects.toMatchObject({
      name: "DatabaseUnfit",
      reason: expect.stringContaining(said)
    })
  })

  it.each([
    ["behind", "+"],
    ["ahead of", "-"]
  ])("does not join while its clock is an hour %s the database's", async (how, sign) => {
    const url = await databaseWithTables()
    await run(
      url,
      `create function public.clock_timestamp() returns timestamptz language sql
        as $$ select pg_catalog.clock_timestamp() ${sign} interval '1 hour' $$`
    )
    const there = `${url}?options=${encodeURIComponent("-c search_path=public,pg_catalog")}`
    await expect(node({ url: there })).rejects.toMatchObject({
      name: "ClusterClockDiffers",
      message: expect.stringMatching(new RegExp(`is 3\\d{3} s ${how} that of PostgreSQL at`))
    })
  })

  it("says where no database answers, without its password", async () => {
    const url = `postgres://somebody:sesame-42@127.0.0.1:${await freePort()}/silktower`
    await expect(node({ url })).rejects.toMatchObject({
      name: "DatabaseUnreachable",
      message: expect.not.stringContaining("sesame")
    })
  })

  it("says that its port is taken, and is not registered then", async () => {
    const url = await databaseWithTables()
    const other = createServer()
    await once(other.listen(0, "127.0.0.1"), "listening")
    onTestFinished(() => void other.close())
    const self = `127.0.0.1:${(other.address() as AddressInfo).port}`
    await expect(node({ url, self })).rejects.toMatchObject({
      name: "ClusterAddressUnusable",
      message: `CLUSTER_ADDRESS=${self}: the port is taken by another program. End that one, or choose another port.`
    })
    expect((await run(url, "select from silktower_runners")).rowCount).toBe(0)
  })

  it.each([
    ["198.51.100.7:7946", "this machine has no such address"],
    ["nowhere.invalid:7946", "no such host can be found"],
    ["7946", "it must be host:port"]
  ])("says that it cannot be reached as %s", async (self, said) => {
    await expect(node({ url: await databaseWithTables(), self })).rejects.toMatchObject({
      name: "ClusterAddressUnusable",
      address: self,
      message: expect.stringContaining(said)
    })
  })

  it("does not join nodes that agree on something else, such as a secret", async () => {
    const url = await databaseWithTables()
    const first = await node({ url })
    await agreement([first])
    await expect(node({ url, pact: "deadbeef" })).rejects.toMatchObject({ name: "ClusterDiffers", node: first.self })
    await agreement([first])
  })

  it.each([
    ["longer", 30_000, 3_000],
    ["shorter", 3_000, 30_000]
  ])(
    "does not join nodes with a %s lease, which would be heard of too seldom, or too often",
    async (_, theirs, ours) => {
      const url = await databaseWithTables()
      const first = await node({ url, leaseMs: theirs })
      await agreement([first])
      // As it is for most of the time.
      await run(
        url,
        `update silktower_runners set last_heartbeat = last_heartbeat - interval '${Math.min(theirs, 5_000) - 1_000} milliseconds'`
      )
      await expect(node({ url, leaseMs: ours })).rejects.toMatchObject({
        name: "ClusterDiffers",
        message: expect.stringMatching(new RegExp(`lease ${theirs} .*lease ${ours} .*CLUSTER_LEASE_MS`))
      })
    }
  )

  it("does not join nodes with another number of shards, who go on, and may follow them", async () => {
    const url = await databaseWithTables()
    const first = await node({ url })
    await agreement([first])
    await expect(node({ url, shards: 64 })).rejects.toMatchObject({
      name: "ClusterDiffers",
      node: first.self,
      message: expect.stringContaining(
        "has 32 shards lease 6000 v1 pact 0badcafe, and this server 64 shards lease 6000 v1 pact 0badcafe"
      )
    })
    expect(first.nodes).toEqual([first.self])
    await agreement([first])
    await first.close()
    expect((await node({ url, shards: 64 })).number).toBeGreaterThanOrEqual(0)
  })
})

describeOnPostgres("an engine whose address another one has", () => {
  /** On another machine, where the same address is another one. */
  const twin = (url: string, self: string) => node({ url, leaseMs: 3_000, self, listen: "127.0.0.2" })
  const rows = async (url: string) => (await run(url, "select address, runner from silktower_runners order by 1")).rows

  it("does not start while that one is alive, and disturbs nobody", async () => {
    const url = await databaseWithTables()
    const [first, second] = [await node({ url, leaseMs: 3_000 }), await node({ url, leaseMs: 3_000 })]
    await agreement([first, second])
    const before = [[...first.owners], await rows(url)]
    await expect(twin(url, first.self)).rejects.toMatchObject({
      name: "ClusterAddressTaken",
      message: expect.stringContaining(`CLUSTER_ADDRESS=${first.self}: another server`)
    })
    await looks(first, 3)
    expect([first.owners, await rows(url)]).toEqual(before)
  })

  it("is one of two that start in one moment, and not both", async () => {
    const url = await databaseWithTables()
    const self = await freeAddress()
    const started = await Promise.allSettled([node({ url, leaseMs: 3_000, self }), twin(url, self)])
    expect(started.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"])
    expect(started.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { name: "ClusterAddressTaken" }
    })
  })

  it("starts when that one was killed, which nobody else has noticed", async () => {
    const url = await databaseWithTables()
    const first = await nodeProcess({ url, leaseMs: 3_000 })
    await agreement([first])
    await first.close()
    const second = await node({ url, leaseMs: 3_000, self: first.self })
    await agreement([second])
  })
})

describeOnPostgres("the engine's tables", () => {
  /** Everything about them that matters to statements. */
  const shapeOf = (url: string) =>
    withClient(url, async (client) => {
      const ours = `c.relnamespace = 'public'::regnamespace and c.relname in ('${tablePrefix}_runners', '${tablePrefix}_locks')`
      const columns = await client.query(
        `select c.relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid)
           from pg_class c join pg_attribute a on attrelid = c.oid left join pg_attrdef on adrelid = c.oid and adnum = attnum
          where ${ours} and attnum > 0 and not attisdropped order by c.relname, attnum`
      )
      const constraints = await client.query(
        `select c.relname, conname, pg_get_constraintdef(k.oid) from pg_class c join pg_constraint k on conrelid = c.oid
          where ${ours} order by 1, 2`
      )
      const indexes = await client.query(
        `select pg_get_indexdef(indexrelid) from pg_class c join pg_index on indrelid = c.oid where ${ours} order by 1`
      )
      return { columns: columns.rows, constraints: constraints.rows, indexes: indexes.rows }
    })
  const tablesIn = async (url: string) =>
    (await run(url, `select tablename from pg_tables where schemaname = 'public' order by 1`)).rows.map(
      ({ tablename }) => tablename as string
    )

  it("are what the library would make by itself", async () => {
    const { url, remove } = await createPostgresDatabase()
    onTestFinished(remove)
    const open = async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return client
    }
    const theirs = SqlRunnerStorage.layerMigrations({ prefix: tablePrefix }).pipe(Layer.provide(sqlOnPg(open)))
    await Effect.runPromise(Effect.scoped(Layer.build(theirs)))
    expect(await tablesIn(url)).toEqual([
      `${tablePrefix}_locks`,
      `${tablePrefix}_runner_migrations`,
      `${tablePrefix}_runners`
    ])
    const made = await shapeOf(url)
    expect(made.columns.length).toBeGreaterThan(0)
    expect(await shapeOf(await databaseWithTables())).toEqual(made)
  })

  it("are taken over where the library has made them", async () => {
    const url = await databaseWithTables()
    await run(url, "delete from silktower_migrations where name >= '0005_cluster_engine'")
    expect(await withClient(url, migrate)).toEqual(["0005_cluster_engine", "0006_sfu_places"])
  })
})

describe("the address of a node", () => {
  it.each([
    ["10.0.0.5:7946", { host: "10.0.0.5", port: 7946 }],
    ["[fd00::5]:1", { host: "fd00::5", port: 1 }],
    ["silktower-0.silktower:65534", { host: "silktower-0.silktower", port: 65_534 }]
  ])("is read and written as %s", (text, address) => {
    expect(readNodeAddress(text)).toEqual(address)
    expect(writeNodeAddress(address)).toBe(text)
  })

  it.each([
    // Its next port would be none.
    "silktower-0.silktower:65535",
    "",
    "7946",
    "host",
    "host:",
    ":7946",
    "fd00::5:7946",
    "[fd00::5]",
    "host:0",
    "host:65536",
    "a b:1",
    "http://x:1",
    "x:1/y"
  ])("is not %j", (text) => expect(readNodeAddress(text)).toBeUndefined())
})
