/**
 * The WebSocket protocol as an AsyncAPI 3 document, made from the very schemas that frames are read with, so that the
 * page cannot drift from the code.
 */
import * as Schema from "effect/Schema"
import { frameErrors } from "./errors.ts"
import { clientFrames, serverFrames } from "./frames.ts"

const payloadOf = (schema: Schema.Top): unknown => {
  const { schema: root, definitions } = Schema.toJsonSchemaDocument(schema) as unknown as {
    schema: Record<string, unknown>
    definitions: Record<string, unknown>
  }
  return Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
}

const descriptionOf = (schema: Schema.Top): string => String(Schema.resolveAnnotations(schema)?.description ?? "")

const messagesOf = (
  frames: Readonly<Record<string, Schema.Top>>,
  direction: string,
  budgets: Readonly<Record<string, readonly string[]>> = {}
) =>
  Object.fromEntries(
    Object.entries(frames).map(([type, schema]) => [
      `${direction}.${type}`,
      {
        name: type,
        title: type,
        summary: descriptionOf(schema),
        contentType: "application/json",
        payload: payloadOf(schema),
        // Which budgets of docs/security.md such a frame takes from.
        ...(budgets[type] === undefined ? {} : { "x-budgets": budgets[type] })
      }
    ])
  )

/** The document; `version` is the server's, `budgets` are those that each frame of a client takes from. */
export const asyncApiDocument = (
  version: string,
  budgets: Readonly<Record<keyof typeof clientFrames, readonly string[]>>,
  mount = "/"
): unknown => {
  const receive = messagesOf(clientFrames, "client", budgets)
  const send = messagesOf(serverFrames, "server")
  const references = (messages: Record<string, unknown>) =>
    Object.keys(messages).map((name) => ({ $ref: `#/channels/socket/messages/${name}` }))
  return {
    asyncapi: "3.0.0",
    info: {
      title: "silktower WebSocket protocol",
      version,
      description: [
        `Text frames of JSON objects. Any path ${mount === "/" ? "" : `below ${mount} `}upgrades.`,
        "Errors (`error` frames; the connection stays open):",
        ...Object.values(frameErrors).map(({ message, duty }) => `- ${message}: ${duty}`)
      ].join("\n")
    },
    channels: { socket: { address: mount, messages: { ...receive, ...send } } },
    operations: {
      receiveFromClient: {
        action: "receive",
        channel: { $ref: "#/channels/socket" },
        messages: references(receive)
      },
      sendToClient: { action: "send", channel: { $ref: "#/channels/socket" }, messages: references(send) }
    }
  }
}
