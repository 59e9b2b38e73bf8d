/** Whoever asks actors on behalf of HTTP and waits for their answers, which come back by a number. Nobody waits for ever. */
import type { AnyEventObject } from "xstate"
import type { Address } from "../../machines/address.ts"
import type { Endpoint, RegistryRef } from "../../machines/registry.ts"
import type { SupervisorReply } from "../../machines/supervisor.ts"

/** A question without what is added when it is asked; `Added` names more that is. */
export type Unasked<Question, Added extends string = never> = Question extends unknown
  ? Omit<Question, "requestId" | "replyTo" | "at" | Added>
  : never

export interface AskingOptions<Answer> {
  readonly registry: Pick<RegistryRef, "send">
  /** Where actors answer to. */
  readonly desk: Address
  readonly timeoutMs: number
  /** What is answered to whoever has waited for so long, when the server goes, or with why it could not be delivered. */
  readonly unanswered: (requestId: number, why?: SupervisorReply["type"]) => Answer
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface Asking<Answer> {
  /** The number under which `resolve` will hear the answer. */
  expect(resolve: (answer: Answer) => void): number
  /** Asks an actor, which is started with `input` when there is none, unless that is null; the answer comes under the number. */
  tell(to: Address, input: object | null, question: AnyEventObject, requestId: number): void
  /** Both. */
  ask(to: Address, input: object | null, question: AnyEventObject): Promise<Answer>
  /** What the registry hands answers to. One that nobody waits for any more is nobody's. */
  readonly endpoint: Endpoint
  /** Answers everybody who still waits. */
  close(): void
}

export const createAsking = <Answer extends { readonly requestId: number }>(
  options: AskingOptions<Answer>
): Asking<Answer> => {
  const { registry, desk, timeoutMs, unanswered, now } = options
  interface Waiting {
    /** On the clock of performance.now(), which never jumps. */
    readonly until: number
    readonly resolve: (answer: Answer) => void
  }
  /** Oldest first, as all wait equally long: one timer looks after all of them. */
  const waiting = new Map<number, Waiting>()
  let requests = 0

  const settle = (answer: Answer) => {
    const asker = waiting.get(answer.requestId)
    waiting.delete(answer.requestId)
    asker?.resolve(answer)
  }

  const giveUp = () => {
    const at = performance.now()
    for (const [requestId, { until }] of waiting) {
      if (until > at) return
      settle(unanswered(requestId))
    }
  }
  const impatience = setInterval(giveUp, timeoutMs / 10)
  impatience.unref()

  const expect = (resolve: (answer: Answer) => void): number => {
    const requestId = ++requests
    waiting.set(requestId, { until: performance.now() + timeoutMs, resolve })
    return requestId
  }

  const tell: Asking<Answer>["tell"] = (to, input, question, requestId) => {
    const at = now()
    registry.send({
      type: "tell",
      to,
      from: desk,
      ...(input === null ? {} : { input: { ...input, at } }),
      event: { ...question, requestId, replyTo: desk, at },
      replyTo: desk,
      requestId
    })
  }

  const receive = (reply: Answer | SupervisorReply) => {
    if (!("id" in reply)) settle(reply)
    else if (reply.requestId !== undefined) settle(unanswered(reply.requestId, reply.type))
  }

  return {
    expect,
    tell,
    ask: (to, input, question) => new Promise((resolve) => tell(to, input, question, expect(resolve))),
    endpoint: (_, event: AnyEventObject) => receive(event as unknown as Answer | SupervisorReply),
    close: () => {
      clearInterval(impatience)
      for (const requestId of [...waiting.keys()]) settle(unanswered(requestId))
    }
  }
}
