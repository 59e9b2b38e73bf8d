/**
 * Standard output and standard error can break at any moment: a full disk, a reader or a terminal that has gone. Node
 * makes an exception of an `error` that nobody listens to, and so ends whoever had only something to say.
 */
export const outliveStandardStreams = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
}
