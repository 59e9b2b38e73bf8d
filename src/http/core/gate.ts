/** Lets those in who have the key for looking into the server, and leaves a line for everybody who asks. */
import { createHash, timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Telemetry } from "../../io/telemetry/telemetry.ts"

export interface GateOptions {
  /** Absent: nobody is let in. */
  readonly key?: string | undefined
  readonly log: Telemetry["log"]
  /** Who asks. */
  readonly addressOf: (request: IncomingMessage) => { readonly address: string }
}

/** Says whether whoever asks with this key is let in. `given`: undefined without a key or with more than one. */
export type Gate = (request: IncomingMessage, given: string | undefined) => boolean

export const createGate = ({ key, log, addressOf }: GateOptions): Gate => {
  const admits = key === undefined ? () => false : comparesTo(key)
  return (request, given) => {
    const granted = given !== undefined && admits(given)
    log(granted ? "info" : "warn", "system:log_access", { granted, ip: addressOf(request).address })
    return granted
  }
}

/** Compares in a time that tells nothing of the key, not even its length: digests are all equally long. */
const comparesTo = (key: string): ((given: string) => boolean) => {
  const digestOf = (text: string) => createHash("sha256").update(text).digest()
  const digest = digestOf(key)
  return (given) => timingSafeEqual(digestOf(given), digest)
}
