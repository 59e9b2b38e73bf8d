/**
 * Who may open a socket: an origin that is let in, an address that has not spent its budgets. The same for every
 * protocol, but for the words of a refusal.
 */
import type { IncomingMessage } from "node:http"
import type { SocketHandler, SocketMount, UpgradeObjection, UpgradeRefusal } from "../sockets/socketServer.ts"
import type { ClientAddress } from "./address.ts"
import type { Budgets } from "./budgets.ts"
import type { OriginPolicy } from "./origin.ts"

/** What a protocol does with sockets. */
export interface SocketPart
  extends Omit<SocketHandler, "opened" | "flooded">,
    Pick<SocketMount, "maxPayloadBytes" | "echoesReason" | "selectsSubprotocol"> {
  /** A client has been let in; its `address` is set. */
  opened(socket: Parameters<SocketHandler["opened"]>[0], client: ClientAddress, request: IncomingMessage): void
  /** What is wrong with the request itself, whoever makes it, or who takes it instead; asked before all else. */
  readonly refuses?: (request: IncomingMessage) => UpgradeObjection | Promise<UpgradeObjection>
  /** Whose pages may come; both as in the request's headers. Absent: those that the whole server lets in. */
  readonly admitsUpgrade?: OriginPolicy["admitsUpgrade"]
  /** In its own words; absent: the core's. */
  readonly refusals?: { readonly wrongOrigin?: UpgradeRefusal; readonly tooMany?: UpgradeRefusal }
}

export interface DoorkeeperOptions {
  readonly addressOf: (request: IncomingMessage) => ClientAddress
  readonly origins: Pick<OriginPolicy, "admitsUpgrade">
  readonly onRefusedOrigin: (request: IncomingMessage) => void
  readonly budgets: Pick<Budgets, "connect" | "connected" | "disconnected" | "tooManyFrames">
  /** Hears of everybody who is let in. */
  readonly onArrival: () => void
}

const wrongOrigin: UpgradeRefusal = { status: 403, body: "Forbidden: Invalid Origin" }
const tooMany: UpgradeRefusal = { status: 429, body: "Too many connections" }

/** A protocol's sockets at a path, behind the door. */
export const createDoorkeeper =
  ({ addressOf, origins, onRefusedOrigin, budgets, onArrival }: DoorkeeperOptions) =>
  (path: string, socketPart: SocketPart): SocketMount => {
    const { refusals, refuses, admitsUpgrade, opened, ...rest } = socketPart
    const { maxPayloadBytes, echoesReason, selectsSubprotocol, ...part } = rest
    /** What is asked of everybody, whatever the request itself is like. */
    const refusesAnyway = (request: IncomingMessage): UpgradeRefusal | null => {
      const { origin, host } = request.headers
      if (!(admitsUpgrade ?? origins.admitsUpgrade)(origin, host)) {
        onRefusedOrigin(request)
        return refusals?.wrongOrigin ?? wrongOrigin
      }
      const wait = budgets.connect(addressOf(request).address)
      if (wait === 0) return null
      return { headers: { "Retry-After": String(Math.ceil(wait / 1000)) }, ...(refusals?.tooMany ?? tooMany) }
    }
    return {
      ...{ path, maxPayloadBytes, echoesReason, selectsSubprotocol },
      refuses: (request) => {
        const refusal = refuses?.(request) ?? null
        if (refusal instanceof Promise) return refusal.then((found) => found ?? refusesAnyway(request))
        return refusal ?? refusesAnyway(request)
      },
      handler: {
        ...part,
        opened: (socket, request) => {
          const client = addressOf(request)
          socket.address = client.address
          budgets.connected(client.address)
          onArrival()
          opened(socket, client, request)
        },
        closed: (socket, abrupt) => {
          part.closed(socket, abrupt)
          budgets.disconnected(socket.address, performance.now() - socket.openedAt)
        },
        flooded: (socket) => budgets.tooManyFrames(socket.address)
      }
    }
  }
