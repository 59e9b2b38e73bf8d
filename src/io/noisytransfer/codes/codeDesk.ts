/** Whoever mints and redeems codes on behalf of HTTP: budgets first, then the row. */
import { customerOf } from "../../admission/address.ts"
import { createTurns } from "../../admission/turns.ts"
import type { NoisyTransferBudgets } from "../budgets.ts"
import { newAppId, newCode } from "../identities.ts"
import type { CodeEvent } from "../telling/events.ts"
import type { Alarm } from "./alarm.ts"
import type { CodeStore, Digits } from "./codeRows.ts"

/** Times are epoch milliseconds. */
export interface MintedCode {
  readonly appId: string
  readonly code: string
  readonly expiresAt: number
}

/** The address has spent its budget. */
export interface Refused {
  readonly waitMs: number
}

export interface CodeDesk {
  /** Rejects when the database fails, or when every code that was drawn is somebody's. */
  mint(address: string): Promise<MintedCode | Refused>
  /** `code`: null where the request had none; what is wrong with that is said by whoever has read it. Rejects as `mint`. */
  redeem(address: string, code: string): Promise<Omit<MintedCode, "code"> | "gone" | Refused>
  /** Milliseconds that this address must wait before any code of it is looked at; 0: none. */
  wait(address: string): number
}

export interface CodeDeskOptions {
  readonly store: Pick<CodeStore, "mint" | "redeem">
  readonly budgets: NoisyTransferBudgets
  readonly alarm: Alarm
  readonly record: (event: CodeEvent) => void
  /** How long a code is good for. */
  readonly codeMs: number
  /** Codes that are drawn before longer ones are. */
  readonly drawsOfALength: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** All codes that were drawn are taken, the longest too. */
class CodesTaken extends Error {
  override readonly name = "CodesTaken"
}

const lengths: readonly Digits[] = [4, 6, 8]

export const createCodeDesk = (options: CodeDeskOptions): CodeDesk => {
  const { store, budgets, alarm, record, codeMs, drawsOfALength, now } = options
  const inTurn = createTurns()

  const draw = async (fewest: Digits, appId: string): Promise<MintedCode | null> => {
    const mintedAt = now()
    const expiresAt = mintedAt + codeMs
    const candidates = { 4: newCode(4), 6: newCode(6), 8: newCode(8) }
    const code = await store.mint({ candidates, fewest, appId, mintedAt, expiresAt })
    return code === null ? null : { appId, code, expiresAt }
  }

  const lookUp = async (address: string, code: string): ReturnType<CodeDesk["redeem"]> => {
    const waitMs = budgets.guess(address)
    if (waitMs > 0) return { waitMs }
    let isWrong = false
    try {
      const redemption = await store.redeem(code, now())
      isWrong = redemption.outcome === "wrong"
      if (redemption.outcome === "redeemed") {
        record({ name: "rendezvous:redeemed", ip: address })
        return { appId: redemption.appId, expiresAt: redemption.expiresAt }
      }
      if (isWrong) alarm.heard()
      record({ name: "rendezvous:refused", ip: address, reason: redemption.outcome })
      return "gone"
    } finally {
      if (!isWrong) budgets.guessedRight(address)
    }
  }

  return {
    mint: async (address) => {
      const waitMs = budgets.mint(address)
      if (waitMs > 0) return { waitMs }
      const appId = newAppId()
      for (const fewest of lengths.filter((length) => length >= (alarm.isOn ? 6 : 4))) {
        for (let draws = 0; draws < drawsOfALength; draws++) {
          const minted = await draw(fewest, appId)
          if (minted === null) continue
          record({ name: "rendezvous:minted", ip: address, digits: minted.code.length })
          return minted
        }
      }
      throw new CodesTaken("Every code that was drawn is somebody's")
    },
    // A guess is paid for before it is looked at, and a right one is given back: one after the other, or many right ones at
    // once would be taken for wrong ones.
    redeem: (address, code) => inTurn(customerOf(address), () => lookUp(address, code)),
    wait: (address) => {
      const waitMs = budgets.guess(address)
      if (waitMs === 0) budgets.guessedRight(address)
      return waitMs
    }
  }
}
