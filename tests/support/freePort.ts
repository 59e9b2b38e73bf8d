import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"

/** A port of this machine that nobody listens on at the moment. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ports of this machine of which each and the next are free, as many as that. */
export const freePortPairs = async (count: number, host = "127.0.0.1"): Promise<readonly number[]> => {
  const listen = async (port: number) => {
    const server = createServer()
    await once(server.listen(port, host), "listening")
    return server
  }
  const found: number[] = []
  const held: Awaited<ReturnType<typeof listen>>[] = []
  while (found.length < count) {
    const first = await listen(0)
    held.push(first)
    const { port } = first.address() as AddressInfo
    const second = await listen(port + 1).catch(() => undefined)
    if (second === undefined) continue
    held.push(second)
    found.push(port)
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return found
}
