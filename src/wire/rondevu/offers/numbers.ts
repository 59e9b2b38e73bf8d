/** The wire's own numbers of topic offers: clients rely on them, so nobody can set them. Lengths are UTF-16 units. */
export const offerNumbers = {
  topicUnits: 256,
  secretUnits: 128,
  infoUnits: 128,
  idUnits: 128,
  /** Bytes of a body that publishes offers: a hundred of the largest. */
  offersBodyBytes: 8 * 1024 * 1024,
  /** Bytes of a body with candidates: 512 of the largest. */
  candidatesBodyBytes: 3 * 1024 * 1024,
  /** Candidates of one side. */
  candidatesOfSide: 512,
  /** Offers or topics of one answer: unless asked for, and at most. */
  pageSize: { usual: 50, most: 200 },
  /** Bytes of random that a peer's id is made of; it is written in hex. */
  peerIdBytes: 16,
  /** Bytes of random in the id of an offer whose own is somebody else's. */
  offerIdBytes: 32
} as const
