/** What people notice when a node dies on which their conference is: in processes. */
import { once } from "node:events"
import { afterEach, beforeEach, expect, it } from "vitest"
import { clusterSecret } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { type ServerProcess, startProcess } from "../../../support/process.ts"
import { dialSfu, type SfuClient, secret } from "../sfuClient.ts"

describeOnPostgres("a call, of three servers that are one", () => {
  const url = useDatabase()
  let nodes: ServerProcess[] = []
  const clients: SfuClient[] = []
  const start = (port: number) =>
    startProcess(
      {
        DATABASE_URL: url,
        SFU_PATH: "/sfu",
        SFU_JWT_SECRET: secret,
        CLUSTER_ADDRESS: `127.0.0.1:${port}`,
        CLUSTER_SECRET: clusterSecret,
        CLUSTER_LEASE_MS: "6000",
        CLUSTER_LOOK_MS: "250",
        LOG_LEVEL: "warn",
        // As the server's own start does.
        NODE_COMPILE_CACHE: "node_modules/.cache/silktower"
      },
      [process.execPath, "tests/protocols/sfu/cluster/nodeProcess.ts"]
    )
  beforeEach(async () => {
    nodes = []
    // One after the other, so that all that have begun are ended.
    for (const port of await freePortPairs(3)) nodes.push(await start(port))
    for (const { http } of nodes) {
      await expect.poll(async () => (await fetch(`${http}/readyz`)).status, { timeout: 30_000, interval: 50 }).toBe(200)
    }
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await Promise.all(nodes.map((node) => (node.child.signalCode === null ? node.kill() : undefined)))
  })

  const join = async (node: number, userId: string) => {
    const client = await dialSfu(nodes[node] as ServerProcess, { userId, userName: userId })
    clients.push(client)
    await once(client.socket, "open")
    const { existingProducers } = await client.join()
    return { client, sees: existingProducers.map((each: { userId: string }) => each.userId) as string[] }
  }
  const expectToMeet = async () => {
    const ada = await join(0, "ada")
    await ada.client.produce()
    expect((await join(1, "bob")).sees).toEqual(["ada"])
  }

  it("whose node is killed: all are told to come again, and begin it elsewhere", async () => {
    const host = await join(2, "eve")
    const far = [await join(0, "ada"), await join(1, "bob")]
    await nodes[2]?.kill()
    expect((await host.client.closed()).code).toBe(1006)
    for (const { client } of far) {
      expect(await client.closed()).toEqual({ code: 1011, reason: "Media engine restarted" })
    }
    await expectToMeet()
  })

  it("whose node stands still: all others are told so within a lease, and begin it elsewhere", async () => {
    await join(2, "eve")
    const far = [await join(0, "ada"), await join(1, "bob")]
    nodes[2]?.child.kill("SIGSTOP")
    for (const { client } of far) {
      expect(await client.closed()).toEqual({ code: 1011, reason: "Media engine restarted" })
    }
    await expectToMeet()
  })
})
