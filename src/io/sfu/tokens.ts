/** Tokens: what lets a client into one room. They stand in URLs, which are therefore written down nowhere. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { jwtVerify, SignJWT } from "jose"
import { Claims } from "../../wire/sfu/claims.ts"

/** The one algorithm, whatever a token's header says. */
const algorithm = "HS256"

export interface TokensOptions {
  readonly key: Uint8Array
  readonly goodForSeconds: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface Tokens {
  issue(claims: Claims): Promise<string>
  /** What a token says; undefined: it is none of ours, has expired, or does not say who and where. */
  read(token: string): Promise<Claims | undefined>
}

const readClaims = Schema.decodeUnknownResult(Claims)

export const createTokens = ({ key, goodForSeconds, now }: TokensOptions): Tokens => ({
  issue: ({ userId, userName, roomId }) => {
    const issuedAt = Math.floor(now() / 1000)
    return new SignJWT({ userId, userName, roomId })
      .setProtectedHeader({ alg: algorithm, typ: "JWT" })
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + goodForSeconds)
      .sign(key)
  },
  read: async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        requiredClaims: ["exp"],
        currentDate: new Date(now())
      })
      const claims = readClaims(payload)
      return Result.isSuccess(claims) ? claims.success : undefined
    } catch {
      // Why it is none of ours is nobody's business who may be guessing.
      return undefined
    }
  }
})

/** The token in a request target; undefined: there is none. Of several the first counts. */
export const tokenIn = (url: string): string | undefined => {
  const start = url.indexOf("?")
  return (start === -1 ? undefined : new URLSearchParams(url.slice(start + 1)).get("token")) || undefined
}
