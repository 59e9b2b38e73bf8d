/** An output that is written to once a moment, with all that the moment had to say: each write is a system call. */
export interface BatchedOutput {
  write(text: string): void
  /** Writes what waits, at once: for when the process ends. */
  flush(): void
  on(event: "error", listener: (error: Error) => void): void
}

export const createBatchedOutput = (output: Pick<NodeJS.WritableStream, "write" | "on">): BatchedOutput => {
  let waiting = ""
  const flush = () => {
    const text = waiting
    waiting = ""
    if (text !== "") output.write(text)
  }
  return {
    write: (text) => {
      if (waiting === "") setImmediate(flush)
      waiting += text
    },
    flush,
    on: (event, listener) => {
      output.on(event, listener)
    }
  }
}
