/** What only those can say who have the cluster's secret. It shows that they do, and not the secret. */
import { createHmac, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"

export const proofOf = (secret: Redacted.Redacted<string>, ...parts: readonly string[]): Buffer =>
  createHmac("sha256", Redacted.value(secret)).update(JSON.stringify(parts)).digest()

export const isProof = (said: Buffer, expected: Buffer): boolean =>
  said.length === expected.length && timingSafeEqual(said, expected)
