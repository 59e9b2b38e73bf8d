/**
 * How two nodes greet each other on a WebSocket that one of them has dialled, before anything else is said:
 *
 *     listener  {nonce}
 *     dialler   {from, to, nonce, proof}
 *     listener  {proof, hello}
 *     dialler   {hello}
 *     listener  {welcome: true}
 *     dialler   {ready: true}, as soon as the listener's own way to it is open, too
 *
 * A proof is an HMAC of the cluster's secret over both addresses, both nonces and whose proof it is: the secret itself is
 * never sent, and no proof can be used again, or in the other direction. Only whoever has been given a proof is told
 * anything more.
 */
import { createHash, randomBytes } from "node:crypto"
import type { Redacted } from "effect/Redacted"
import { readNodeAddress } from "./nodeAddress.ts"
import { isProof, proofOf } from "./proof.ts"

/** Why a node is none of this cluster's, and the WebSocket's close code for that. */
export const refusalCodes = {
  secret: 4001,
  version: 4002,
  shards: 4003,
  protocols: 4004,
  /** Another living node has it. */
  mark: 4005,
  /** It calls this node, or itself, by an address that is not theirs. */
  address: 4006,
  malformed: 4007
} as const
export type Refusal = keyof typeof refusalCodes
/** The same, or that nothing of it, or not all, has come in time. */
export type GreetingFault = Refusal | "late"

export const refusalOf = (code: number): Refusal | undefined =>
  (Object.keys(refusalCodes) as Refusal[]).find((reason) => refusalCodes[reason] === code)

/** What a node says of itself. */
export interface Hello {
  readonly version: number
  readonly shards: number
  /** A digest of their names and mounts. */
  readonly protocols: string
  /** Drawn at random by each process: who comes back to an address may be another one. */
  readonly life: string
  readonly mark: string
}

export const digestOf = (protocols: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(protocols.toSorted())).digest("base64url")

export type Step =
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "refuse"; readonly reason: Refusal }
  /** `last`: what is still to be said. */
  | { readonly type: "greeted"; readonly hello: Hello; readonly last: string }

export interface Greeting {
  /** What is said before anything was heard. */
  readonly opening?: string
  /** The other's address: as it was dialled, or as it calls itself; undefined until it has. */
  readonly node: string | undefined
  /** What follows from what the other one has said. */
  read(text: string): Step
}

export interface GreetingOptions {
  readonly self: string
  readonly secret: Redacted<string>
  readonly hello: Hello
  /** What else is wrong with a node that belongs to the cluster. */
  readonly objection: (node: string, hello: Hello) => Refusal | undefined
}

type Fields = Readonly<Record<string, unknown>>
const refuse = (reason: Refusal): Step => ({ type: "refuse", reason })
const say = (message: object): Step => ({ type: "say", text: JSON.stringify(message) })

const fieldsOf = (text: string): Fields => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Fields) : {}
  } catch {
    return {}
  }
}

/** What the dialler says last, and of its own accord. */
export const ready = { ready: true }
export const isReady = (text: string): boolean => fieldsOf(text)["ready"] === true

const noncePattern = /^[\w-]{32}$/
const makeNonce = (): string => randomBytes(24).toString("base64url")
export const makeLife = (): string => randomBytes(12).toString("base64url")

const readHello = ({ version, shards, protocols, life, mark }: Fields): Hello | undefined =>
  Number.isSafeInteger(version) &&
  Number.isSafeInteger(shards) &&
  typeof protocols === "string" &&
  typeof life === "string" &&
  /^[\w-]{16}$/.test(life) &&
  typeof mark === "string" &&
  /^[0-9a-z]{2}$/.test(mark)
    ? { version: version as number, shards: shards as number, protocols, life, mark }
    : undefined

export const createGreetings = (options: GreetingOptions) => {
  const { self, secret, hello: own, objection } = options

  const proofFor = (whose: "dialler" | "listener", from: string, to: string, nonces: readonly [string, string]) =>
    proofOf(secret, "silktower channel", whose, from, to, ...nonces).toString("base64url")

  const isRight = (said: unknown, expected: string): boolean =>
    typeof said === "string" && isProof(Buffer.from(said), Buffer.from(expected))

  /** Whether whoever says this is a node of the same cluster, as far as its hello goes. */
  const judge = (node: string, said: Hello | undefined, last: object): Step => {
    if (said === undefined) return refuse("malformed")
    if (said.version !== own.version) return refuse("version")
    if (said.shards !== own.shards) return refuse("shards")
    if (said.protocols !== own.protocols) return refuse("protocols")
    const objected = said.mark === own.mark ? "mark" : objection(node, said)
    return objected !== undefined ? refuse(objected) : { type: "greeted", hello: said, last: JSON.stringify(last) }
  }

  return {
    /** The greeting of a node that was dialled. */
    dialler: (node: string): Greeting => {
      const nonce = makeNonce()
      let theirs: string | undefined
      let greeted: Hello | undefined
      return {
        node,
        read: (text) => {
          const said = fieldsOf(text)
          if (theirs === undefined) {
            if (typeof said["nonce"] !== "string" || !noncePattern.test(said["nonce"])) return refuse("malformed")
            theirs = said["nonce"]
            return say({ from: self, to: node, nonce, proof: proofFor("dialler", self, node, [nonce, theirs]) })
          }
          if (greeted === undefined) {
            if (!isRight(said["proof"], proofFor("listener", self, node, [nonce, theirs]))) return refuse("secret")
            const step = judge(node, readHello(said), own)
            if (step.type !== "greeted") return step
            greeted = step.hello
            return { type: "say", text: step.last }
          }
          return said["welcome"] === true ? { type: "greeted", hello: greeted, last: "" } : refuse("malformed")
        }
      }
    },
    /** The greeting of a node that has dialled. */
    listener: (): Greeting => {
      const nonce = makeNonce()
      let node: string | undefined
      let isProven = false
      return {
        opening: JSON.stringify({ nonce }),
        get node() {
          return node
        },
        read: (text) => {
          const said = fieldsOf(text)
          if (isProven) return judge(node as string, readHello(said), { welcome: true })
          const { from, to, nonce: theirs, proof } = said
          if (typeof from !== "string" || typeof to !== "string") return refuse("malformed")
          if (readNodeAddress(from) === undefined) return refuse("address")
          node = from
          if (typeof theirs !== "string" || !noncePattern.test(theirs)) return refuse("malformed")
          if (!isRight(proof, proofFor("dialler", from, to, [theirs, nonce]))) return refuse("secret")
          if (to !== self || from === self) return refuse("address")
          isProven = true
          return say({ proof: proofFor("listener", from, to, [theirs, nonce]), ...own })
        }
      }
    }
  }
}

export type Greetings = ReturnType<typeof createGreetings>
