/** An AsyncAPI document for people: where the socket is, what clients send, and what the server sends. Versions 2 and 3. */
import { type Html, html, inline, prose, slug } from "./html.ts"
import { createSchemaHtml, type Document, resolve, type Schema } from "./schemaHtml.ts"
import type { Section } from "./section.ts"

interface Message {
  readonly $ref?: string
  readonly name?: string
  readonly title?: string
  readonly summary?: string
  readonly description?: string
  readonly payload?: Schema
  readonly "x-budgets"?: readonly string[]
}

interface Channel {
  /** Of version 3; in version 2 it is the channel's name. */
  readonly address?: string
  readonly messages?: Readonly<Record<string, Message>>
  readonly publish?: { readonly message?: Message & { readonly oneOf?: readonly Message[] } }
  readonly subscribe?: { readonly message?: Message & { readonly oneOf?: readonly Message[] } }
}

interface AsyncApi {
  readonly asyncapi: string
  readonly info: { readonly title: string; readonly description?: string }
  readonly channels: Readonly<Record<string, Channel>>
  readonly operations?: Readonly<Record<string, { readonly action: string; readonly messages?: readonly Message[] }>>
}

/** Whether a document of a part describes sockets. */
export const isAsyncApi = (document: unknown): document is AsyncApi =>
  typeof document === "object" && document !== null && "asyncapi" in document

interface Directed {
  readonly from: "client" | "server"
  readonly message: Message
}

/** Version 2 says what others do at the channel, version 3 what the server does. */
const messagesOf = ({ channels, operations }: AsyncApi): readonly Directed[] =>
  operations === undefined
    ? Object.values(channels).flatMap(({ publish, subscribe }) => [
        ...listed(publish).map((message) => ({ from: "client" as const, message })),
        ...listed(subscribe).map((message) => ({ from: "server" as const, message }))
      ])
    : Object.values(operations).flatMap(({ action, messages = [] }) =>
        messages.map((message) => ({ from: action === "receive" ? ("client" as const) : ("server" as const), message }))
      )

const listed = (operation: Channel["publish"]): readonly Message[] =>
  operation?.message === undefined ? [] : (operation.message.oneOf ?? [operation.message])

/** `path`: where the document is, which tells the sections of several from each other. */
export const asyncApiSection = (document: AsyncApi, path: string): Section => {
  const schemas = createSchemaHtml(document as unknown as Document)
  const known = ({ $ref, ...own }: Message): Message =>
    $ref === undefined ? own : known((resolve(document as unknown as Document, $ref) ?? {}) as Message)
  const addresses = Object.entries(document.channels).map(([name, { address }]) => address ?? name)
  const id = `socket-${slug(path.replace(/\/asyncapi(\.json)?$/, "")) || "root"}`
  return {
    id,
    title: document.info.title,
    intro: html`<p>WebSocket at ${addresses.map((address) => html`<code>${address}</code> `)}</p>${prose(
      document.info.description ?? ""
    )}<p class="kind">As data: <a href="${path}">${path}</a></p>`,
    entries: messagesOf(document).map(({ from, message }) => {
      const { name = "frame", summary, description, payload = {}, "x-budgets": budgets = [] } = known(message)
      const said = summary ?? description
      return {
        id: `${id}-${from}-${slug(name)}`,
        title: html`<span class="method ${from}">${from === "client" ? "client →" : "server →"}</span> <code>${name}</code>`,
        label: name,
        body: frameHtml(said, payload, budgets, schemas)
      }
    })
  }
}

const frameHtml = (
  said: string | undefined,
  payload: Schema,
  budgets: readonly string[],
  schemas: ReturnType<typeof createSchemaHtml>
): Html =>
  html`${said === undefined ? undefined : html`<p>${inline(said)}</p>`}${schemas.fields(payload)}<pre tabindex="0"><code>${schemas.example(
    payload
  )}</code></pre>${budgets.length === 0 ? undefined : html`<p class="kind">Takes from the budgets: ${budgets.join(", ")}</p>`}`
