import { generate } from "selfsigned"
import { expect, it, onTestFinished } from "vitest"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { describeOnPostgres, withClient } from "../../../support/databases.ts"
import {
  agreement,
  databaseWithTables,
  isAgreed,
  node,
  nodeProcess,
  sharesOf,
  until
} from "../../../support/engineNodes.ts"
import { createCluster, postgresPrograms } from "../../../support/standIns/cluster.ts"
import { startWay } from "../../../support/standIns/way.ts"

/** Longer than the tests take. */
const longLeaseMs = 60_000

describeOnPostgres("engines when one fails", () => {
  it("have its shards within a few looks when its process is killed and somebody says so", async () => {
    const url = await databaseWithTables()
    const [first, second, third] = await Promise.all([
      node({ url, leaseMs: longLeaseMs }),
      node({ url, leaseMs: longLeaseMs }),
      nodeProcess({ url, leaseMs: longLeaseMs })
    ])
    await agreement([first, second, third])
    await third.close()
    const killedAt = performance.now()
    first.strike(third.self)
    await agreement([first, second])
    expect(performance.now() - killedAt).toBeLessThan(longLeaseMs / 4)
    // What was not its own has not moved.
    expect([...first.released, ...second.released].length).toBe(new Set([...first.released, ...second.released]).size)
  })

  it("have its shards after the lease when nobody says so", async () => {
    const url = await databaseWithTables()
    const leaseMs = 3_000
    const [first, second, third] = await Promise.all([
      node({ url, leaseMs }),
      node({ url, leaseMs }),
      nodeProcess({ url, leaseMs })
    ])
    await agreement([first, second, third])
    await third.close()
    await agreement([first, second])
    expect(first.nodes).not.toContain(third.self)
  })

  it("have its shards when it stands still, which it learns when it goes on", async () => {
    const url = await databaseWithTables()
    const [first, second, third] = await Promise.all([node({ url }), node({ url }), nodeProcess({ url })])
    await agreement([first, second, third])
    const its = third.owners.flatMap((owner) => (owner?.node === third.self ? [owner.epoch] : []))
    expect(its.length).toBeGreaterThan(0)
    third.child.kill("SIGSTOP")
    await agreement([first, second])
    third.child.kill("SIGCONT")
    await until([third], () => its.every((epoch) => third.released.includes(epoch)))
    await until(
      [first, second, third],
      () => isAgreed([first, second, third]) && sharesOf([first, second, third])[2] !== 0
    )
    expect(third.owners.filter((owner) => owner !== null && its.includes(owner.epoch))).toEqual([])
    expect([first, second, third].flatMap(({ stale }) => stale)).toEqual([])
  })

  it("tell nobody of a shard that they have lost, as while one that stood still cannot ask for its locks", async () => {
    const url = await databaseWithTables()
    const way = await startWay(url)
    onTestFinished(way.close)
    const [first, second, third] = await Promise.all([node({ url }), node({ url }), nodeProcess({ url: way.url })])
    await agreement([first, second, third])
    third.child.kill("SIGSTOP")
    await agreement([first, second])
    // The session of its locks has ended meanwhile, and it says at once that it is there.
    way.blockNew()
    third.child.kill("SIGCONT")
    await until([third], () => third.released.length > 0)
    way.mend()
    await until(
      [first, second, third],
      () => isAgreed([first, second, third]) && sharesOf([first, second, third])[2] !== 0
    )
    expect([first, second, third].flatMap(({ stale }) => stale)).toEqual([])
  })

  const programs = postgresPrograms()
  // Where tests must not be left out, this one fails without PostgreSQL's programs.
  const isLeftOut = programs === undefined && process.env["CI"] === undefined
  it.skipIf(isLeftOut)("have owners again, one for each shard, when the database was away", async () => {
    expect(programs).toBeDefined()
    const own = await generate([{ name: "commonName", value: "127.0.0.1" }])
    const postgres = await createCluster(programs!, {
      tls: { certificate: own.cert, key: own.private, authority: own.cert },
      access: [
        "local all all trust",
        "host all postgres 127.0.0.1/32 trust",
        "hostssl all bound 127.0.0.1/32 scram-sha-256"
      ]
    })
    onTestFinished(postgres.remove)
    await postgres.start()
    await withClient(postgres.url, async (client) => {
      await migrate(client)
      await client.query("create role bound superuser login password 'sesame'")
    })
    // As hosted databases have it: encrypted, and the login bound to that.
    const url = `${postgres.url.replace("postgres@", "bound:sesame@")}?sslmode=require&channel_binding=require`
    const nodes = await Promise.all([node({ url }), node({ url }), nodeProcess({ url })])
    await agreement(nodes)
    const numbers = nodes.map(({ number }) => number)
    await postgres.stop()
    await until(nodes, () => nodes.every(({ owners }) => owners.every((owner) => owner === null)))
    await postgres.start()
    await agreement(nodes)
    for (const share of sharesOf(nodes)) expect(share).toBeGreaterThan(0)
    const late = await node({ url })
    await agreement([...nodes, late])
    expect(numbers).not.toContain(late.number)
    const lines = nodes.flatMap((each) => each.lines)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => line.includes("sesame"))).toEqual([])
    // One that leaves while it is away is not held up.
    await postgres.stop()
    await Promise.all([late, ...nodes].map((each) => each.close()))
  })
})
