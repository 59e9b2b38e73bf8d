/** The core's own endpoints: for whoever runs the server, whatever protocols it serves. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described, PlainText } from "./describing.ts"
import { allFaults } from "./invalidRequest.ts"

/** For whoever runs the server: orchestrators, load balancers and Prometheus. */
export class HealthGroup extends HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("healthz", "/healthz", { success: PlainText }).annotateMerge(
      described("Alive", "`ok` as long as the process answers at all; says nothing of the database.")
    ),
    HttpApiEndpoint.get("readyz", "/readyz", {
      success: Schema.Struct({ status: Schema.Literal("ready") }),
      error: Schema.Struct({
        status: Schema.Literal("not_ready"),
        reason: Schema.Literals(["cluster", "database", "database_fault", "shutting_down"]).annotate({
          description:
            "`cluster`: of a node of a cluster, some actors have no owner yet. `database`: it gives no answer, or not in time. `database_fault`: it refuses what the server needs; the log says why."
        })
      }).annotate({ httpApiStatus: 503 })
    }).annotateMerge(
      described(
        "Ready",
        "Whether clients should be sent here: the database does what is needed of it, and the server stays."
      )
    ),
    HttpApiEndpoint.get("metrics", "/metrics", { success: PlainText }).annotateMerge(
      described("Metrics", "In the text format of Prometheus, version 0.0.4.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Health", description: "For whoever runs the server." })) {}

/** What the server has written lately. */
export class LogsGroup extends HttpApiGroup.make("logs")
  .add(
    HttpApiEndpoint.get("logs", "/logs", {
      // A key given twice is a wrong key, not a fault of another kind.
      query: {
        key: Schema.optionalKey(
          Schema.Union([Schema.String, Schema.Array(Schema.String)]).annotate({ description: "LOG_ACCESS_KEY." })
        )
      },
      success: PlainText.annotate({ description: "One JSON object a line." }),
      error: PlainText.annotate({
        description: "`Forbidden`: the key is missing or wrong, or the server has none.",
        httpApiStatus: 403
      })
    }).annotateMerge(described("Newest log lines", "Oldest first, as many as MAX_LOG_BUFFER_SIZE says."))
  )
  .annotateMerge(OpenApi.annotations({ title: "Logs", description: "What the server has written lately." })) {}

/** Everything of the core's that answers. */
export class CoreApi extends HttpApi.make("core")
  .add(HealthGroup, LogsGroup)
  .annotate(HttpApi.ParseOptions, allFaults) {}
