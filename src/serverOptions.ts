/** What a program says that starts a server, and what it is given: see startServer.ts. Free of everything but Node's types. */
import type { Server } from "node:http"
import type { Server as SecureServer } from "node:https"
import type { AddressInfo } from "node:net"

/** The names of the protocols that can be served. */
export type ProtocolName = "dropsilk" | "noisytransfer" | "named-peers" | "rondevu" | "rondevu-sessions" | "sfu"

export interface ServerOptions {
  /** TCP port; 0 for any free one. Default: 8080. */
  readonly port?: number
  /** Address to listen on. Default: 0.0.0.0. */
  readonly host?: string
  /** Instead of a port: a server of yours. We answer what is ours, and your own listeners everything else. */
  readonly server?: Server | SecureServer
  /**
   * With `server`: all of ours is below this path, such as `/signaling`. Default: `/`, where ours are all paths that we answer
   * (`/openapi.json` lists them) but the page at `/` and the icon, the WebSocket at `/`, and what is below a protocol's path.
   */
  readonly basePath?: string
  /** Folder of the embedded database, made if it is not there. Default: `.data`. */
  readonly dataDir?: string
  /** URL of a PostgreSQL, whose tables are there (`silktower migrate`). Default: the embedded database. */
  readonly databaseUrl?: string
  /** Pages that may come, such as `https://app.example.org`. Default: those of the known apps; see docs/operations.md. */
  readonly allowedOrigins?: readonly string[]
  /** Whose `X-Forwarded-For` is believed: addresses, networks, `loopback`, `private`, or the number of proxies in front. */
  readonly trustProxy?: number | string | readonly string[]
  /** Where the world reaches the server: an http(s) URL. */
  readonly publicUrl?: string
  /** Where each protocol is served, as a path; false: nowhere. */
  readonly protocols?: { readonly [Name in ProtocolName]?: string | false }
  /** Whatever else can be set, by the name of its variable: see `.env.example`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** An environment that settings are read from as well, such as `process.env`; options go over it. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Log lines, JSON each: true, to standard output; a function that is given each line; false, nowhere. Default: false. */
  readonly logger?: boolean | ((line: string) => void)
}

export interface RunningServer {
  /** Where it is; null once it is closed, and while the server that it is attached to does not listen. */
  readonly address: AddressInfo | null
  /** The same as a URL without a slash at its end; null as well. */
  readonly url: string | null
  /** What has been set and has no effect, and which protocols are not served although they were to be: a sentence each. */
  readonly warnings: readonly string[]
  /** Tells clients, lets actors save what they owe, and lets go of everything. May be called again. */
  close(): Promise<void>
}

/**
 * Starts a server. Rejects with OptionsInvalid, and with CannotListen, DatabaseUnreachable, DataDirectoryInUse and the other
 * errors of docs/operations.md by which a start fails; it holds nothing then.
 */
export type StartServer = (options?: ServerOptions) => Promise<RunningServer>

/** An option that there is not, or that is not what is expected. `faults`: a line each; none shows a secret. */
export class OptionsInvalid extends Error {
  override readonly name = "OptionsInvalid"
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`startServer cannot use its options:\n${faults.map((fault) => `  ${fault}`).join("\n")}`)
    this.faults = faults
  }
}
