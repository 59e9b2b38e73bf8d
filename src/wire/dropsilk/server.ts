/** Whether the server lives and how it is, in the forms that DropSilk's clients and its status page know. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described, PlainText } from "../core/describing.ts"

const Icon = Schema.String.pipe(HttpApiSchema.asText({ contentType: "image/svg+xml" }))
const Bytes = Schema.Int.annotate({ description: "Bytes." })
const Megabytes = Schema.Int.annotate({ description: "Whole MiB." })

/** Whether the server lives, in the forms that people, uptime checks and dashboards have always asked for. */
export class ServerGroup extends HttpApiGroup.make("server")
  .add(
    HttpApiEndpoint.get("root", "/", { success: PlainText }).annotateMerge(
      described("Greeting", "Says that the server is there; the same address takes WebSocket upgrades.")
    ),
    HttpApiEndpoint.get("keepAlive", "/keep-alive", { success: PlainText }).annotateMerge(
      described("Keep awake", "`OK`, for pingers that keep a free host awake.")
    ),
    HttpApiEndpoint.get("stats", "/stats", {
      success: Schema.Struct({
        activeConnections: Schema.Int,
        activeFlights: Schema.Int,
        memory: Schema.Struct({
          rss: Bytes,
          heapTotal: Bytes,
          heapUsed: Bytes,
          external: Bytes,
          arrayBuffers: Bytes
        }).annotate({ description: "As Node's `process.memoryUsage()` says it." }),
        timestamp: Schema.String.annotate({ description: "ISO 8601." }),
        uptime: Schema.Number.annotate({ description: "Seconds since the start." })
      }).annotate({ identifier: "Stats" })
    }).annotateMerge(described("Numbers of this moment", "Connections, flights, memory and age.")),
    HttpApiEndpoint.get("favicon", "/favicon.ico", { success: Icon }).annotateMerge(
      described("Icon", "What a browser shows beside the greeting.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Server", description: "Whether the server lives." })) {}

const Moment = Schema.NullOr(Schema.String)
const JobStatus = Schema.Struct({
  state: Schema.Literals(["running", "resting", "backing_off", "stopped"]).annotate({
    description: "`backing_off`: the last run has failed, and it is not time yet to try again."
  }),
  lastRunAt: Moment.annotate({ description: "When the last finished run began, ISO 8601." }),
  lastResult: Schema.NullOr(
    Schema.Struct({ outcome: Schema.Literals(["complete", "skipped", "failed"]), removed: Schema.Int })
  ).annotate({ description: "What it came to, and how many things it removed." }),
  nextRunAt: Moment.annotate({ description: "ISO 8601; null while it runs." })
}).annotate({ identifier: "JobStatus" })

/** What a status page shows. */
export class StatusGroup extends HttpApiGroup.make("status")
  .add(
    HttpApiEndpoint.get("status", "/api/status", {
      success: Schema.Struct({
        status: Schema.Literal("operational"),
        timestamp: Schema.String.annotate({ description: "ISO 8601." }),
        uptime: Schema.Number.annotate({ description: "Seconds since the start." }),
        uptimeFormatted: Schema.String.annotate({ examples: ["1d 2h 3m 4s"] }),
        version: Schema.String,
        memory: Schema.Struct({ heapTotalMB: Megabytes, heapUsedMB: Megabytes, rssMB: Megabytes }),
        services: Schema.Struct({
          signaling: Schema.Struct({ status: Schema.Literal("operational"), activeFlights: Schema.Int }),
          turn: Schema.Struct({ status: Schema.Literals(["operational", "not_configured"]) }),
          websocket: Schema.Struct({ status: Schema.Literal("operational"), activeConnections: Schema.Int })
        }),
        stats: Schema.Struct({
          totalConnections: Schema.Int,
          totalDisconnections: Schema.Int,
          totalFlightsCreated: Schema.Int,
          totalFlightsJoined: Schema.Int
        }).annotate({ description: "Since the start." }),
        jobs: Schema.Struct({ previewCleanup: JobStatus, roomCleanup: JobStatus })
      }).annotate({ identifier: "Status" })
    }).annotateMerge(described("Status", "The state of each service, and totals since the start."))
  )
  .annotateMerge(OpenApi.annotations({ title: "Status", description: "What a status page shows." })) {}
