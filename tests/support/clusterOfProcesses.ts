/** Three servers that are one, each a process of its own, for tests that kill some of them. */
import { afterEach, beforeEach, expect } from "vitest"
import { clusterSecret } from "./clusterOfServers.ts"
import { freePortPairs } from "./freePort.ts"
import { type ServerProcess, startProcess } from "./process.ts"

/** New ones for each test, each with its address among the others. The list is the same one, with other servers in it. */
export const useProcesses = (size: number, environment: () => Readonly<Record<string, string>>) => {
  const nodes: (ServerProcess & { readonly address: string })[] = []
  const ready = ({ http }: ServerProcess) =>
    expect.poll(async () => (await fetch(`${http}/readyz`)).status, { timeout: 30_000, interval: 50 }).toBe(200)

  beforeEach(async () => {
    // One after the other, so that all that have begun are ended.
    for (const port of await freePortPairs(size)) {
      const address = `127.0.0.1:${port}`
      const node = await startProcess({
        CLUSTER_ADDRESS: address,
        CLUSTER_SECRET: clusterSecret,
        CLUSTER_LEASE_MS: "6000",
        CLUSTER_LOOK_MS: "250",
        LOG_LEVEL: "warn",
        ...environment()
      })
      nodes.push({ ...node, address })
    }
    await Promise.all(nodes.map(ready))
  }, 120_000)
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => (node.child.exitCode === null ? node.kill() : undefined)))
  }, 60_000)
  return nodes
}
