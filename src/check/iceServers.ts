/** Whether the STUN and TURN servers answer whose addresses clients are given, and take what clients are given with them. */
import * as Effect from "effect/Effect"
import type { Config } from "../config/config.ts"
import { probeIceServer } from "../io/services/iceProbe.ts"
import { createIceServers } from "../io/services/turnCredentials.ts"
import { limits } from "../limits.ts"
import { type Finding, fault, good, note } from "./finding.ts"

const about = "TURN"

export const checkIceServers = async ({ turn }: Config): Promise<readonly Finding[]> => {
  const complaints: Finding[] = []
  const issue = createIceServers({
    ...turn,
    userId: () => "check",
    now: () => Date.now(),
    elapsed: () => performance.now(),
    log: (level, _, fields) => {
      if (level !== "error") return
      const { error, hint = "" } = fields as { readonly error: string; readonly hint?: string }
      complaints.push(fault(about, `Cloudflare gives no credentials: ${error}. ${hint}`.trim()))
    }
  })
  if (issue === undefined) {
    const says =
      "No STUN or TURN server is set: peers meet on one network, and through few routers. Set STUN_URLS, and TURN_URLS with " +
      "TURN_SECRET, or Cloudflare's (docs/operations.md)."
    return [note(about, says)]
  }
  const issued = await Effect.runPromise(issue)
  const servers = (issued?.iceServers ?? []).flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => ({ url, username, credential }))
  )
  const probed = await Promise.all(
    servers.map(async (server) => {
      const { outcome, detail, milliseconds } = await probeIceServer(server, limits.thirdPartyTimeoutMs)
      const says = `${server.url} ${detail}, ${milliseconds} ms.`
      if (outcome === "refuses")
        return fault(
          about,
          `${says} Its own secret (static-auth-secret of coturn) must be TURN_SECRET, and its clock right.`
        )
      if (outcome === "silent") return fault(about, `${says} See whether it runs, and which firewall is between.`)
      return good(about, says)
    })
  )
  const hasTurn = servers.some(({ url }) => url.startsWith("turn"))
  const without = "There is no TURN server: one in ten to one in five pairs of peers cannot connect without one."
  return [...complaints, ...probed, ...(hasTurn || complaints.length > 0 ? [] : [note(about, without)])]
}
