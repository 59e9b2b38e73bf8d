/** The wire's numbers that both parts of rondevu share: clients rely on them, so nobody can set them. */
export const rondevuNumbers = {
  /** Bytes of a request's body, where nothing else is said. */
  bodyBytes: 512 * 1024,
  /** UTF-16 units of an offer's and of an answer's SDP. */
  sdpUnits: 65_536,
  /** UTF-16 units of a candidate, written as JSON. */
  candidateUnits: 4096,
  /** Seconds that browsers remember a preflight. */
  preflightSeconds: 600
} as const
