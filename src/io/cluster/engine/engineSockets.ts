/** How engines reach each other: TCP, on which the library speaks its RPC. It knows neither passwords nor encryption. */
import { connect, type Socket as NetSocket } from "node:net"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Runners from "effect/cluster/Runners"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { Socket, SocketError, SocketOpenError } from "effect/socket/Socket"
import { SocketServer } from "effect/socket/SocketServer"
import { limits } from "../../../limits.ts"
import { type HostAndPort, readNodeAddress, writeNodeAddress } from "../nodeAddress.ts"

/** The watches of all shards share a socket, and each that waits for it listens to it. Node takes more than ten for a leak. */
const heardByMany = (socket: NetSocket): NetSocket => socket.setMaxListeners(0)

/** Listens for other nodes; fails where that cannot be. */
export const listening = (here: HostAndPort) =>
  Layer.effect(SocketServer)(
    Effect.map(NodeSocketServer.make({ ...here, backlog: limits.backlog }), (server) =>
      SocketServer.of({
        ...server,
        run: (handler) =>
          server.run((socket) =>
            Effect.flatMap(Effect.serviceOption(NodeSocket.NetSocket), (connection) => {
              if (Option.isSome(connection)) heardByMany(connection.value)
              return handler(socket)
            })
          )
      })
    )
  )

/** Dials other nodes. One that says nothing is given up after `pingMs` to twice that, where the library itself takes seconds. */
export const dialing = (pingMs: number, via: (node: string) => string) =>
  Layer.effect(Runners.RpcClientProtocol)(
    Effect.gen(function* () {
      const serialization = yield* RpcSerialization.RpcSerialization
      return {
        codecFor: serialization.codecFor,
        make: Effect.fnUntraced(function* (address: HostAndPort) {
          const there = readNodeAddress(via(writeNodeAddress(address))) ?? address
          const socket = yield* NodeSocket.fromDuplex(dialed(there), { openTimeout: limits.nodeDialMs })
          return yield* RpcClient.makeProtocolSocket({ pingInterval: pingMs }).pipe(
            Effect.provideService(Socket, socket),
            Effect.provideService(RpcSerialization.RpcSerialization, serialization)
          )
        })
      }
    })
  )

const dialed = ({ host, port }: HostAndPort) =>
  Effect.acquireRelease(
    Effect.callback<NetSocket, SocketError>((resume) => {
      const socket = heardByMany(connect({ host, port, noDelay: true }))
      socket.once("connect", () => resume(Effect.succeed(socket)))
      socket.on("error", (cause) =>
        resume(Effect.fail(new SocketError({ reason: new SocketOpenError({ kind: "Unknown", cause }) })))
      )
      return Effect.sync(() => socket.destroy())
    }),
    (socket) => Effect.sync(() => socket.destroySoon()),
    { interruptible: true }
  )
