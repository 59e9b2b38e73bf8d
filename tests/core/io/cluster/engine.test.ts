import { once } from "node:events"
import { connect } from "node:net"
import pg from "pg"
import { expect, it, onTestFinished } from "vitest"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { describeOnPostgres, withClient } from "../../../support/databases.ts"
import {
  agreement,
  databaseWithTables,
  freeAddress,
  isAgreed,
  looks,
  type Node,
  node,
  shards,
  sharesOf,
  until
} from "../../../support/engineNodes.ts"
import { freePort } from "../../../support/freePort.ts"
import { describeWithPooler, startPooler } from "../../../support/standIns/pooler.ts"

/** A URL with what its sessions are told. */
const told = (url: string, settings: string): string => `${url}?options=${encodeURIComponent(settings)}`

describeOnPostgres("engines of one cluster", () => {
  it("agree on one owner for each shard, and all of them have some", async () => {
    const url = await databaseWithTables()
    const nodes = await Promise.all([node({ url }), node({ url }), node({ url })])
    await agreement(nodes)
    expect(sharesOf(nodes).reduce((sum, share) => sum + share)).toBe(shards)
    for (const share of sharesOf(nodes)) expect(share).toBeGreaterThan(shards / 8)
    const addresses = nodes.map(({ self }) => self).toSorted()
    await until(nodes, () => nodes.every(({ nodes: seen }) => `${seen.toSorted()}` === `${addresses}`))
  })

  it("have different numbers, also where the registry's own would be the same in two characters", async () => {
    const url = await databaseWithTables()
    const first = await node({ url })
    const skip = `select setval('silktower_runners_machine_id_seq', ${first.number + 2 * 36 ** 2 - 1})`
    await withClient(url, (client) => client.query(skip))
    const others = [await node({ url }), await node({ url })]
    expect([first, ...others].map(({ number }) => number)).toEqual([first.number, first.number + 1, first.number + 2])
  })

  it("keep their number when they are taken out of the registry and are alive", async () => {
    const url = await databaseWithTables()
    const [first, second] = await Promise.all([node({ url }), node({ url })])
    await agreement([first, second])
    let isMissed = false
    second.changes.on("change", () => (isMissed ||= first.nodes.length === 1))
    first.changes.on("change", () => (isMissed ||= first.nodes.length === 1))
    const registered = (): Promise<unknown[]> =>
      withClient(url, async (client) => (await client.query("select machine_id from silktower_runners")).rows)
    const before = await registered()
    // Its own next look may come before the other's, who then does not miss it.
    while (!isMissed) {
      first.strike(second.self)
      await looks(first, 1)
    }
    await until([first], () => first.nodes.length === 2)
    await agreement([first, second])
    expect(await registered()).toEqual(expect.arrayContaining(before))
  })

  it("hand shards over to one that comes, and when one leaves, each only when it has been let go of", async () => {
    const url = await databaseWithTables()
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    onTestFinished(() => pool.end())
    const askForHolders = async (): Promise<ReadonlyMap<number, number>> => {
      const { rows } = await pool.query<{ shard: number; pid: number }>(
        `select (objid::bigint % 1000000 - 1)::int as shard, pid from pg_locks
          join pg_database d on d.oid = database and datname = current_database()
          where locktype = 'advisory' and granted`
      )
      return new Map(rows.map(({ shard, pid }) => [shard, pid]))
    }
    let asking: ReturnType<typeof askForHolders> | undefined
    /** The sessions of PostgreSQL that have the shards' locks: many are let go of in one moment, which has a second to end. */
    const holders = () => {
      if (asking === undefined) queueMicrotask(() => void (asking = undefined))
      asking ??= askForHolders()
      return asking
    }
    const given = new Set<string>()
    const early: number[] = []
    const first: Node = await node({
      url,
      onRelease: async (shard, epoch) => {
        const holder = (await holders()).get(shard)
        await looks(first, 1)
        if (holder === undefined || (await holders()).get(shard) !== holder) early.push(shard)
        given.add(epoch)
      }
    })
    await agreement([first])
    const before = first.owners.map((owner) => owner?.epoch ?? "")
    const second: Node = await node({ url })
    await until([first, second], () => isAgreed([first, second]) && sharesOf([second]).every((share) => share > 0))
    const moved = before.filter((epoch) => !first.owners.some((owner) => owner?.epoch === epoch))
    expect(moved.length).toBeGreaterThan(0)
    expect([...given].toSorted()).toEqual(moved.toSorted())
    await first.close()
    expect([...given].toSorted()).toEqual(before.toSorted())
    await agreement([second])
    expect(early).toEqual([])
  })

  it("take a shard for their own until they let go of it, and no longer", async () => {
    const url = await databaseWithTables()
    const [first, second] = await Promise.all([node({ url }), node({ url })])
    await agreement([first, second])
    const third = await node({ url })
    await until([first, second, third], () => isAgreed([first, second, third]) && sharesOf([third])[0] !== 0)
    await second.close()
    await agreement([first, third])
    expect(first.released.length).toBeGreaterThan(0)
    expect([first, third].flatMap(({ stale }) => stale)).toEqual([])
  })

  it("give a shard away after a second where letting go of it never ends, or fails", async () => {
    const url = await databaseWithTables()
    const [first, second, third] = await Promise.all([
      node({ url, onRelease: () => new Promise(() => {}) }),
      node({ url, onRelease: () => Promise.reject(new Error("It is stuck")) }),
      node({ url })
    ])
    await agreement([first, second, third])
    await Promise.all([first.close(), second.close()])
    await agreement([third])
    expect(second.lines.join()).toContain("It is stuck")
  })

  it("are one where their addresses are of both families, and their roles live in different time zones", async () => {
    const url = await databaseWithTables()
    const nodes = await Promise.all([
      node({ url: told(url, "-c TimeZone=Asia/Tokyo") }),
      node({ url: told(url, "-c TimeZone=America/Lima"), self: `[::1]:${await freePort()}` })
    ])
    await agreement(nodes)
    for (const share of sharesOf(nodes)) expect(share).toBeGreaterThan(0)
  })

  it("are two where they are in two schemas of one database, whatever these are called", async () => {
    const url = await databaseWithTables()
    const other = told(url, `-c search_path="a.b"`)
    await withClient(url, (client) => client.query(`create schema "a.b"`))
    await withClient(other, migrate)
    const [one, two] = await Promise.all([node({ url }), node({ url: other })])
    await Promise.all([agreement([one]), agreement([two])])
    expect(sharesOf([one])).toEqual([shards])
  })

  it("go on when somebody else speaks to their port", async () => {
    const url = await databaseWithTables()
    const self = await freeAddress()
    const first = await node({ url, self })
    const noise = [Buffer.alloc(100_000, 0xff), Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Buffer.from([0])]
    for (const bytes of noise) {
      const socket = connect(Number(self.split(":")[1]), "127.0.0.1")
      socket.on("error", () => {})
      onTestFinished(() => void socket.destroy())
      await once(socket, "connect")
      socket.end(bytes)
      socket.resume()
      // Reset, where it has not been read to its end.
      await new Promise((resolve) => socket.once("close", resolve))
    }
    const second = await node({ url })
    await agreement([first, second])
  })

  describeWithPooler("through PgBouncer", () => {
    it("lock by rows, as a session there is anybody's", async () => {
      const direct = await databaseWithTables()
      const pooler = await startPooler({ size: 2 })
      onTestFinished(pooler.stop)
      const url = pooler.through(direct)
      // The longest that there is: it is in the name of each lock.
      const leaseMs = 600_000
      const [first, second] = await Promise.all([node({ url, leaseMs }), node({ url, leaseMs })])
      await agreement([first, second])
      const { rows } = await withClient(direct, (client) =>
        client.query("select address, count(*)::int from silktower_locks group by address order by address")
      )
      const shares = sharesOf([first, second])
      const expected = [first, second].map(({ self }, at) => ({ address: self, count: shares[at] }))
      expect(rows).toEqual(expected.toSorted((one, other) => (one.address < other.address ? -1 : 1)))
      await first.close()
      await agreement([second])
    })
  })
})
