/** Numbers that both parts of rondevu share and that are not configurable: units, reasons, and what zero would mean. */
export const rondevuLimits = {
  /** Milliseconds after which an actor that nobody speaks to ends; its row remains. Zero would read it for every poll. */
  restMs: 60_000,
  /** Milliseconds after which an actor that could not save tries again by itself. Zero would try without end. */
  retryMs: 5_000,
  /** Milliseconds that HTTP waits for an actor's answer. Zero would never wait for the database. */
  askTimeoutMs: 10_000,
  /** Milliseconds between two looks at the revisions of all that is in use: how late what another process has written is
   * seen here. Zero would look all the time. */
  revisionsMs: 1_000,
  /** Rows that one statement removes: the database is others' as well. Zero would remove none. */
  cleanupBatch: 1_000,
  /** Topics on the tower page. Zero would show none. */
  shownTopics: 20,
  /** Milliseconds between two readings of them while somebody watches: it counts all that is stored. Zero would count for
   * every view. */
  shownTopicsMs: 10_000
} as const
