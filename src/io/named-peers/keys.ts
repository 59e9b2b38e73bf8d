/** Keys of clients as they are kept: nobody who sees one learns the secret. */
import { createHmac, randomBytes } from "node:crypto"

/**
 * Makes digests under a salt of this process that nobody knows: two are the same exactly if the keys are, and how long it
 * takes to compare them says nothing of either.
 */
export const createKeyDigests = (): ((key: string) => string) => {
  const salt = randomBytes(32)
  // As UTF-16: in UTF-8 all lone surrogates are the same.
  return (key) => createHmac("sha256", salt).update(Buffer.from(key, "utf16le")).digest("hex")
}
