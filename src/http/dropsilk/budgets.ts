/** Which budgets DropSilk's requests take from. */
import type { CoreBudget } from "../../io/admission/budgets.ts"
import type { DropSilkBudget } from "../../io/dropsilk/budgets.ts"
import type { DropSilkApi } from "../../wire/dropsilk/api.ts"
import type { PathsOf } from "../httpPart.ts"

type Groups = (typeof DropSilkApi)["groups"]
type PathBudget = Exclude<CoreBudget | DropSilkBudget, "connections" | "upgrades" | "frames" | "invitations">

/** By path, as it is declared. `rooms`, `guesses` and `polls` are taken by the handlers. */
export const budgetsOfPath = {
  "/": ["checks"],
  "/keep-alive": ["checks"],
  "/stats": ["requests"],
  "/favicon.ico": ["requests"],
  "/api/status": ["requests"],
  "/api/rooms": ["requests", "rooms"],
  "/api/rooms/:roomCode/join": ["requests", "guesses"],
  "/api/rooms/:roomCode": ["requests", "polls"],
  "/api/rooms/:roomCode/participants/:participantId/ready": ["requests"],
  "/api/rooms/:roomCode/participants/:participantId/screen-share": ["requests"],
  "/api/rooms/:roomCode/participants/:participantId/chat": ["requests"],
  "/api/turn-credentials": ["requests", "thirdParties"],
  "/api/uploadthing": ["requests", "thirdParties"],
  "/request-email": ["requests", "thirdParties"]
} as const satisfies Readonly<Record<PathsOf<Groups[keyof Groups]>, readonly PathBudget[]>>
