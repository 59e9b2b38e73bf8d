/** JSON Schemas for people: what a value is in a few words, its fields one below the other, and an example. */
import { type Html, html, inline } from "./html.ts"

/** As much of JSON Schema as OpenAPI and AsyncAPI documents of this server hold. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly title?: string
  readonly examples?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

/** The document that references are of. */
export type Document = Readonly<Record<string, unknown>>

/** Levels that are shown: a schema may hold itself. */
const deepest = 6

/** What a `#/…` reference in a document names; undefined: there is nothing. */
export const resolve = (document: Document, reference: string): unknown =>
  reference
    .replace(/^#\//, "")
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document)

export const createSchemaHtml = (document: Document) => {
  /** Without references, and with what `allOf` adds. */
  const whole = (schema: Schema, depth = 0): Schema => {
    if (schema.$ref !== undefined && depth < deepest) {
      const found = resolve(document, schema.$ref) as Schema | undefined
      return whole(
        { ...found, ...(schema.description === undefined ? {} : { description: schema.description }) },
        depth + 1
      )
    }
    if (schema.allOf === undefined) return schema
    const { allOf, ...rest } = schema
    return Object.assign({}, ...allOf.map((each) => whole(each, depth + 1)), rest)
  }
  const variantsOf = ({ anyOf, oneOf }: Schema): readonly Schema[] => (anyOf ?? oneOf ?? []).map((each) => whole(each))

  const range = (from: number | undefined, to: number | undefined, unit = ""): string =>
    from === undefined && to === undefined
      ? ""
      : from === to
        ? ` of ${from}${unit}`
        : to === undefined
          ? ` from ${from}${unit}`
          : from === undefined
            ? ` up to ${to}${unit}`
            : ` ${from} to ${to}${unit}`

  /** What a value is, in a few words of code. */
  const kindOf = (given: Schema, depth = 0): string => {
    const schema = whole(given)
    const variants = variantsOf(schema)
    if (variants.length > 0) return [...new Set(variants.map((each) => kindOf(each, depth + 1)))].join(" | ")
    if (schema.const !== undefined) return JSON.stringify(schema.const)
    if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(" | ")
    const { type = "any" } = schema
    if (type === "array" && schema.items !== undefined && depth < deepest) {
      const items = kindOf(schema.items, depth + 1)
      return `${items.includes(" ") ? `(${items})` : items}[]${range(schema.minItems, schema.maxItems)}`
    }
    if (type === "string") return `string${range(schema.minLength, schema.maxLength, " characters")}`
    if (type === "integer" || type === "number") return `${type}${range(schema.minimum, schema.maximum)}`
    return typeof type === "string" ? type : type.join(" | ")
  }

  /** The objects among what a value may be. */
  const objectsIn = (given: Schema): readonly Schema[] => {
    const schema = whole(given)
    const variants = variantsOf(schema)
    if (variants.length > 0) return variants.flatMap(objectsIn)
    if (schema.items !== undefined) return objectsIn(schema.items)
    return Object.keys(schema.properties ?? {}).length > 0 ? [schema] : []
  }

  const field = (name: string, schema: Schema, isRequired: boolean, depth: number): Html => {
    const known = whole(schema)
    return html`<li><code>${name}</code> <span class="kind">${kindOf(known)}${isRequired ? "" : ", may be absent"}</span>${
      known.description === undefined ? undefined : html` <span>${inline(known.description)}</span>`
    }${depth < deepest ? objectsIn(known).map((object) => fieldsOf(object, depth + 1)) : undefined}</li>`
  }

  const fieldsOf = ({ properties = {}, required = [] }: Schema, depth: number): Html =>
    html`<ul class="fields">${Object.entries(properties).map(([name, schema]) =>
      field(name, schema, required.includes(name), depth)
    )}</ul>`

  const exampleOf = (given: Schema, depth = 0): unknown => {
    const schema = whole(given)
    if (schema.examples !== undefined && schema.examples.length > 0) return schema.examples[0]
    if (schema.const !== undefined) return schema.const
    if (schema.enum !== undefined) return schema.enum[0]
    const [first] = variantsOf(schema)
    if (first !== undefined) return exampleOf(first, depth + 1)
    if (depth > deepest) return null
    switch (schema.type) {
      case "object":
        return Object.fromEntries(
          Object.entries(schema.properties ?? {})
            .filter(([name]) => depth === 0 || (schema.required ?? []).includes(name))
            .map(([name, each]) => [name, exampleOf(each, depth + 1)])
        )
      case "array":
        return schema.items === undefined ? [] : [exampleOf(schema.items, depth + 1)]
      case "string":
        return "…"
      case "integer":
      case "number":
        return schema.minimum ?? 0
      case "boolean":
        return true
      default:
        return schema.properties === undefined ? {} : exampleOf({ ...schema, type: "object" }, depth)
    }
  }

  return {
    kindOf,
    /** All fields of an object, or of the objects that a value may be. */
    fields: (schema: Schema): Html => {
      const objects = objectsIn(schema)
      if (objects.length === 0) return html`<p class="kind">${kindOf(schema)}</p>`
      if (objects.length === 1) return fieldsOf(objects[0] as Schema, 0)
      return html`${objects.map(
        (object) =>
          html`${object.description === undefined ? undefined : html`<p>${inline(object.description)}</p>`}${fieldsOf(object, 0)}`
      )}`
    },
    /** A value that fits, as it might be sent. */
    example: (schema: Schema): string => JSON.stringify(exampleOf(schema), null, 1).replace(/\n\s*/g, " ")
  }
}
