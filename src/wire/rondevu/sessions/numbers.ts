/** The wire's numbers of the older sessions: clients rely on them, so nobody can set them. */
export const sessionNumbers = {
  /** UTF-16 units of a topic and of a peer's label. */
  topicUnits: 1024,
  labelUnits: 1024,
  /** UTF-16 units of a session's code. */
  codeUnits: 128,
  /** Candidates of one side. */
  candidatesOfSide: 256,
  /** Topics of a page. */
  topicsOfPage: { usual: 100, most: 1000 }
} as const
