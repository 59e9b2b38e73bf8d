/**
 * The whole HTTP surface: what may be asked, how, and what is answered. `/openapi.json` and `/docs` are made from it.
 *
 * To add a group: declare it here, add it to `Api`, write its handlers in a file of its own and list their layer in
 * surface.ts, and say in `budgetsOfPath` which budgets its paths take from (the compiler insists on both). Its CORS rules, if browsers may call it, are a row of cors.ts.
 */

import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import type { CoreBudget } from "../io/admission/budgets.ts"
import type { DropSilkBudget } from "../io/dropsilk/budgets.ts"
import { version } from "../version.ts"
import { allFaults, RejectsInvalidInput } from "../wire/core/invalidRequest.ts"
import { Active, FileCount, Name, ParticipantId, RecaptchaToken, RoomCode, TotalBytes } from "./dropsilk/fields.ts"
import { RoomSummary } from "./dropsilk/summary.ts"
import type { WireError } from "./wireErrors.ts"
import { errorSchema, wireErrors } from "./wireErrors.ts"

const described = (summary: string, description: string) => OpenApi.annotations({ summary, description })

const PlainText = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; charset=utf-8" }))
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
        reason: Schema.Literals(["database", "database_fault", "shutting_down"]).annotate({
          description:
            "`database`: it gives no answer, or not in time. `database_fault`: it refuses what the server needs; the log says why."
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

const inRoom = { roomCode: RoomCode }
const asParticipant = { roomCode: RoomCode, participantId: ParticipantId }
const notInRoom = errorSchema(wireErrors.notInRoom)
const unavailable = errorSchema(wireErrors.unavailable)
const fault = errorSchema(wireErrors.fault)
const tooLarge = errorSchema(wireErrors.bodyTooLarge)
const tooManyRequests = errorSchema(wireErrors.tooMany)
const wrongOrigin = errorSchema(wireErrors.wrongOrigin)

/** The body of creating and of joining. */
export const NamePayload = Schema.Struct({ name: Name })
/** The body of becoming ready. */
export const ReadyPayload = Schema.Struct({ fileCount: FileCount, totalBytes: TotalBytes })
/** The body of asking for the screen-share or chat channel, and of no longer asking. */
export const ActivePayload = Schema.Struct({ active: Active })

/** Durable rooms of two. Clients poll theirs once a second until `shouldConnect`, then attach over the WebSocket. */
export class RoomsGroup extends HttpApiGroup.make("rooms")
  .add(
    HttpApiEndpoint.post("create", "/api/rooms", {
      payload: NamePayload,
      success: RoomSummary.annotate({ httpApiStatus: 201 }),
      error: [wrongOrigin, tooLarge, tooManyRequests, unavailable, fault]
    }).annotateMerge(described("Create a room", "Makes a room and its host. The code is what the host passes on.")),
    HttpApiEndpoint.post("join", "/api/rooms/:roomCode/join", {
      params: inRoom,
      payload: NamePayload,
      success: RoomSummary,
      error: [
        errorSchema(wireErrors.roomGone),
        errorSchema(wireErrors.roomFull),
        wrongOrigin,
        tooLarge,
        tooManyRequests,
        unavailable,
        fault
      ]
    }).annotateMerge(
      described("Join a room", "Takes the guest's place, or that of a participant who has gone without a word.")
    ),
    HttpApiEndpoint.get("poll", "/api/rooms/:roomCode", {
      params: inRoom,
      query: { participantId: ParticipantId },
      success: RoomSummary,
      error: [notInRoom, tooManyRequests, unavailable, fault]
    }).annotateMerge(
      described(
        "Poll a room",
        "Says how the room is, and extends its life. Who has just left comes back by it, while a seat is free."
      )
    ),
    HttpApiEndpoint.post("ready", "/api/rooms/:roomCode/participants/:participantId/ready", {
      params: asParticipant,
      payload: ReadyPayload,
      success: RoomSummary,
      error: [notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(
      described("Offer files", "Makes the participant ready, for good. Saying it again replaces the counts.")
    ),
    HttpApiEndpoint.post("screenShare", "/api/rooms/:roomCode/participants/:participantId/screen-share", {
      params: asParticipant,
      payload: ActivePayload,
      success: RoomSummary,
      error: [errorSchema(wireErrors.peerIsSharing), notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(described("Share the screen", "Starts or ends this participant's screen sharing.")),
    HttpApiEndpoint.post("chat", "/api/rooms/:roomCode/participants/:participantId/chat", {
      params: asParticipant,
      payload: ActivePayload,
      success: RoomSummary,
      error: [notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(described("Ask for a chat", "Opens or closes the chat on this participant's side."))
  )
  .middleware(RejectsInvalidInput)
  .annotateMerge(
    OpenApi.annotations({
      title: "Rooms",
      description:
        "Durable rooms of two. Path parameters are looked at first, then the query, then the body; only the first " +
        "part with faults is reported, with all its faults. Fields that are not listed are ignored. A body that is " +
        "absent or not sent as `application/json` counts as `{}`. Everything else under `/api/rooms` answers 404 " +
        `\`${JSON.stringify({ error: wireErrors.unknownRoomEndpoint.error })}\`.`
    })
  ) {}

const Urls = Schema.Union([Schema.String, Schema.Array(Schema.String)])

/** What browsers need to get through firewalls. */
export class TurnGroup extends HttpApiGroup.make("turn")
  .add(
    HttpApiEndpoint.get("credentials", "/api/turn-credentials", {
      success: Schema.Struct({
        iceServers: Schema.Array(
          Schema.Struct({
            urls: Urls,
            username: Schema.optionalKey(Schema.String),
            credential: Schema.optionalKey(Schema.String)
          })
        ).annotate({ description: "For `new RTCPeerConnection({ iceServers })`." }),
        ttl: Schema.optionalKey(
          Schema.Int.annotate({ description: "Seconds that the credentials are good for; absent without any." })
        )
      }).annotate({ identifier: "IceServers" }),
      error: [errorSchema(wireErrors.turnNotConfigured), errorSchema(wireErrors.turnUnavailable), tooManyRequests]
    }).annotateMerge(
      described("STUN and TURN servers", "All that are configured, with fresh credentials that end by themselves.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "TURN", description: "STUN and TURN servers for clients." })) {}

/** The refusal of uploads; clients compare its text. */
export const uploadRoutingError = {
  status: 500,
  error: "UploadThing routing error",
  description:
    "The server has no UploadThing token, or UploadThing or the database does not do its part. Do without a preview."
} as const satisfies WireError

const uploadRefused = Schema.Struct({ message: Schema.String }).annotate({
  description: "Not a PowerPoint file, larger than 64 MB, more than one, or nothing that the SDK understands.",
  httpApiStatus: 400
})

/** Previews, kept at UploadThing. */
export class UploadsGroup extends HttpApiGroup.make("uploads")
  .add(
    HttpApiEndpoint.get("uploadRoutes", "/api/uploadthing", {
      success: Schema.Array(Schema.Struct({ slug: Schema.String, config: Schema.Unknown })),
      error: errorSchema(uploadRoutingError)
    }).annotateMerge(described("What may be uploaded", "For UploadThing's client, which asks before anything else.")),
    HttpApiEndpoint.post("upload", "/api/uploadthing", {
      payload: Schema.Struct({
        files: Schema.Array(Schema.Struct({ name: Schema.String, size: Schema.Number, type: Schema.String })).annotate({
          description: "One `.pptx` of at most 64 MB."
        })
      }),
      success: Schema.Unknown.annotate({
        description: "For a client: `[{url, key, name, customId}]`, where to put the file. For UploadThing: `null`."
      }),
      error: [uploadRefused, errorSchema(uploadRoutingError), tooLarge, tooManyRequests]
    }).annotateMerge(
      described(
        "Upload a preview",
        "UploadThing's client asks with `?actionType=upload&slug=previewUpload` where to put a file; UploadThing calls " +
          "back with `?slug=previewUpload`, `uploadthing-hook` and a signature when it has come. The client then gets " +
          "`{url}`."
      )
    )
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Uploads", description: "Previews of PowerPoint files, kept at UploadThing." })
  ) {}

/** The body of asking for the contact address. */
export const ContactPayload = Schema.Struct({ token: RecaptchaToken })

/** An address that is shown to people only. */
export class ContactGroup extends HttpApiGroup.make("contact")
  .add(
    HttpApiEndpoint.post("requestEmail", "/request-email", {
      payload: ContactPayload,
      success: Schema.Struct({ email: Schema.String }).annotate({ identifier: "ContactAddress" }),
      error: [
        errorSchema(wireErrors.recaptchaFailed),
        errorSchema(wireErrors.contactNotConfigured),
        errorSchema(wireErrors.contactFailed),
        wrongOrigin,
        tooLarge,
        tooManyRequests
      ]
    }).annotateMerge(described("Ask for the contact address", "Gives it to whoever passes the reCAPTCHA."))
  )
  .middleware(RejectsInvalidInput)
  .annotateMerge(OpenApi.annotations({ title: "Contact", description: "An address for people only." })) {}

/** Unknown fields are ignored, in both directions; the schemas' JSON form forbids them unless told otherwise. */
const allowMoreProperties = (document: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(document, (key, value) => (key === "additionalProperties" && value === false ? undefined : value))
  )

/** Everything that answers. */
export class Api extends HttpApi.make("silktower")
  .add(ServerGroup, StatusGroup, HealthGroup, LogsGroup, RoomsGroup, TurnGroup, UploadsGroup, ContactGroup)
  .annotate(HttpApi.ParseOptions, allFaults)
  .annotateMerge(
    OpenApi.annotations({
      title: "silktower",
      version,
      description:
        "Signaling for peer-to-peer apps: rooms over HTTP, flights and signals over the WebSocket at the same address. " +
        "Every path answers OPTIONS with the methods that it takes in `Allow`, and HEAD wherever it answers GET.",
      transform: allowMoreProperties
    })
  ) {}

type PathOf<Endpoint> = Endpoint extends { readonly path: infer Path extends string } ? Path : never
type Groups = (typeof Api)["groups"]
/** Every path of the API, as it is declared. */
export type ApiPath = PathOf<HttpApiGroup.Endpoints<Groups[keyof Groups]>>

export type PathBudget = Exclude<CoreBudget | DropSilkBudget, "connections" | "upgrades" | "frames" | "invitations">

/**
 * Which budgets a request takes from. Whatever is not here, such as the documents, the tower page, preflights and paths
 * that are none, takes from `requests`.
 */
export const budgetsOfPath = {
  "/": ["checks"],
  "/keep-alive": ["checks"],
  "/stats": ["requests"],
  "/favicon.ico": ["requests"],
  "/api/status": ["requests"],
  "/healthz": ["checks"],
  "/readyz": ["checks"],
  "/metrics": ["checks"],
  "/logs": ["requests"],
  "/api/rooms": ["requests", "rooms"],
  "/api/rooms/:roomCode/join": ["requests", "guesses"],
  "/api/rooms/:roomCode": ["requests", "polls"],
  "/api/rooms/:roomCode/participants/:participantId/ready": ["requests"],
  "/api/rooms/:roomCode/participants/:participantId/screen-share": ["requests"],
  "/api/rooms/:roomCode/participants/:participantId/chat": ["requests"],
  "/api/turn-credentials": ["requests", "thirdParties"],
  "/api/uploadthing": ["requests", "thirdParties"],
  "/request-email": ["requests", "thirdParties"]
} as const satisfies Readonly<Record<ApiPath, readonly PathBudget[]>>
