/** Taking the port, and saying which setting to change when it cannot be had. */
import type { Server } from "node:net"
import { limits } from "../../limits.ts"

/** Resolves when the server listens; rejects with CannotListen. */
export const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new CannotListen(host, port, error)))
    server.listen({ port, host, backlog: limits.backlog }, resolve)
  })

export class CannotListen extends Error {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = reasons[cause.code ?? ""]?.(host, port)
    super(reason ?? `Cannot listen on port ${port} (PORT) of ${host} (HOST): ${cause.message}.`, { cause })
    this.name = "CannotListen"
  }
}

const noSuchHost = (host: string) =>
  `HOST=${host} is no host that can be found: set HOST (or --host) to an address of this machine, or 0.0.0.0 for all.`

const noSuchAddress = (host: string) =>
  `HOST=${host} is no address of this machine: set HOST (or --host) to one that is, or 0.0.0.0 for all.`

const reasons: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} of ${host} is taken by another program: end that one, or set PORT (or --port) to another port.`,
  EACCES: (_, port) =>
    `Port ${port} may not be used by this user: set PORT (or --port) to one from 1024 on, or give Node the right to it.`,
  EADDRNOTAVAIL: noSuchAddress,
  // A link-local IPv6 address without its interface.
  EINVAL: noSuchAddress,
  EAFNOSUPPORT: noSuchAddress,
  ENOTFOUND: noSuchHost,
  EAI_AGAIN: noSuchHost
}
