/**
 * Who a peer is: its id, and a secret that only the server can make of it. Nothing of a peer is stored. A secret is base64 of
 * 12 bytes IV, the AES-256-GCM ciphertext of the id and 16 bytes tag, under a key of the server; the tag is compared in
 * constant time.
 */
import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from "node:crypto"
import { offerNumbers } from "../../../wire/rondevu/offers/numbers.ts"

export interface Credentials {
  issue(): { readonly peerId: string; readonly secret: string }
  /** Whether they belong together under any of the keys. */
  accepts(peerId: string, secret: string): boolean
}

const algorithm = "aes-256-gcm"
const ivBytes = 12
const tagBytes = 16

/** `keys`: 32 bytes each; the first makes credentials. */
export const createCredentials = (keys: readonly [Buffer, ...Buffer[]]): Credentials => {
  const seal = (peerId: string): string => {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv(algorithm, keys[0], iv)
    const sealed = [cipher.update(peerId, "ascii"), cipher.final()]
    return Buffer.concat([iv, ...sealed, cipher.getAuthTag()]).toString("base64")
  }

  const opens = (key: Buffer, sealed: Buffer, peerId: Buffer): boolean => {
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const opened = decipher.update(sealed.subarray(ivBytes, -tagBytes))
    try {
      decipher.final()
    } catch {
      return false
    }
    return opened.length === peerId.length && timingSafeEqual(opened, peerId)
  }

  return {
    issue: () => {
      const peerId = randomBytes(offerNumbers.peerIdBytes).toString("hex")
      return { peerId, secret: seal(peerId) }
    },
    accepts: (peerId, secret) => {
      const id = Buffer.from(peerId)
      const sealed = Buffer.from(secret, "base64")
      // What is as long as an id makes it, and written as we write it.
      if (id.length === 0 || sealed.length !== ivBytes + id.length + tagBytes) return false
      if (sealed.toString("base64") !== secret) return false
      return keys.some((key) => opens(key, sealed, id))
    }
  }
}
