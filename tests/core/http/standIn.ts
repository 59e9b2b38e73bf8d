/** A third party over real HTTP that answers what a test tells it to. */
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { useThroughout } from "../../support/useThroughout.ts"

interface Question {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** `silence`: takes the question and never answers. `cut`: hangs up. Else a status and a body, or only a body. */
export type Reply = "silence" | "cut" | { status?: number; body: unknown; headers?: Record<string, string> }

export interface StandIn {
  readonly url: string
  /** Everything it was asked, in order. */
  readonly questions: Question[]
  /** What it answers from now on; the last one for ever. */
  replies(...replies: readonly Reply[]): void
  /** Resolves when a question has come. */
  asked(): Promise<void>
  /** Answers the question that has been met with silence last. */
  answer(reply: Exclude<Reply, string>): void
  stop(): Promise<void>
}

export const startStandIn = async (): Promise<StandIn> => {
  const questions: Question[] = []
  let script: Reply[] = []
  let unanswered: StandIn["answer"] = () => {}
  const server = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += chunk
    questions.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body })
    server.emit("asked")
    const reply = (script.length > 1 ? script.shift() : script[0]) ?? "cut"
    const say = ({ status, body, headers }: Exclude<Reply, string>) => {
      const text = typeof body === "string" ? body : JSON.stringify(body)
      response.writeHead(status ?? 200, { "content-type": "application/json", ...headers }).end(text)
    }
    if (reply === "silence") unanswered = say
    else if (reply === "cut") request.socket.destroy()
    else say(reply)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    replies: (...replies) => {
      questions.length = 0
      script = [...replies]
    },
    asked: async () => void (await once(server, "asked")),
    answer: (reply) => unanswered(reply),
    stop: async () => {
      server.closeAllConnections()
      await new Promise<unknown>((resolve) => server.close(resolve))
    }
  }
}

/** One that the suite's tests share. */
export const useStandIn = (): StandIn => useThroughout(startStandIn, (standIn) => standIn.stop())

/** Short enough for a test, long enough for a busy machine to answer in. */
export const testPatience = { timeoutMs: 1_000, retries: 2, retryMs: 5 }

/** A log that a test can read. */
export const createTestLog = () => {
  const lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] = []
  return {
    lines,
    log: (level: string, message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, message, fields })
  }
}
