/** Takes the budgets of a request before anybody else looks at it, and turns away whoever has spent one. */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Budgets } from "../io/admission/budgets.ts"
import { decodedPath } from "../io/admission/requestPath.ts"
import { retryLater, sendAnswer } from "./answer.ts"
import type { Mounts } from "./mounts.ts"
import { createRoutePatterns } from "./requests/routePattern.ts"

export interface GateBudgets extends Pick<Budgets, "request" | "check" | "askOthers"> {
  readonly addressOf: (request: IncomingMessage) => string
}

/** Answers whoever has spent a budget, and says so. */
export type BudgetGate = (request: IncomingMessage, response: ServerResponse, headers: readonly string[]) => boolean

/** Budgets that are taken here instead of `requests`, or besides; all others are taken where the request is answered. */
const checks = "checks"
const thirdParties = "thirdParties"

/** Whatever declares nothing, such as documents, pages, preflights and paths that are none, takes from `requests`. */
export const createBudgetGate = (mounts: Mounts, budgets: GateBudgets): BudgetGate => {
  const special = new Map(mounts.budgets.filter(([, names]) => names.includes(checks) || names.includes(thirdParties)))
  const patternOf = createRoutePatterns([...special.keys()])

  const waitOf = (request: IncomingMessage): number => {
    const url = request.url as string
    const own = special.get(patternOf(url))
    const address = budgets.addressOf(request)
    if (own?.includes(checks)) return budgets.check(address)
    const wait = budgets.request(address)
    if (wait > 0 || !own?.includes(thirdParties) || request.method === "OPTIONS") return wait
    return mounts.isCallback(decodedPath(url), request) ? 0 : budgets.askOthers(address)
  }

  return (request, response, headers) => {
    const wait = waitOf(request)
    if (wait === 0) return false
    const { tooMany } = mounts.refusalsOf(decodedPath(request.url as string))
    sendAnswer(response, headers, retryLater(tooMany, wait))
    return true
  }
}
