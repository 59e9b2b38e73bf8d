/** Names that cannot be guessed, from the system's randomness. */
import { hash } from "node:crypto"
import { wireNumbers } from "../../wire/dropsilk/numbers.ts"
import { lowerCase, randomText } from "../services/randomText.ts"

/** Without I, O, 0 and 1, which people mix up when they read a code aloud. */
const readable = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

const connectionIdLength = 10
const participantIdLength = 12

export interface Identities {
  /** 10 characters of `[0-9a-z]`, 51 bits. */
  connectionId(): string
  /** 6 characters of `ABCDEFGHJKLMNPQRSTUVWXYZ23456789`, 30 bits: whoever makes a flight must see that it is new. */
  flightCode(): string
  /** As a flight's code. */
  roomCode(): string
  /** 12 characters of `[0-9a-z]`, 62 bits. A bearer secret: who has it speaks for the participant. */
  participantId(): string
}

export const createIdentities = (): Identities => ({
  connectionId: () => randomText(lowerCase, connectionIdLength),
  flightCode: () => randomText(readable, wireNumbers.codeLength),
  roomCode: () => randomText(readable, wireNumbers.codeLength),
  participantId: () => randomText(lowerCase, participantIdLength)
})

/**
 * The name under which the other side of a room knows a participant: 12 characters of `[0-9a-z]`. It tells nothing
 * about the participant's id, and is the same in every process and after every restart, as clients compare it between
 * polls. The room code is taken as given: pass it in upper case.
 */
export const aliasOf = (roomCode: string, participantId: string): string => {
  // With the code's length in front, no two pairs are written the same way.
  const both = `${roomCode.length}\n${roomCode}\n${participantId}`
  const digest = hash("sha256", `silktower/participant-alias/1\n${both}`, "hex")
  // 128 of the 256 bits: enough that the remainder favours no alias.
  const number = BigInt(`0x${digest.slice(0, 32)}`) % 36n ** BigInt(participantIdLength)
  return number.toString(36).padStart(participantIdLength, "0")
}
