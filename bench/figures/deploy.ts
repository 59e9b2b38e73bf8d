import { addressOf, BenchSocket } from "../benchSocket.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import type { Server } from "../servers.ts"
import { type Setting, withBoth } from "../setting.ts"

const clients = 5_000
/** Connections that are being made at one time: more than 4,096 find no place before they are accepted (Linux), and come again
 * after a second, which would be all that is measured. */
const underWay = 4_000

/** All clients of a server come back in one moment; milliseconds until the last one is registered. */
const comeBack = async (server: Server): Promise<number> => {
  const began = performance.now()
  const sockets: BenchSocket[] = []
  let next = 0
  const comeOneByOne = async () => {
    while (next < clients) {
      const socket = await BenchSocket.open(server.port, addressOf(next++))
      sockets.push(socket)
      await socket.next("registered")
    }
  }
  await Promise.all(Array.from({ length: underWay }, comeOneByOne))
  const took = performance.now() - began
  for (const socket of sockets) socket.cut()
  while ((await server.usage()).sockets > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return took
}

export const deploy = async (setting: Setting): Promise<readonly Figure[]> =>
  withBoth(setting, async (silktower, bare) => {
    const rounds = await takeTurns(
      setting.size.rounds,
      () => comeBack(silktower),
      () => comeBack(bare)
    )
    const name = `${clients.toLocaleString("en")} clients come back at once, until all are registered`
    return [compare(name, "ms", "ratio", 1.5, rounds)]
  })
