/** Questions over HTTP, with the server's refusals as errors with names. */
import { type Abortable, checkAborted } from "./abort.ts"
import { errorOfAnswer, TowerError } from "./errors.ts"

interface Question extends Abortable {
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object
}

/** Asks below one address; resolves with the answer's JSON. */
export type Ask = <Answer>(path: string, question?: Question) => Promise<Answer>

export const createAsk =
  (base: string, fetchFrom: typeof fetch): Ask =>
  async <Answer>(path: string, { body, signal }: Question = {}) => {
    checkAborted(signal)
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
