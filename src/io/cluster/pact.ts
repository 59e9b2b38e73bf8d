/** What all nodes of a cluster must agree on before one of them owns anything. */
import { createHmac } from "node:crypto"
import * as Redacted from "effect/Redacted"
import { clusterLimits } from "./limits.ts"

/**
 * Eight characters of `[0-9a-f]`, which differ where the secret, what nodes speak to each other, or the protocols with their
 * paths do. A node that the others would not let in must not own names either: nobody could reach these. Who reads the
 * registry learns nothing of the secret that could not be guessed.
 */
export const pactOf = (secret: Redacted.Redacted<string>, protocols: readonly string[]): string =>
  createHmac("sha256", Redacted.value(secret))
    .update(JSON.stringify(["silktower pact", clusterLimits.channelVersion, protocols.toSorted()]))
    .digest("hex")
    .slice(0, 8)
