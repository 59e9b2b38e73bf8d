/** What nodes are told of each other's shards where an answer gets lost on its way. */
import { once } from "node:events"
import { createServer, connect as dial, type Socket } from "node:net"
import * as Effect from "effect/Effect"
import type { FromServerEncoded } from "effect/rpc/RpcMessage"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { expect, it, onTestFinished } from "vitest"
import { describeOnPostgres } from "../../../support/databases.ts"
import { agreement, databaseWithTables, freeAddress, node } from "../../../support/engineNodes.ts"
import { freePort } from "../../../support/freePort.ts"

const serialization = Effect.runSync(
  Effect.provide(Effect.service(RpcSerialization.RpcSerialization), RpcSerialization.layerSchemaBinary())
)

/** What an engine says before the library does: its opening, a nonce, and its proof (engineGreeting.ts). */
const greetingBytes = 17 + 24 + 32

/** In front of a node's engine; loses the first `count` answers that it gives. */
const losingAnswers = async (node: string, count: number) => {
  const port = await freePort()
  const [host, digits] = node.split(":") as [string, string]
  const sockets = new Set<Socket>()
  let lost = 0
  const server = createServer((dialler) => {
    const listener = dial(Number(digits), host)
    const { decode } = serialization.makeUnsafe()
    const { encode } = serialization.makeUnsafe()
    dialler.on("data", (bytes) => listener.write(bytes))
    let greeted = 0
    listener.on("data", (bytes: Buffer) => {
      const greeting = bytes.subarray(0, greetingBytes - greeted)
      greeted += greeting.length
      dialler.write(greeting)
      for (const answer of decode(bytes.subarray(greeting.length)) as readonly FromServerEncoded[]) {
        if (answer._tag === "Chunk" && lost < count) lost++
        else dialler.write(encode(answer) as Uint8Array)
      }
    })
    for (const [socket, other] of [
      [dialler, listener],
      [listener, dialler]
    ] as const) {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => other.destroy())
    }
  })
  await once(server.listen(port, "127.0.0.1"), "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { address: `127.0.0.1:${port}`, lost: () => lost }
}

describeOnPostgres("a watch of another node's shard", () => {
  it("is taken up again when nothing is heard of it", async () => {
    const url = await databaseWithTables()
    const theirs = await freeAddress()
    const way = await losingAnswers(theirs, 10)
    const leaseMs = 2_000
    const first = await node({ url, leaseMs, via: (to) => (to === theirs ? way.address : to) })
    const second = await node({ url, leaseMs, self: theirs })
    await agreement([first, second])
    expect(way.lost()).toBe(10)
  })
})
