/** One line at the bottom of the terminal that stays while everything above it scrolls. */
import type { WriteStream } from "node:tty"

/** With fewer rows the line would take too much of the screen. */
const fewestRows = 5

/**
 * Keeps `text` on the last row, by telling the terminal to scroll only the rows above it (DECSTBM): so other programs
 * may write to the terminal as they like. Where that cannot be done the text is just printed once. Returns a function
 * that takes the line away again.
 */
export const showFooter = (output: WriteStream, text: string): (() => void) => {
  if (!output.isTTY || process.env["TERM"] === "dumb" || !((output.rows ?? 0) >= fewestRows)) {
    output.write(`${text}\n`)
    return () => {}
  }

  const draw = () => {
    const { rows, columns } = output
    output.write(
      // A line feed and back up: the cursor must not be on the last row when that is taken away.
      `\n\x1b[1A${saveCursor}\x1b[1;${rows - 1}r\x1b[${rows};1H\x1b[2K` +
        `\x1b[7m${text.slice(0, columns)}\x1b[0m${restoreCursor}`
    )
  }
  const close = () => {
    output.off("resize", draw)
    output.write(`${saveCursor}\x1b[r\x1b[${output.rows};1H\x1b[2K${restoreCursor}`)
  }
  output.on("resize", draw)
  draw()
  return close
}

const saveCursor = "\x1b7"
const restoreCursor = "\x1b8"
