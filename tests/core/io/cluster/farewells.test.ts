import { expect, it } from "vitest"
import { createFarewells } from "../../../../src/io/cluster/farewells.ts"

const farewells = (nodes: Set<string>, withinMs = 60_000) => {
  const told: string[] = []
  const { take, said } = createFarewells({ nodes: () => nodes, tell: (node) => void told.push(node), withinMs })
  let isDone = false
  const taken = take().then(() => {
    isDone = true
  })
  /** What follows from what was said has happened. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { told, said, taken, settled, isDone: () => isDone }
}

it("a node that goes waits until all others have answered twice", async () => {
  const { told, said, taken, settled, isDone } = farewells(new Set(["b", "c"]))
  expect(told).toEqual(["b", "c"])
  said("b")
  await settled()
  expect(told).toHaveLength(2)
  said("c")
  await settled()
  expect(told).toEqual(["b", "c", "b", "c"])
  said("c")
  await settled()
  expect(isDone()).toBe(false)
  said("b")
  await taken
})

it("a node that goes waits for nobody who has parted, and not for ever", async () => {
  const nodes = new Set(["b"])
  const { said, taken } = farewells(nodes)
  nodes.delete("b")
  said("b")
  await taken
  await farewells(new Set(["silent"]), 20).taken
})

it("a node that is the last one goes at once", async () => {
  await farewells(new Set()).taken
})
