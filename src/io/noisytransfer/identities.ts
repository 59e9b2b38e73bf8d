/** Names that cannot be guessed, from the system's randomness, and names that tell nothing of what they stand for. */
import { hash, randomInt, randomUUID } from "node:crypto"
import { lowerCase, randomText } from "../services/randomText.ts"

const connectionIdLength = 10

/** 10 characters of `[0-9a-z]`, 51 bits; of a node of a cluster 41, behind its mark. */
export const newConnectionId = (mark: string): string => mark + randomText(lowerCase, connectionIdLength - mark.length)

/** A version 4 UUID in lower case with dashes. */
export const newAppId = (): string => randomUUID()

/** So many digits, zeros in front included. */
export const newCode = (digits: number): string => String(randomInt(10 ** digits)).padStart(digits, "0")

/**
 * What stands for a secret in actors, logs and on the tower page: whoever knows an appID may take a side of its room, and
 * whoever knows a `sid` may take one over. 22 characters, 128 bits: no two texts that anybody finds have the same.
 */
export const digestOf = (secret: string): string =>
  hash("sha256", `silktower/noisytransfer/1\n${secret}`, "base64url").slice(0, 22)
