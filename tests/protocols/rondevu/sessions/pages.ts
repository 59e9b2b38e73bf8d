/** Pages of an origin over real HTTP, as the client of the contract speaks; Node's own client sends no origin by itself. */
import { onTestFinished } from "vitest"
import { createHttpClient } from "../../../support/httpClient.ts"

export type Json = any
export type Reply = Awaited<ReturnType<ReturnType<typeof createHttpClient>["get"]>>

/** The two that a test looks at most. */
export const said = ({ status, json, text }: Reply): readonly [number, Json] => [status, json ?? text]
export const refused = (status: number, error: string): readonly [number, Json] => [status, { error }]
export const done = [200, { success: true }] as const
export const missing = refused(404, "Session not found, expired, or origin mismatch")

let made = 0
/** A topic or a code that no other test has. */
export const fresh = (kind: string): string => `${kind}-${process.pid}-${++made}`

export type Side = "offerer" | "answerer"

/** A page; `origin`: null sends none. `headers` go with every request. */
export const createPage = (
  port: () => number,
  origin: string | null = "https://app.example",
  headers: Readonly<Record<string, string>> = {},
  base = "/rondevu-sessions"
) => {
  let client: { readonly at: number; readonly http: ReturnType<typeof createHttpClient> } | undefined
  const leave = () => client?.http.leave()
  const http = () => {
    if (client?.at !== port()) {
      leave()
      client = { at: port(), http: createHttpClient(port()) }
    }
    return client.http
  }
  const send = (
    method: string,
    path: string,
    body?: Json,
    more: Readonly<Record<string, string>> = {}
  ): Promise<Reply> =>
    http().send(method, base + path, {
      headers: { ...(origin === null ? {} : { origin }), ...headers, ...more },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
  const post = (path: string, body?: Json) => send("POST", path, body)
  return {
    send,
    post,
    leave,
    get: (path: string) => send("GET", path),
    offer: (topic: string, body: Json = {}) =>
      post(`/${encodeURIComponent(topic)}/offer`, { peerId: "ada", offer: "v=0 offer", ...body }),
    list: async (topic: string): Promise<readonly Json[]> =>
      (await send("GET", `/${encodeURIComponent(topic)}/sessions`)).json.sessions,
    answer: (code: string, answer: string, side: Side = "answerer") => post("/answer", { code, side, answer }),
    add: (code: string, side: Side, candidate: Json) => post("/answer", { code, side, candidate }),
    poll: (code: string, side: Side) => post("/poll", { code, side })
  }
}

export type Page = ReturnType<typeof createPage>

/** Makes pages of a server that are gone when the test ends. */
export const pagesOf =
  (server: { readonly port: number }) =>
  (origin?: string | null, headers?: Readonly<Record<string, string>>): Page => {
    const page = createPage(() => server.port, origin, headers)
    onTestFinished(page.leave)
    return page
  }
