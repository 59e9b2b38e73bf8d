/** Names that cannot be guessed, from the system's randomness. */
import { hash } from "node:crypto"
import type { Address } from "../../machines/address.ts"
import { flightAt, roomAt } from "../../machines/dropsilk/addresses.ts"
import type { NodeOfCluster } from "../../protocol.ts"
import { wireNumbers } from "../../wire/dropsilk/numbers.ts"
import { lowerCase, randomText } from "../services/randomText.ts"

/** Without I, O, 0 and 1, which people mix up when they read a code aloud. */
const readable = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

const connectionIdLength = 10
const participantIdLength = 12

export interface Identities {
  /** 10 characters of `[0-9a-z]`, 51 bits; of a node of a cluster 41, behind its mark. */
  connectionId(): string
  /** 6 characters of `ABCDEFGHJKLMNPQRSTUVWXYZ23456789`, 30 bits: whoever makes a flight must see that it is new. */
  flightCode(): string
  /** As a flight's code. */
  roomCode(): string
  /** 12 characters of `[0-9a-z]`, 62 bits. A bearer secret: who has it speaks for the participant. */
  participantId(): string
}

/** How often a code is drawn that would live on another node, before one of those is taken: it is only a hop more. */
const draws = 64

/** Where several servers are one, this one's mark begins its connections' ids, and codes are drawn until they live here. */
export const createIdentities = ({ mark, isHere }: Pick<NodeOfCluster, "mark" | "isHere">): Identities => {
  const codeOf = (addressOf: (code: string) => Address) => (): string => {
    for (let draw = 1; ; draw++) {
      const code = randomText(readable, wireNumbers.codeLength)
      if (draw === draws || isHere(addressOf(code))) return code
    }
  }
  return {
    connectionId: () => mark + randomText(lowerCase, connectionIdLength - mark.length),
    flightCode: codeOf(flightAt),
    roomCode: codeOf(roomAt),
    participantId: () => randomText(lowerCase, participantIdLength)
  }
}

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
