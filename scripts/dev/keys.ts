/** Single keys, without Enter. */
import type { ReadStream } from "node:tty"

/** Arrows and the like: letters in it are none that somebody has typed. */
const escapeSequence = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?/g

/**
 * Tells every key that is pressed; Ctrl+C comes as "\x03", as the terminal makes no signal of it now. `onEnd` is called
 * when the terminal goes away. Returns a function that gives the terminal back.
 */
export const readKeys = (input: ReadStream, onKey: (key: string) => void, onEnd: () => void): (() => void) => {
  input.setRawMode(true)
  input.setEncoding("utf8")
  input.on("data", (typed: string) => {
    for (const key of typed.replace(escapeSequence, "")) onKey(key.toLowerCase())
  })
  input.once("end", onEnd)
  input.once("error", onEnd)
  return () => {
    input.setRawMode(false)
    input.pause()
  }
}
