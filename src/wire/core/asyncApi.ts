/**
 * A WebSocket protocol as an AsyncAPI 3 document, made from the very schemas that frames are read with, so that the page
 * cannot drift from the code.
 */
import * as Schema from "effect/Schema"

type Frames = Readonly<Record<string, Schema.Top>>

export interface AsyncApiOptions<Clients extends Frames> {
  readonly title: string
  /** The server's. */
  readonly version: string
  /** In Markdown: what frames are, errors, close codes. */
  readonly description: string
  /** The path that upgrades. */
  readonly address: string
  /** Parameters of the upgrade request, as a JSON schema. */
  readonly query?: object
  /** By type; each schema says in its annotations what the frame is for. */
  readonly clientFrames: Clients
  readonly serverFrames: Frames
  /** The budgets of docs/security.md that each frame of a client takes from. */
  readonly budgets: Readonly<Record<keyof Clients, readonly string[]>>
}

export const asyncApiOf = <Clients extends Frames>(options: AsyncApiOptions<Clients>): unknown => {
  const { title, version, description, address, query, clientFrames, serverFrames, budgets } = options
  const receive = messagesOf(clientFrames, "client", budgets)
  const send = messagesOf(serverFrames, "server")
  const references = (messages: Record<string, unknown>) =>
    Object.keys(messages).map((name) => ({ $ref: `#/channels/socket/messages/${name}` }))
  return {
    asyncapi: "3.0.0",
    info: { title, version, description },
    channels: {
      socket: {
        address,
        messages: { ...receive, ...send },
        ...(query === undefined ? {} : { bindings: { ws: { method: "GET", query } } })
      }
    },
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

const messagesOf = (frames: Frames, direction: string, budgets: Readonly<Record<string, readonly string[]>> = {}) =>
  Object.fromEntries(
    Object.entries(frames).map(([type, schema]) => [
      `${direction}.${type}`,
      {
        name: type,
        title: type,
        summary: String(Schema.resolveAnnotations(schema)?.description ?? ""),
        contentType: "application/json",
        payload: payloadOf(schema),
        ...(budgets[type] === undefined ? {} : { "x-budgets": budgets[type] })
      }
    ])
  )

const payloadOf = (schema: Schema.Top): unknown => {
  const { schema: root, definitions } = Schema.toJsonSchemaDocument(schema) as unknown as {
    schema: Record<string, unknown>
    definitions: Record<string, unknown>
  }
  return Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
}
