/** The wire's own numbers: clients rely on them, so nobody can set them. */
export const wireNumbers = {
  /** Digits of a code that is looked for. */
  codeDigits: { fewest: 4, most: 8 },
  /** Milliseconds that no code is good for longer than. */
  longestCodeMs: 3_600_000,
  /** Characters of a word that says how two are connected; longer ones count as `other`. */
  modeUnits: 32
} as const
