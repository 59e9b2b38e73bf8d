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

/**
 * Ports of this machine of which each and the next are free, as many as that. They are below those that the system gives to
 * whoever asks for any: nobody else comes between their choice and their use.
 */
export const freePortPairs = async (count: number, host = "127.0.0.1"): Promise<readonly number[]> => {
  const isFree = async (port: number): Promise<boolean> => {
    const server = createServer()
    const listening = await once(server.listen(port, host), "listening").catch(() => undefined)
    await new Promise((resolve) => server.close(resolve))
    return listening !== undefined
  }
  const found = new Set<number>()
  while (found.size < count) {
    const port = 16_000 + 2 * Math.floor(Math.random() * 8_000)
    if (!found.has(port) && (await isFree(port)) && (await isFree(port + 1))) found.add(port)
  }
  return [...found]
}
