/** The numbers that clients of named peers have to know. */
export const wireNumbers = {
  /** UTF-16 units of a name, at most. */
  nameUnits: 64,
  /** UTF-16 units of a key, at most. */
  keyUnits: 128,
  /** Characters of the name of a space, at most. */
  spaceUnits: 64,
  /** Bytes of one message. */
  messageBytes: 65_536
} as const
