/** What DropSilk brings to the HTTP surface. */
import * as Layer from "effect/Layer"
import { isUnder } from "../../io/admission/requestPath.ts"
import type { RoomDesk } from "../../io/dropsilk/rooms/roomDesk.ts"
import { frameBudgets } from "../../io/dropsilk/sockets/frames.ts"
import type { IssueIceServers } from "../../io/services/turnCredentials.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { asyncApiDocument } from "../../wire/dropsilk/asyncApi.ts"
import { httpErrors } from "../../wire/dropsilk/errors.ts"
import { ServerGroup } from "../../wire/dropsilk/server.ts"
import { ContactGroup } from "../../wire/dropsilk/thirdParties.ts"
import { errorAnswer, textAnswer } from "../answer.ts"
import { type HttpPart, httpPart } from "../httpPart.ts"
import { budgetsOfPath } from "./budgets.ts"
import { type ContactOptions, contactHandlers } from "./contact.ts"
import { corsRoutes } from "./cors.ts"
import { createPoll, pollFastPath } from "./poll.ts"
import { type RoomBudgets, roomHandlers } from "./rooms.ts"
import { type ServerStatus, serverHandlers, statusHandlers } from "./status.ts"
import type { CheckOptions } from "./try/check.ts"
import { createTryPage } from "./try/tryPage.ts"
import { turnHandlers } from "./turn.ts"
import { isCallback, type UploadsOptions, uploadHandlers } from "./uploads.ts"

export interface DropSilkPartOptions {
  /** Where it is served. */
  readonly mount: string
  readonly desk: RoomDesk
  readonly budgets: RoomBudgets
  readonly status: ServerStatus
  /** Absent: no STUN or TURN server is configured. */
  readonly iceServers?: IssueIceServers | undefined
  readonly uploads: UploadsOptions
  readonly contact: ContactOptions
  /** Absent: there is no page to try the server with. */
  readonly tryPage?: CheckOptions | undefined
}

export const dropSilkPart = (options: DropSilkPartOptions): HttpPart => {
  const { desk, budgets, status } = options
  const poll = createPoll(desk, budgets)
  return httpPart({
    api: DropSilkApi,
    handlers: Layer.mergeAll(
      serverHandlers(status),
      statusHandlers(status),
      roomHandlers(desk, budgets, poll),
      turnHandlers(options.iceServers),
      uploadHandlers(options.uploads),
      contactHandlers(options.contact)
    ),
    budgets: budgetsOfPath,
    cors: corsRoutes,
    fastPaths: [pollFastPath(poll), ...(options.tryPage ? createTryPage(options.tryPage) : [])],
    documents: { "/asyncapi.json": () => asyncApiDocument(status.version, frameBudgets, options.mount) },
    notFound: (_, path) =>
      isUnder(path, "/api/rooms") ? unknownRoomEndpoint : pathsOfOld.has(path) ? unknownPath : undefined,
    isCallback
  })
}

const unknownRoomEndpoint = errorAnswer(httpErrors.unknownRoomEndpoint)
const unknownPath = textAnswer(404, "Not Found")

/** Paths outside `/api` that DropSilk's clients know: another method gets 404 there, as from their own server. */
const pathsOfOld: ReadonlySet<string> = new Set([
  "/logs",
  ...[ServerGroup, ContactGroup].flatMap((group) => Object.values(group.endpoints).map(({ path }) => path))
])
