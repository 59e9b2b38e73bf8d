/** Schemas as JSON says them, everything in one place. */
import * as Schema from "effect/Schema"

type Json = Record<string, unknown>

/** Of a schema; what it refers to by name stands where it is used. Unknown fields are allowed, as they are ignored. */
export const jsonSchemaOf = (schema: Schema.Top): unknown => {
  const { schema: root, definitions } = Schema.toJsonSchemaDocument(schema) as unknown as {
    readonly schema: Json
    readonly definitions: Readonly<Record<string, Json>>
  }
  const inlined = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inlined)
    if (typeof value !== "object" || value === null) return value
    const { $ref, ...rest } = value as Json
    const name = typeof $ref === "string" ? $ref.slice($ref.lastIndexOf("/") + 1) : undefined
    const whole = name === undefined ? rest : { ...definitions[name], ...rest }
    return Object.fromEntries(
      Object.entries(whole)
        .filter(([key, field]) => key !== "additionalProperties" || field !== false)
        .map(([key, field]) => [key, inlined(field)])
    )
  }
  return inlined(root)
}
