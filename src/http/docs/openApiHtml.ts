/** An OpenAPI document for people: its groups of endpoints, what each takes and answers. */
import { type Html, html, inline, prose, slug } from "./html.ts"
import { createSchemaHtml, type Document, type Schema } from "./schemaHtml.ts"
import type { Section } from "./section.ts"

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
  readonly description?: string
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses?: Readonly<Record<string, Content>>
}

interface Endpoint extends Operation {
  readonly method: string
  readonly path: string
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
}

const methods = ["get", "post", "put", "patch", "delete"]

/** Those that change something, or ask for something by name, are what people come for. */
const isOfInterest = ({ method, path }: Endpoint): boolean => method !== "get" || path.includes("{")

/** Groups as the document orders them, those that only say how the server is behind the others. */
export const openApiSections = (document: unknown): readonly Section[] => {
  const { paths, tags = [] } = document as OpenApi
  const schemas = createSchemaHtml(document as Document)
  const endpoints = Object.entries(paths).flatMap(([path, operations]) =>
    methods.flatMap((method) => {
      const operation = operations[method]
      return operation === undefined ? [] : [{ ...operation, method, path }]
    })
  )
  const groups = tags
    .map(({ name, description = "" }) => ({
      name,
      description,
      own: endpoints.filter((endpoint) => endpoint.tags?.includes(name) === true)
    }))
    .filter(({ own }) => own.length > 0)
  const first = groups.filter(({ own }) => own.some(isOfInterest))
  return [...first, ...groups.filter((group) => !first.includes(group))].map(({ name, description, own }) => ({
    id: `http-${slug(name)}`,
    title: name,
    intro: prose(description),
    entries: own.map((endpoint) => ({
      id: `${endpoint.method}-${slug(endpoint.path) || "root"}`,
      title: html`<span class="method ${endpoint.method}">${endpoint.method.toUpperCase()}</span> <code>${endpoint.path}</code>`,
      label: endpoint.summary ?? endpoint.path,
      body: endpointHtml(endpoint, schemas)
    }))
  }))
}

type Schemas = ReturnType<typeof createSchemaHtml>

const endpointHtml = (endpoint: Endpoint, schemas: Schemas): Html => {
  const { summary, description, parameters = [], requestBody, responses = {} } = endpoint
  return html`${summary === undefined ? undefined : html`<p class="summary">${inline(summary)}</p>`}${
    description === undefined ? undefined : prose(description)
  }${
    parameters.length === 0
      ? undefined
      : html`<h4>Parameters</h4><ul class="fields">${parameters.map((each) => parameterHtml(each, schemas))}</ul>`
  }${requestBody === undefined ? undefined : bodyHtml(endpoint, requestBody, schemas)}<h4>Answers</h4><dl>${Object.entries(
    responses
  ).map(([status, response]) => answerHtml(status, response, schemas))}</dl>`
}

const parameterHtml = ({ name, in: place, required, description, schema = {} }: Parameter, schemas: Schemas): Html => {
  const said = description ?? schema.description
  const optional = required === true ? "" : ", may be absent"
  return html`<li><code>${name}</code> <span class="kind">${schemas.kindOf(schema)}, in the ${place}${optional}</span>${
    said === undefined ? undefined : html` <span>${inline(said)}</span>`
  }</li>`
}

const schemaOf = ({ content = {} }: Content): { readonly type: string; readonly schema: Schema } | undefined => {
  const [first] = Object.entries(content)
  return first === undefined ? undefined : { type: first[0], schema: first[1].schema ?? {} }
}

const bodyHtml = ({ method, path }: Endpoint, body: Content, schemas: Schemas): Html => {
  const found = schemaOf(body)
  if (found === undefined) return html``
  const { type, schema } = found
  const example = type === "application/json" ? schemas.example(schema) : undefined
  const call = `curl -X ${method.toUpperCase()} -H 'Content-Type: ${type}' -d '${example}' "$SERVER${path}"`
  return html`<h4>Body</h4><p class="kind">${type}</p>${schemas.fields(schema)}${
    example === undefined ? undefined : html`<pre tabindex="0"><code>${call}</code></pre>`
  }`
}

const answerHtml = (status: string, response: Content, schemas: Schemas): Html => {
  const found = schemaOf(response)
  const isFault = !/^[123]/.test(status)
  const said = (response.description ?? "").split(" | ").filter((each) => each !== "")
  const words = isFault && found !== undefined ? errorsIn(schemas.kindOf, found.schema) : undefined
  return html`<dt class="${isFault ? "fault" : "fine"}">${status}</dt><dd>${said.map(
    (each) => html`<p>${inline(each)}</p>`
  )}${words === undefined ? undefined : html`<p class="kind">error: ${words}</p>`}${
    isFault || found === undefined
      ? undefined
      : html`<details><summary>${found.type}</summary>${schemas.fields(found.schema)}</details>`
  }</dd>`
}

/** The words by which programs tell faults apart: undefined where there is no such field. */
const errorsIn = (kindOf: (schema: Schema) => string, schema: Schema): string | undefined => {
  const variants = schema.anyOf ?? schema.oneOf ?? [schema]
  const words = variants.flatMap(({ properties }) =>
    properties?.["error"] === undefined ? [] : [kindOf(properties["error"])]
  )
  return words.length === 0 ? undefined : words.join(" | ")
}
