/** Answers whoever has spent a budget, before anybody else looks at the request. */
import type { IncomingMessage } from "node:http"
import type { Budgets } from "../io/admission/budgets.ts"
import { budgetsOfPath, type PathBudget } from "./api.ts"
import { refuse } from "./dropsilk/pollLane.ts"
import type { PollLane } from "./lanes.ts"
import { decodedPath } from "./requestPath.ts"
import { tooMany } from "./wireErrors.ts"

export interface LaneBudgets extends Pick<Budgets, "request" | "check" | "askOthers"> {
  readonly addressOf: (request: IncomingMessage) => string
}

/** UploadThing calls back from a few addresses, for everybody; its signature is looked at before anything is done. */
const isCallback = ({ headers }: IncomingMessage): boolean => headers["uploadthing-hook"] !== undefined

/** Budgets that are taken from here, and not where the request is answered. */
const takenHere = new Set<PathBudget>(["checks", "thirdParties"])

export const createBudgetLane = (budgets: LaneBudgets): PollLane => {
  const plain = new Map<string, ReadonlySet<PathBudget>>()
  for (const [path, names] of Object.entries(budgetsOfPath)) {
    if (names.some((name) => takenHere.has(name))) plain.set(path, new Set(names))
  }

  const waitOf = (request: IncomingMessage): number => {
    const own = plain.get(decodedPath(request.url as string))
    const address = budgets.addressOf(request)
    if (own?.has("checks")) return budgets.check(address)
    const wait = budgets.request(address)
    const asksOthers = own?.has("thirdParties") === true && request.method !== "OPTIONS" && !isCallback(request)
    return wait > 0 || !asksOthers ? wait : budgets.askOthers(address)
  }

  return (request, response, headers) => {
    const wait = waitOf(request)
    if (wait === 0) return false
    refuse(response, headers, tooMany(wait))
    return true
  }
}
