/** The SFU's WebSocket protocol as AsyncAPI 2.6.0, which its known clients' tools read, from the schemas that frames are read with. */
import * as Schema from "effect/Schema"
import { closings, requestErrors } from "./errors.ts"
import { clientFrames, serverFrames } from "./frames.ts"
import { jsonSchemaOf } from "./jsonSchema.ts"

const messagesOf = (frames: Readonly<Record<string, Schema.Top>>) => ({
  message: {
    oneOf: Object.entries(frames).map(([name, schema]) => ({
      name,
      title: name,
      summary: String(Schema.resolveAnnotations(schema)?.description ?? ""),
      contentType: "application/json",
      payload: jsonSchemaOf(schema)
    }))
  }
})

export const asyncApiDocument = (): unknown => ({
  asyncapi: "2.6.0",
  info: {
    title: "Mediasoup Signaling WebSocket API",
    version: "1.0.0",
    description: [
      "One JSON object a frame. Refusals (`error` of a response):",
      ...Object.entries(requestErrors).map(([error, { when, duty }]) => `- ${error}: ${when} ${duty}`),
      "Close codes:",
      ...Object.values(closings).map(
        ({ code, reason, when, duty }) => `- ${code}${reason === "" ? "" : ` ${reason}`}: ${when} ${duty}`
      )
    ].join("\n")
  },
  channels: {
    "/": {
      publish: { summary: "What clients ask.", ...messagesOf(clientFrames) },
      subscribe: { summary: "What clients are sent.", ...messagesOf(serverFrames) },
      bindings: {
        ws: {
          method: "GET",
          query: {
            type: "object",
            required: ["token"],
            properties: { token: { type: "string", description: "From POST /auth/login." } }
          }
        }
      }
    }
  }
})
