/**
 * How two engines greet each other on a connection that one of them has dialled, before the library says anything on it:
 *
 *     listener  opening, nonce
 *     dialler   opening, nonce, proof
 *     listener  proof
 *
 * A proof is one of the cluster's secret over the address that was dialled, both nonces and whose proof it is: the library
 * itself would answer whoever comes, and never end a connection.
 */
import { randomBytes } from "node:crypto"
import type { Socket } from "node:net"
import type { Redacted } from "effect/Redacted"
import type { GreetingFault, Refusal } from "../greeting.ts"
import { clusterLimits } from "../limits.ts"
import { isProof, proofOf } from "../proof.ts"

const opening = Buffer.from("silktower engine\n")
const nonceLength = 24
const proofLength = 32

export interface EngineGreetings {
  /** Whether whoever has dialled may speak; ends the connection if not. Never rejects. */
  receive(socket: Socket): Promise<boolean>
  /** The same of a node that was dialled. */
  greet(socket: Socket, node: string): Promise<boolean>
}

export interface EngineGreetingOptions {
  readonly self: string
  readonly secret: Redacted<string>
  /** `node`: as it was dialled, or where it comes from. */
  readonly refused: (node: string, reason: GreetingFault) => void
}

export const createEngineGreetings = ({ self, secret, refused }: EngineGreetingOptions): EngineGreetings => {
  const proofFor = (whose: "dialler" | "listener", to: string, nonces: readonly Buffer[]) =>
    proofOf(secret, "silktower engine", whose, to, ...nonces.map((nonce) => nonce.toString("base64url")))

  /** `speak` says why not, if it does; a connection that ends by itself is none that is refused. */
  const meet = async (socket: Socket, node: string, speak: () => Promise<Refusal | undefined>): Promise<boolean> => {
    const refuse = (reason: GreetingFault) => {
      if (!socket.destroyed) refused(node, reason)
      socket.destroy()
    }
    const patience = setTimeout(refuse, clusterLimits.greetingMs, "late")
    try {
      const refusal = await speak()
      if (refusal !== undefined) refuse(refusal)
      return refusal === undefined
    } catch {
      socket.destroy()
      return false
    } finally {
      clearTimeout(patience)
    }
  }

  return {
    receive: (socket) =>
      meet(socket, socket.remoteAddress ?? "", async () => {
        const nonce = randomBytes(nonceLength)
        socket.write(Buffer.concat([opening, nonce]))
        if (!opening.equals(await read(socket, opening.length))) return "malformed"
        const theirs = await read(socket, nonceLength)
        const nonces = [theirs, nonce]
        if (!isProof(await read(socket, proofLength), proofFor("dialler", self, nonces))) return "secret"
        socket.write(proofFor("listener", self, nonces))
        return undefined
      }),
    greet: (socket, node) =>
      meet(socket, node, async () => {
        if (!opening.equals(await read(socket, opening.length))) return "malformed"
        const nonce = randomBytes(nonceLength)
        const nonces = [nonce, await read(socket, nonceLength)]
        socket.write(Buffer.concat([opening, nonce, proofFor("dialler", node, nonces)]))
        return isProof(await read(socket, proofLength), proofFor("listener", node, nonces)) ? undefined : "secret"
      })
  }
}

/** So many bytes, and none of those behind them. Rejects when the connection ends before. */
const read = (socket: Socket, length: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const look = () => {
      const bytes: Buffer | null = socket.read(length)
      if (bytes?.length === length) settle(() => resolve(bytes))
    }
    const fail = () => settle(() => reject(new Error("The connection has ended")))
    const settle = (settled: () => void) => {
      socket.off("readable", look).off("end", fail).off("close", fail)
      settled()
    }
    socket.on("readable", look).on("end", fail).on("close", fail)
    if (socket.destroyed) fail()
    else look()
  })
