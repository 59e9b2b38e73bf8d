/** A question whose answer must be typed out. */
import { createInterface } from "node:readline"

/** Asks on the terminal; anything but yes is a no, and so is the end of the input. */
export const askForYes = async (statement: string): Promise<boolean> => {
  const lines = createInterface({ input: process.stdin })
  try {
    process.stdout.write(`${statement} Type yes to go on: `)
    const answer = await new Promise<string>((resolve) => {
      lines.once("line", resolve)
      lines.once("close", () => {
        // The cursor is still behind the question.
        process.stdout.write("\n")
        resolve("")
      })
    })
    return answer.trim().toLowerCase() === "yes"
  } finally {
    lines.removeAllListeners("close")
    lines.close()
  }
}
