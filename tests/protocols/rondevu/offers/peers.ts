/** Peers over real HTTP, as the client of the contract speaks. */
import { createHttpClient } from "../../../support/httpClient.ts"
import type { TestServer } from "../../../support/server.ts"

export type Json = any

export interface Peer {
  readonly peerId: string
  readonly secret: string
  readonly authorization: { readonly authorization: string }
  publish(...offers: readonly Json[]): Promise<Reply>
  answer(id: string, body: Json): Promise<Reply>
  add(id: string, candidates: Json): Promise<Reply>
  candidates(id: string, query?: string): Promise<Reply>
  answers(): Promise<Reply>
  mine(): Promise<Reply>
  remove(id: string): Promise<Reply>
}

export type Reply = Awaited<ReturnType<ReturnType<typeof createHttpClient>["get"]>>

/** The two that a test looks at most. */
export const said = ({ status, json, text }: Reply): readonly [number, Json] => [status, json ?? text]
export const refused = (status: number, error: string): readonly [number, Json] => [status, { error }]

/** `always` goes with every request. */
export const createRondevu = (
  port: () => number,
  base = "/rondevu",
  always: () => Readonly<Record<string, string>> = () => ({})
) => {
  let client: { readonly port: number; readonly http: ReturnType<typeof createHttpClient> } | undefined
  const http = () => {
    if (client?.port !== port()) {
      client?.http.leave()
      client = { port: port(), http: createHttpClient(port()) }
    }
    return client.http
  }
  const send = (method: string, path: string, body?: Json, headers: Record<string, string> = {}): Promise<Reply> =>
    http().send(method, base + path, {
      headers: { ...always(), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
  const at = (id: string) => `/offers/${encodeURIComponent(id)}`

  const peerOf = ({ peerId, secret }: { peerId: string; secret: string }): Peer => {
    const authorization = { authorization: `Bearer ${peerId}:${secret}` }
    const ask = (method: string, path: string, body?: Json) => send(method, path, body, authorization)
    return {
      peerId,
      secret,
      authorization,
      publish: (...offers) => ask("POST", "/offers", { offers }),
      answer: (id, body) => ask("POST", `${at(id)}/answer`, body),
      add: (id, candidates) => ask("POST", `${at(id)}/ice-candidates`, { candidates }),
      candidates: (id, query = "") => ask("GET", `${at(id)}/ice-candidates${query}`),
      answers: () => ask("GET", "/offers/answers"),
      mine: () => ask("GET", "/offers/mine"),
      remove: (id) => ask("DELETE", at(id))
    }
  }

  return {
    send,
    get: (path: string, headers?: Record<string, string>) => send("GET", path, undefined, headers),
    peerOf,
    register: async () => peerOf((await send("POST", "/register")).json),
    byTopic: (topic: string, query = "") => send("GET", `/offers/by-topic/${encodeURIComponent(topic)}${query}`),
    leave: () => client?.http.leave()
  }
}

export type Rondevu = ReturnType<typeof createRondevu>

export const rondevuOf = (server: Pick<TestServer, "port">, base?: string) => createRondevu(() => server.port, base)

let made = 0
/** An offer like no other, on a topic. */
export const offerOn = (topic: string, more: Json = {}) => ({ sdp: `v=0 ${++made}`, topics: [topic], ...more })
