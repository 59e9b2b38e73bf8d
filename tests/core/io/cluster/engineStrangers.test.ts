/** Who is none of the cluster's is not heard by its engines, and is told of by name. */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import * as Redacted from "effect/Redacted"
import { expect, it, onTestFinished } from "vitest"
import { createEngineGreetings } from "../../../../src/io/cluster/engine/engineGreeting.ts"
import { clusterLimits } from "../../../../src/io/cluster/limits.ts"
import { readNodeAddress } from "../../../../src/io/cluster/nodeAddress.ts"
import { describeOnPostgres } from "../../../support/databases.ts"
import { agreement, databaseWithTables, engineSecret, type Node, node, until } from "../../../support/engineNodes.ts"

const dial = async ({ self }: Node): Promise<Socket> => {
  const { host, port } = readNodeAddress(self)!
  const socket = connect(port, host).on("error", () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, "connect")
  return socket
}
/** Resolves when it has ended, in whichever way, with the bytes that came. */
const ended = (socket: Socket): Promise<number> =>
  new Promise((resolve) => socket.resume().on("close", () => resolve(socket.bytesRead)))
/** What a listener says before it has heard anything. */
const openingBytes = 41

const greeting = async (node: Node, secret = engineSecret, refused = (..._: unknown[]) => {}) => {
  const socket = await dial(node)
  const { greet } = createEngineGreetings({ self: "127.0.0.1:1", secret, refused })
  return { socket, isTaken: await greet(socket, node.self) }
}

describeOnPostgres("an engine's port", () => {
  it("ends what is no greeting, tells of it by name, and stays what it is", async () => {
    const url = await databaseWithTables()
    const [first, second] = [await node({ url }), await node({ url })]
    await agreement([first, second])
    const before = [...first.owners]
    for (const garbage of [
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      Buffer.alloc(4096),
      Buffer.alloc(100_000, 255),
      // What its opening is, and then nothing.
      Buffer.from("silktower engine\n")
    ]) {
      const socket = await dial(first)
      socket.write(garbage)
      expect(await ended(socket)).toBeLessThanOrEqual(openingBytes)
    }
    const silent = await Promise.all(Array.from({ length: 500 }, () => dial(first)))
    const began = performance.now()
    expect(await Promise.all(silent.map(ended))).toEqual(silent.map(() => openingBytes))
    expect(performance.now() - began).toBeLessThan(10 * clusterLimits.greetingMs)
    const line = { level: "warn", message: "cluster:refused", node: "127.0.0.1" }
    expect(first.lines.map((line) => JSON.parse(line))).toEqual([
      { ...line, reason: "malformed" },
      { ...line, reason: "late" }
    ])
    expect(first.owners).toEqual(before)
  })

  it("refuses another secret, and lets nobody in by what was overheard", async () => {
    const first = await node({ url: await databaseWithTables() })
    const { socket, isTaken } = await greeting(first, Redacted.make("another secret, of the same length"))
    expect(isTaken).toBe(false)
    expect(await ended(socket)).toBe(openingBytes)
    await until([first], () => first.lines.length > 0)
    expect(first.lines.map((line) => JSON.parse(line))).toMatchObject([{ node: "127.0.0.1", reason: "secret" }])

    const overheard: Buffer[] = []
    const good = await dial(first)
    const write = good.write.bind(good)
    good.write = ((bytes: Buffer) => {
      overheard.push(bytes)
      return write(bytes)
    }) as typeof good.write
    const { greet } = createEngineGreetings({ self: "127.0.0.1:1", secret: engineSecret, refused: () => {} })
    expect(await greet(good, first.self)).toBe(true)
    const again = await dial(first)
    again.write(Buffer.concat(overheard))
    expect(await ended(again)).toBe(openingBytes)
    expect(good.destroyed).toBe(false)
  })

  it("is not spoken to by a node that has another secret, nor believed by one", async () => {
    const first = await node({ url: await databaseWithTables() })
    const refused: unknown[] = []
    // It is the one that was meant, and another one answers.
    const socket = await dial(first)
    const { greet } = createEngineGreetings({
      ...{ self: "127.0.0.1:1", secret: engineSecret },
      refused: (...said) => void refused.push(said)
    })
    expect(await greet(socket, "10.0.0.5:7946")).toBe(false)
    await until([first], () => first.lines.length > 0)
    expect(first.lines.map((line) => JSON.parse(line))).toMatchObject([{ node: "127.0.0.1", reason: "secret" }])
    expect(refused).toEqual([])
  })

  it("closes while somebody is still greeting it", async () => {
    const leaving = await node({ url: await databaseWithTables() })
    const greeters = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = await dial(leaving)
        const write = socket.write.bind(socket)
        const said = Promise.withResolvers<() => void>()
        socket.write = ((bytes: Buffer) => {
          said.resolve(() => void write(bytes))
          return true
        }) as typeof socket.write
        const { greet } = createEngineGreetings({ self: "127.0.0.1:1", secret: engineSecret, refused: () => {} })
        void greet(socket, leaving.self)
        return said.promise
      })
    )
    const closed = leaving.close()
    // It listens no more, and the last word of the greeting comes now.
    await expect
      .poll(
        () =>
          dial(leaving).then(
            () => "taken",
            ({ code }) => code
          ),
        { interval: 5 }
      )
      .toBe("ECONNREFUSED")
    for (const goOn of greeters) goOn()
    await closed
  })
})
