/** What sessions are called: the buckets of pages' origins, new codes, and digests that tell nothing of either. */
import { hash, randomUUID } from "node:crypto"

/** A version 4 UUID in lower case with dashes. */
export const newCode = (): string => randomUUID()

/** UTF-16 units of a bucket's name as an index of the database takes it; no origin of a page is as long. */
const longest = 512

/**
 * The bucket of an `Origin` header: its literal text. A longer one than any page has is kept as a digest of it, behind a
 * character that no header can hold, so that it is no other's.
 */
export const bucketOf = (origin: string): string =>
  origin.length <= longest ? origin : `\n${hash("sha256", origin, "hex")}`

/**
 * The id of a session's actor. The length says where the bucket ends, so no two pairs make the same text; whoever sees the
 * digest of it has neither.
 */
export const sessionIdOf = (bucket: string, code: string): string =>
  hash("sha256", `silktower/sessions/1\n${bucket.length}\n${bucket}${code}`, "base64url")
