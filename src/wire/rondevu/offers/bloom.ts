/** Bloom filters with which a client leaves out peers that it knows. */

/** Tells whether a peer is in it, or seems to be. */
export type LeavesOut = (peerId: string) => boolean

const hashes = 3
const firstValue = 2_166_136_261
const prime = 16_777_619

/** FNV-1a over the UTF-16 units, in 32 bits. */
const hashOf = (text: string, seed: number): number => {
  let hash = firstValue ^ seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), prime)
  return hash >>> 0
}

/** The standard alphabet, with or without padding: a rest of one character is no byte, and padding alone is nothing. */
const isBase64 = (text: string): boolean => {
  const bare = text.replace(/={1,2}$/, "")
  const isPadded = bare.length !== text.length
  return /^[A-Za-z0-9+/]+$/.test(bare) && bare.length % 4 !== 1 && (!isPadded || text.length % 4 === 0)
}

/** The filter of a base64 text; null when it is none. */
export const readBloom = (text: string): LeavesOut | null => {
  if (!isBase64(text)) return null
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  const bits = bytes.length * 8
  return (peerId) => {
    for (let seed = 0; seed < hashes; seed++) {
      const bit = hashOf(peerId, seed) % bits
      if (((bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }
}
