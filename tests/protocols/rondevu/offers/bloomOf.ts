/** Bloom filters as clients make them. */
export const bloomOf = (bits: number, peerIds: readonly string[]): string => {
  const bytes = new Uint8Array(bits / 8)
  for (const peerId of peerIds) {
    for (const seed of [0, 1, 2]) {
      let hash = 2166136261 ^ seed
      for (const character of peerId) {
        hash ^= character.charCodeAt(0)
        hash += (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24)
      }
      const bit = (hash >>> 0) % bits
      bytes[Math.floor(bit / 8)] = (bytes[Math.floor(bit / 8)] ?? 0) | (1 << (bit % 8))
    }
  }
  return Buffer.from(bytes).toString("base64")
}
