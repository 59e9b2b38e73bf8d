/** Keys of clients as they are kept: nobody who sees one learns the secret. */
import { createHmac } from "node:crypto"

/**
 * Makes digests under a salt that nobody outside knows: two are the same exactly if the keys are, and how long it takes to
 * compare them says nothing of either.
 */
export const createKeyDigests =
  (salt: Buffer): ((key: string) => string) =>
  // As UTF-16: in UTF-8 all lone surrogates are the same.
  (key) =>
    createHmac("sha256", salt).update(Buffer.from(key, "utf16le")).digest("hex")
