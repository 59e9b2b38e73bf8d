/** Log lines for people. A file of its own, as a server whose lines a machine reads need not load what writes them. */
import { isColorSupported, prettyFactory } from "pino-pretty"

/** Turns a JSON line into a line for people, coloured where the terminal can. */
export const createReadableLines = (): ((line: string) => string) =>
  prettyFactory({
    colorize: isColorSupported,
    messageKey: "message",
    timestampKey: "timestamp",
    errorLikeObjectKeys: [],
    singleLine: true
  })
