/** Named peers over HTTP. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described, PlainText } from "../core/describing.ts"
import { allFaults } from "../core/invalidRequest.ts"

/** Whether it lives, and that there is a WebSocket. */
export class NamedPeersGroup extends HttpApiGroup.make("namedPeers")
  .add(
    HttpApiEndpoint.get("namedPeersHealth", "/health", {
      success: Schema.Struct({
        status: Schema.Literal("healthy"),
        clientCount: Schema.Int.annotate({ description: "Peers that are logged in at this moment, in all spaces." }),
        uptime: Schema.Number.annotate({ description: "Seconds since the start." }),
        timestamp: Schema.String.annotate({ description: "ISO 8601." })
      }).annotate({ identifier: "NamedPeersHealth" })
    }).annotateMerge(described("Health", "Whether the server lives, and how many are logged in.")),
    HttpApiEndpoint.get("namedPeersUpgrade", "/", {
      success: PlainText.annotate({
        description: "`Upgrade Required`: this address takes WebSocket upgrades.",
        httpApiStatus: 426
      })
    }).annotateMerge(described("WebSocket", "The address that peers connect to."))
  )
  .annotateMerge(OpenApi.annotations({ title: "Named peers", description: "Whether named peers can meet." })) {}

/** Everything of named peers that answers. */
export class NamedPeersApi extends HttpApi.make("named-peers")
  .add(NamedPeersGroup)
  .annotate(HttpApi.ParseOptions, allFaults)
  .annotate(OpenApi.Description, "peers that are known by their names and send each other messages over a WebSocket") {}
