/** NoisyTransfer over HTTP: what may be asked, how, and what is answered. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described, PlainText } from "../core/describing.ts"
import { type TextRefusal, textRefusals } from "./errors.ts"
import { Code } from "./names.ts"

const refusal = ({ status, text, when, duty }: TextRefusal) =>
  PlainText.annotate({ description: `\`${text.trimEnd()}\`: ${when} ${duty}`, httpApiStatus: status })

const AppId = Schema.String.annotate({
  description: "The name of the room: a version 4 UUID in lower case with dashes."
})
const Moment = Schema.String.annotate({ description: "RFC 3339 in UTC." })

/** Two people find each other by a short code. */
export class RendezvousGroup extends HttpApiGroup.make("rendezvous")
  .add(
    HttpApiEndpoint.post("code", "/rendezvous/code", {
      success: Schema.Struct({ appID: AppId, code: Code, expiresAt: Moment }).annotate({ identifier: "MintedCode" }),
      error: [refusal(textRefusals.rateLimit), refusal(textRefusals.unavailable)]
    }).annotateMerge(described("Mint a code", "A code for a new room. The body of the request is not looked at.")),
    HttpApiEndpoint.post("redeem", "/rendezvous/redeem", {
      success: Schema.Struct({ appID: AppId, expiresAt: Moment }).annotate({ identifier: "RedeemedCode" }),
      error: [
        refusal(textRefusals.badRequest),
        refusal(textRefusals.gone),
        refusal(textRefusals.contentType),
        refusal(textRefusals.rateLimit),
        refusal(textRefusals.unavailable)
      ]
    }).annotateMerge(
      described(
        "Redeem a code",
        'Says which room a code is for, once: `{"code": "0042"}`, as application/json. What follows the object is not read.'
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Rendezvous", description: "Two people agree on a short code." })) {}

/** Whoever asks for a socket without an upgrade. */
export class RelayGroup extends HttpApiGroup.make("relay")
  .add(
    HttpApiEndpoint.get("socket", "/ws", {
      success: PlainText.annotate({ description: "Never: see /asyncapi.json.", httpApiStatus: 101 }),
      error: [refusal(textRefusals.badAppId), refusal(textRefusals.badSide), refusal(textRefusals.noUpgrade)]
    }).annotateMerge(described("The relay", "Takes WebSocket upgrades, with `appID` and `side` in its query."))
  )
  .annotateMerge(OpenApi.annotations({ title: "Relay", description: "Two sides of a room, and their mailboxes." })) {}

/** For whoever runs the server, in the forms that they know. */
export class RelayHealthGroup extends HttpApiGroup.make("relayHealth")
  .add(
    HttpApiEndpoint.get("alive", "/healthz", { success: Schema.Struct({ ok: Schema.Literal(true) }) }).annotateMerge(
      described("Alive", "As long as the process answers at all.")
    ),
    HttpApiEndpoint.get("ready", "/readyz", {
      success: Schema.Struct({ ready: Schema.Literal(true) }),
      error: Schema.Struct({ ready: Schema.Literal(false) }).annotate({ httpApiStatus: 503 })
    }).annotateMerge(
      described("Ready", "Whether clients should be sent here: the database answers, and the server stays.")
    ),
    HttpApiEndpoint.get("figures", "/metrics", { success: PlainText }).annotateMerge(
      described("Metrics", "Of this protocol alone, in the text format of Prometheus.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Relay health", description: "How the relay is." })) {}

const about = "rendezvous codes over HTTP, a relay and mailboxes over the WebSocket at /ws"

/** Everything of NoisyTransfer's that answers. */
export class NoisyTransferApi extends HttpApi.make("noisytransfer")
  .add(RendezvousGroup, RelayGroup, RelayHealthGroup)
  .annotate(OpenApi.Description, about) {}

/** The same at the root of the port, where the server's own health and metrics are. */
export class NoisyTransferRootApi extends HttpApi.make("noisytransfer")
  .add(RendezvousGroup, RelayGroup)
  .annotate(OpenApi.Description, about) {}
