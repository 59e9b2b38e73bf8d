/** The code of a flight or room as people hand it on. */
import { wireNumbers } from "./numbers.ts"

const fits = (code: string): boolean => code.length === wireNumbers.codeLength

/** Codes as they are given out need no cleaning. */
const clean = new RegExp(`^[A-Z0-9]{${wireNumbers.codeLength}}$`)

/** What is left when letters and digits are brought to their usual form, and all the rest goes. */
const cleaned = (written: string): string =>
  written.length > wireNumbers.pastedCodeUnits
    ? written
    : written
        .normalize("NFKC")
        .toUpperCase()
        .replace(/[^\p{L}\p{N}]/gu, "")

/** Whether this is a code, as it is or cleaned. Without the blanks around it. */
export const isCode = (written: string): boolean => fits(written) || fits(cleaned(written))

/**
 * The code that was meant, in upper case. Mails, chats and keyboards put dashes, blanks and characters that nobody sees in
 * between, or write it in full width. What cleaning leaves no code of is taken as it is, and is nobody's.
 */
export const readCode = (written: string): string => {
  if (clean.test(written)) return written
  const code = cleaned(written)
  return fits(code) ? code : written.toUpperCase()
}
