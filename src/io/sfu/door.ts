/** Who may open a socket, by the token in the request's URL. */
import type { Claims } from "../../wire/sfu/claims.ts"
import { textRefusals } from "../../wire/sfu/errors.ts"
import { decodedPath } from "../admission/requestPath.ts"
import type { UpgradeRefusal } from "../sockets/socketServer.ts"
import { type Tokens, tokenIn } from "./tokens.ts"

/** Says as whom somebody comes in, or why not; `url`: the request's target. Never rejects. */
export type ReadsDoor = (url: string) => Promise<{ readonly claims: Claims } | { readonly refusal: UpgradeRefusal }>

const refusal = ({ status, text }: { readonly status: number; readonly text: string }) => ({
  refusal: { status, body: text }
})

/** `mount`: where the SFU is served. */
export const createDoor = (mount: string, tokens: Pick<Tokens, "read">): ReadsDoor => {
  const isHere = (url: string): boolean => {
    const path = decodedPath(url)
    return path === mount || path === `${mount}/`
  }

  return async (url) => {
    const token = tokenIn(url)
    if (token === undefined) return refusal(isHere(url) ? textRefusals.noToken : textRefusals.notFound)
    const claims = await tokens.read(token)
    if (claims === undefined) return refusal(textRefusals.invalidToken)
    return isHere(url) ? { claims } : refusal(textRefusals.notFound)
  }
}
