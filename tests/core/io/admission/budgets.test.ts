import { describe, expect, it } from "vitest"
import { createBudgets } from "../../../../src/io/admission/budgets.ts"

const budgetsWith = (settings: { readonly connectionsPerAddress: number; readonly upgradesPerMinute: number }) => {
  let time = 0
  const refused: string[] = []
  const budgets = createBudgets({
    settings: {
      framesPerSecond: 0,
      requestsPerSecond: 0,
      thirdPartyRequestsPerMinute: 0,
      ...settings
    },
    requestBurstSeconds: 0,
    stayMs: 30_000,
    connectionsWaitMs: 10_000,
    keys: 100,
    onRefused: (budget) => refused.push(budget),
    now: () => time
  })
  const open = (): number => {
    const wait = budgets.connect("203.0.113.1")
    if (wait === 0) budgets.connected("203.0.113.1")
    return wait
  }
  return {
    refused,
    /** Opens so many; how many were let in. */
    open: (count: number) => Array.from({ length: count }, open).filter((wait) => wait === 0).length,
    close: (count: number, stayedMs: number) => {
      for (let at = 0; at < count; at++) budgets.disconnected("203.0.113.1", stayedMs)
    },
    pass: (milliseconds: number) => {
      time += milliseconds
    }
  }
}

describe("upgrades of one address", () => {
  const settings = { connectionsPerAddress: 500, upgradesPerMinute: 500 }

  it("are all granted again to connections that stayed, however soon after the last time", () => {
    const network = budgetsWith(settings)
    expect(network.open(500)).toBe(500)
    for (let restart = 0; restart < 3; restart++) {
      network.pass(30_000)
      network.close(500, 30_000)
      expect(network.open(500)).toBe(500)
    }
    expect(network.refused).toEqual([])
  })

  it("are not given back by connections that were dropped", () => {
    const network = budgetsWith(settings)
    expect(network.open(500)).toBe(500)
    network.pass(29_999)
    network.close(500, 29_999)
    // What has come back in half a minute.
    expect(network.open(500)).toBe(249)
    expect(network.refused).toContain("upgrades")
  })
})
