/** What the URL of an upgrade request says: which room, which side, and whose session. */
import type { IncomingMessage } from "node:http"
import type { Side } from "../../../machines/noisytransfer/relayRoom/seats.ts"
import { type TextRefusal, textRefusals } from "../../../wire/noisytransfer/errors.ts"
import { isUuid } from "../../../wire/noisytransfer/names.ts"
import { decodedPath } from "../../admission/requestPath.ts"
import type { UpgradeRefusal } from "../../sockets/socketServer.ts"

export interface Place {
  readonly appId: string
  readonly side: Side
  /** Null: there is no such parameter. */
  readonly sid: string | null
}

/** What a request asks for, or how it is refused. Of a parameter that is given twice the first counts. */
export const readPlace = (url: string): Place | { readonly refusal: TextRefusal } => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1 || url.length))
  const appId = query.get("appID") ?? ""
  if (!isUuid(appId)) return { refusal: textRefusals.badAppId }
  const side = query.get("side")
  if (side !== "A" && side !== "B") return { refusal: textRefusals.badSide }
  return { appId, side, sid: query.get("sid") }
}

/** As a plain answer instead of the upgrade. */
export const upgradeRefusal = ({ status, text }: TextRefusal): UpgradeRefusal => ({
  status,
  body: text,
  headers: { "X-Content-Type-Options": "nosniff" }
})

/** What is wrong with an upgrade request; null: nothing. `mount`: where the protocol is served. */
export const createRefuses = (mount: string) => {
  const path = mount === "/" ? "/ws" : `${mount}/ws`
  return ({ url = "" }: IncomingMessage): UpgradeRefusal | null => {
    if (decodedPath(url) !== path) return upgradeRefusal(textRefusals.unknownPath)
    const place = readPlace(url)
    return "refusal" in place ? upgradeRefusal(place.refusal) : null
  }
}
