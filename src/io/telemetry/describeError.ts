/** Errors as a log may show them. */
import { limits } from "../../limits.ts"

/**
 * Name, message and code of an error, as a log may show them: whatever else it holds may be somebody's secret. Never
 * throws: an error may be anything that was thrown, and is described where nobody catches any more.
 */
export const describeError = (error: unknown): Readonly<Record<string, unknown>> => {
  try {
    return description(error)
  } catch {
    return { error: "an Error that cannot be read" }
  }
}

const description = (error: unknown): Readonly<Record<string, unknown>> => {
  if (!(error instanceof Error)) return { error: typeof error === "string" ? printable(error) : "not an Error" }
  const { code } = error as { code?: unknown }
  return { error: `${error.name}: ${messageOf(error)}`, ...(typeof code === "string" ? { code } : {}) }
}

/** Some errors quote what they could not read, which is what a client or a third party has sent. */
const messageOf = ({ name, message }: Error): string => {
  if (name.startsWith("Schema")) return "a value is not what was expected"
  if (name === "SyntaxError")
    return printable(message.replace(/"[^]*" is not valid JSON/, "the text is not valid JSON"))
  return printable(message)
}

/** Text of others, without passwords and not endless. */
export const printable = (text: string): string => {
  const safe = text.replace(/\/\/[^\s/?#]*@/g, "//<redacted>@")
  return safe.length > limits.logErrorUnits ? `${safe.slice(0, limits.logErrorUnits)}…` : safe
}

/** The same in one text. */
export const errorText = (error: unknown): string => String(describeError(error)["error"])
