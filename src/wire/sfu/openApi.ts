/** The SFU over HTTP as OpenAPI 3.0.0, as its known server says it. The whole server's /openapi.json is a newer version's. */
import type * as Schema from "effect/Schema"
import { Health, InvalidLogin, Login, Token } from "./api.ts"
import { textRefusals } from "./errors.ts"
import { jsonSchemaOf } from "./jsonSchema.ts"

/** Version 3.0 has one example, and constants as lists of one. */
const inVersion30 = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inVersion30)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (key === "examples" && Array.isArray(field)) return ["example", field[0]]
      if (key === "const") return ["enum", [field]]
      return [key, inVersion30(field)]
    })
  )
}

const json = (schema: Schema.Top) => ({ "application/json": { schema: inVersion30(jsonSchemaOf(schema)) } })
const text = (example: string) => ({ "text/plain": { schema: { type: "string", example } } })

/** `hasLogin`: whether tokens are given out here. */
export const openApiDocument = (hasLogin: boolean): unknown => ({
  openapi: "3.0.0",
  info: {
    version: "1.0.0",
    title: "Mediasoup Signaling REST API",
    description: "Logins and health of the SFU. What goes over its WebSocket is described by AsyncAPI, at /asyncapi."
  },
  paths: {
    ...(hasLogin ? { "/auth/login": { post: login } } : {}),
    "/health": {
      get: {
        summary: "Whether the server lives, and how many rooms there are",
        responses: { 200: { description: "It lives.", content: json(Health) } }
      }
    }
  }
})

const login = {
  summary: "A token for a room",
  description: "It proves nothing about who asks. A userId that is in use in that room gets a suffix.",
  requestBody: { required: true, content: json(Login) },
  responses: {
    200: { description: "The token, to connect with.", content: json(Token) },
    400: {
      description: "A field is absent or not what it must be, or the body is no JSON.",
      content: { ...json(InvalidLogin), ...text(textRefusals.malformed.text) }
    },
    429: {
      description: "This address has logged in too often within a minute; Retry-After says when to try again.",
      content: {
        "application/json": {
          schema: { type: "object", properties: { error: { type: "string", enum: ["Too many requests"] } } }
        }
      }
    }
  }
}
