/** Questions over HTTP, with the server's refusals as errors with names. */
import { type Abortable, checkAborted } from "./abort.ts"
import { errorOfAnswer, TowerError } from "./errors.ts"

interface Question extends Abortable {
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object
}

/** A server's address as what is asked below it begins with it: that of a page may go on with what is the page's own. */
export const baseOf = (url: string | URL): string => {
  const { protocol, host, pathname } = new URL(url)
  if (!/^(http|ws)s?:$/.test(protocol))
    throw new TypeError(`${url}: a server's address begins with https:// or http://`)
  return `${protocol.replace("ws", "http")}//${host}${pathname.replace(/\/+$/, "")}`
}

/** Asks below one address; resolves with the answer's JSON. */
export type Ask = <Answer>(path: string, question?: Question) => Promise<Answer>

/** `end`: why nothing is asked any more; undefined: it is. */
export const createAsk =
  (base: string, fetchFrom: typeof fetch, end: () => TowerError | undefined = () => undefined): Ask =>
  async <Answer>(path: string, { body, signal }: Question = {}) => {
    checkAborted(signal)
    const ended = end()
    if (ended !== undefined) throw ended
    const response = await fetchFrom(base + path, {
      ...(body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal })
    }).catch((cause) => {
      checkAborted(signal)
      throw new TowerError("Unreachable", "The server could not be reached.", { cause })
    })
    const answer = await response.json().catch(() => {
      checkAborted(signal)
      return undefined
    })
    if (!response.ok) throw errorOfAnswer(response.status, answer, response.headers.get("retry-after"))
    // Whoever answers in the server's place, as the page of a hotel's network does, has said nothing.
    if (answer === undefined) throw new TowerError("Unreachable", "What answered is not the server: it sent no JSON.")
    return answer as Answer
  }
