/** Minting and redeeming codes: what a request becomes, and how the answer is put into words. */
import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { DatabaseFault } from "../../io/database/databaseErrors.ts"
import type { CodeDesk } from "../../io/noisytransfer/codes/codeDesk.ts"
import type { NoisyTransferLog } from "../../io/noisytransfer/telling/events.ts"
import { describeError } from "../../io/telemetry/describeError.ts"
import { NoisyTransferApi, RendezvousGroup } from "../../wire/noisytransfer/api.ts"
import { textRefusals } from "../../wire/noisytransfer/errors.ts"
import { type Answer, responseOf } from "../answer.ts"
import { successOf } from "../success.ts"
import { refusal, tooMany } from "./answers.ts"
import { codeIn, saysJson } from "./redeemBody.ts"

export interface RendezvousOptions {
  readonly desk: CodeDesk
  /** The client address that a request counts for. */
  readonly addressOf: (request: IncomingMessage) => string
  readonly log: NoisyTransferLog
}

type Request = HttpServerRequest.HttpServerRequest

const contentType = refusal(textRefusals.contentType)
const badRequest = refusal(textRefusals.badRequest)
const gone = refusal(textRefusals.gone)
const unavailable = refusal(textRefusals.unavailable)

const says = {
  code: successOf(RendezvousGroup.endpoints.code),
  redeem: successOf(RendezvousGroup.endpoints.redeem)
}
/** What they say is for whoever has asked, once. */
const notStored = { "cache-control": "no-store" }

const momentOf = (at: number): string => new Date(at).toISOString()

/** The handlers of `RendezvousGroup`. */
export const rendezvousHandlers = ({ desk, addressOf, log }: RendezvousOptions) => {
  const askedFrom = (request: Request) => addressOf(toIncomingMessage(request) as IncomingMessage)

  /** The database's faults that time cures are told to the client as such; all others are the surface's. */
  const answered = (answer: Promise<Answer>) =>
    Effect.promise(async () => {
      try {
        return responseOf(await answer)
      } catch (error) {
        if (!(error instanceof DatabaseFault) || error.lasting) throw error
        log("error", "rendezvous:error", describeError(error))
        return responseOf(unavailable)
      }
    })

  const mint = async (address: string): Promise<Answer> => {
    const minted = await desk.mint(address)
    if ("waitMs" in minted) return tooMany(minted.waitMs)
    const { appId: appID, code, expiresAt } = minted
    return says.code({ appID, code, expiresAt: momentOf(expiresAt) }, notStored)
  }

  const redeem = async (address: string, code: string): Promise<Answer> => {
    const redeemed = await desk.redeem(address, code)
    if (redeemed === "gone") return gone
    if ("waitMs" in redeemed) return tooMany(redeemed.waitMs)
    return says.redeem({ appID: redeemed.appId, expiresAt: momentOf(redeemed.expiresAt) }, notStored)
  }

  /** Who has spent its wrong codes is told so, whatever it asks. */
  const refused = (address: string, answer: Answer) => {
    const waitMs = desk.wait(address)
    return Effect.succeed(responseOf(waitMs > 0 ? tooMany(waitMs) : answer))
  }

  return HttpApiBuilder.group(NoisyTransferApi, "rendezvous", (handlers) =>
    handlers
      .handleRaw("code", ({ request }) => answered(mint(askedFrom(request))))
      .handleRaw("redeem", ({ request }) => {
        const address = askedFrom(request)
        if (!saysJson(request.headers["content-type"])) return refused(address, contentType)
        return Effect.flatMap(Effect.orDie(request.text), (body) => {
          const code = codeIn(body)
          return code === null ? refused(address, badRequest) : answered(redeem(address, code))
        })
      })
  )
}
