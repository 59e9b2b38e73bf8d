import { once } from "node:events"
import { connect } from "node:net"
import { expect, it } from "vitest"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../../../support/databases.ts"
import {
  agreement,
  databaseWithTables,
  isAgreed,
  type Node,
  node,
  nodeProcess,
  sharesOf,
  shards,
  until
} from "../../../support/engineNodes.ts"
import { describeWithPooler, startPooler } from "../../../support/standIns/pooler.ts"
import { onTestFinished } from "vitest"

const epochsOf = (viewer: Node, { self }: Node): readonly string[] =>
  viewer.owners.flatMap((owner) => (owner?.node === self ? [owner.epoch] : []))

describeOnPostgres("engines of one cluster", () => {
  it("agree on one owner for each shard, and all of them have some", async () => {
    const url = await databaseWithTables()
    const nodes = await Promise.all([node({ url }), node({ url }), node({ url })])
    await agreement(nodes)
    expect(sharesOf(nodes).reduce((sum, share) => sum + share)).toBe(shards)
    for (const share of sharesOf(nodes)) expect(share).toBeGreaterThan(3)
    const addresses = nodes.map(({ self }) => self).toSorted()
    await until(nodes, () => nodes.every(({ nodes: seen }) => `${seen.toSorted()}` === `${addresses}`))
    expect(nodes.flatMap(({ lines }) => lines)).toEqual([])
  })

  it("have different numbers, also where the registry's own would be the same in two characters", async () => {
    const url = await databaseWithTables()
    const first = await node({ url })
    const skip = `select setval('silktower_runners_machine_id_seq', ${first.number + 2 * 36 ** 2 - 1})`
    await withClient(url, (client) => client.query(skip))
    const others = await Promise.all([node({ url }), node({ url })])
    const numbers = [first, ...others].map(({ number }) => number)
    expect(new Set(numbers).size).toBe(3)
    for (const number of numbers) expect(number).toSatisfy((found: number) => found >= 0 && found < 36 ** 2)
  })

  it("hand shards over to one that comes, and when one leaves, each only when it has been let go of", async () => {
    const url = await databaseWithTables()
    const told: string[] = []
    const tell = (what: string) => void told.push(what)
    const first: Node = await node({
      url,
      // As long as two looks of somebody else take.
      onRelease: async (shard) => {
        tell(`${shard} is let go of`)
        for (const _ of [1, 2]) if (second !== undefined) await nextLook(second)
        tell(`${shard} is free`)
      }
    })
    await agreement([first])
    let second: Node | undefined
    second = await node({ url, onOwner: (shard, owner) => owner?.node === second?.self && tell(`${shard} is taken`) })
    const third = await node({ url })
    await until([first, third], () => sharesOf([third, first]).every((share) => share > 0) && isAgreed([first, third]))
    await first.close()
    await agreement([third])
  })

  it("go on where one has left, is killed and struck, or is killed and nobody says so", async () => {})
})
