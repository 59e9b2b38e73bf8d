/** What the older sessions bring to the HTTP surface. */
import type { IncomingMessage } from "node:http"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import type { CoreBudget } from "../../../io/admission/budgets.ts"
import type { SessionBudget } from "../../../io/rondevu/sessions/budgets.ts"
import type { SessionDesk } from "../../../io/rondevu/sessions/sessionDesk.ts"
import { rondevuNumbers } from "../../../wire/rondevu/numbers.ts"
import { SessionsApi } from "../../../wire/rondevu/sessions/api.ts"
import { type HttpPart, httpPart, type PathsOf } from "../../httpPart.ts"
import { refusals, unknownPath } from "../answers.ts"
import { rondevuCors } from "../cors.ts"
import { answersFaults } from "../requests.ts"
import { sessionHandlers } from "./handlers.ts"
import { createPoll, pollFastPath } from "./poll.ts"

type Groups = (typeof SessionsApi)["groups"][keyof (typeof SessionsApi)["groups"]]
type PathBudget = Exclude<CoreBudget, "connections" | "upgrades" | "frames"> | SessionBudget

/** By path, as it is declared. `sessions` and `sessionPolls` the desk takes. */
const budgets = {
  "/": ["requests"],
  "/health": ["checks"],
  "/topics": ["requests"],
  "/:topic/sessions": ["requests"],
  "/:topic/offer": ["requests", "sessions"],
  "/answer": ["requests"],
  "/poll": ["requests", "sessionPolls"]
} as const satisfies Readonly<Record<PathsOf<Extract<Groups, HttpApiGroup.Constraint>>, readonly PathBudget[]>>

export interface SessionPartOptions {
  /** Where it is served. */
  readonly mount: string
  readonly version: string
  readonly desk: SessionDesk
  readonly addressOf: (request: IncomingMessage) => string
  /** Whether pages of this origin may read answers. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Told of faults of the database that time cures. */
  readonly onFault: (error: unknown) => void
  readonly now: () => number
}

export const sessionPart = (options: SessionPartOptions): HttpPart => {
  const { desk, addressOf, allowsOrigin, onFault } = options
  const poll = createPoll(desk, addressOf)
  return httpPart({
    api: SessionsApi,
    handlers: sessionHandlers({ ...options, poll, failed: answersFaults(onFault) }),
    budgets,
    cors: rondevuCors(allowsOrigin, {
      methods: "GET,POST,OPTIONS",
      headers: "Content-Type,Origin,X-Rondevu-Global"
    }),
    fastPaths: [pollFastPath(poll)],
    notFound: () => unknownPath,
    refusals,
    bodyBytes: () => rondevuNumbers.bodyBytes,
    slashAfterMount: true
  })
}
