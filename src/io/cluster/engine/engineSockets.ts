/** How engines reach each other: TCP, on which they greet each other, and the library then speaks its RPC. Nothing is encrypted. */
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
import type { EngineGreetings } from "./engineGreeting.ts"

/** The watches of all shards share a socket, and each that waits for it listens to it. Node takes more than ten for a leak. */
const heardByMany = (socket: NetSocket): NetSocket => socket.setMaxListeners(0)

/** Listens for other nodes; fails where that cannot be. */
export const listening = (here: HostAndPort, { receive }: Pick<EngineGreetings, "receive">) =>
  Layer.effect(SocketServer)(
    Effect.map(NodeSocketServer.make({ ...here, backlog: limits.backlog }), (server) =>
      SocketServer.of({
        ...server,
        run: (handler) =>
          server.run((socket) =>
            Effect.flatMap(Effect.serviceOption(NodeSocket.NetSocket), (connection) => {
              if (Option.isNone(connection)) return Effect.void
              const mayCome = Effect.promise(() => receive(heardByMany(connection.value)))
              return Effect.ensuring(
                Effect.flatMap(mayCome, (may) => (may ? handler(socket) : Effect.void)),
                // Also where this node leaves while the two still greet each other: it waits for all connections to end.
                Effect.sync(() => connection.value.destroySoon())
              )
            })
          )
      })
    )
  )

/** Dials other nodes. One that says nothing is given up after `pingMs` to twice that, where the library itself takes seconds. */
export const dialing = (pingMs: number, via: (node: string) => string, { greet }: Pick<EngineGreetings, "greet">) =>
  Layer.effect(Runners.RpcClientProtocol)(
    Effect.gen(function* () {
      const serialization = yield* RpcSerialization.RpcSerialization
      return {
        codecFor: serialization.codecFor,
        make: Effect.fnUntraced(function* (address: HostAndPort) {
          const node = writeNodeAddress(address)
          const there = readNodeAddress(via(node)) ?? address
          const greeted = (socket: NetSocket) => greet(socket, node)
          const socket = yield* NodeSocket.fromDuplex(dialed(there, greeted), { openTimeout: limits.nodeDialMs })
          return yield* RpcClient.makeProtocolSocket({ pingInterval: pingMs }).pipe(
            Effect.provideService(Socket, socket),
            Effect.provideService(RpcSerialization.RpcSerialization, serialization)
          )
        })
      }
    })
  )

const dialed = ({ host, port }: HostAndPort, greeted: (socket: NetSocket) => Promise<boolean>) =>
  Effect.acquireRelease(
    Effect.callback<NetSocket, SocketError>((resume) => {
      const socket = heardByMany(connect({ host, port, noDelay: true }))
      const fail = (cause: unknown) =>
        resume(Effect.fail(new SocketError({ reason: new SocketOpenError({ kind: "Unknown", cause }) })))
      socket.once("connect", async () => {
        if (await greeted(socket)) resume(Effect.succeed(socket))
        else fail(new Error("No greeting"))
      })
      socket.on("error", fail)
      return Effect.sync(() => socket.destroy())
    }),
    (socket) => Effect.sync(() => socket.destroySoon()),
    { interruptible: true }
  )
