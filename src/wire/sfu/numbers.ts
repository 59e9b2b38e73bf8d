/** The numbers that clients of the SFU have to know. */
export const wireNumbers = {
  /** Characters of a user's id and of a room's, at most. */
  idCharacters: 128,
  /** Characters of a user's name, at most. */
  nameCharacters: 64,
  /** Characters of the id of a transport, producer or consumer that a request may name: longer ones are nobody's. */
  mediaIdCharacters: 256,
  /** Bytes of one message. */
  messageBytes: 262_144,
  /** Seconds in which a client must join. */
  joinWithinSeconds: 30,
  /** What a participant may have at one time. */
  transports: 4,
  producers: 8,
  consumers: 200,
  /** Logins of one address in a minute. */
  loginsPerMinute: 120
} as const
