/**
 * The page to try the server with: two or more devices find each other and send files and messages from peer to peer, by
 * silktower/client alone. It is answered by fast paths, as files that hold nothing of anybody.
 */
import { readFile } from "node:fs/promises"
import { jsonAnswer } from "../../answer.ts"
import type { FastExchange, FastHandler, FastPath } from "../../fastPath.ts"
import { createPageFiles, pageAnswer, pagePolicy, scriptAnswer, unstoredHeaders, unstoredText } from "../../pages.ts"
import { type CheckOptions, createCheck } from "./check.ts"
import { moduleOf, readClientModules } from "./clientModules.ts"

/** Where the page is, below the protocol's mount. */
export const tryPath = "/try"

const files = createPageFiles("dropsilk/try")
const script = ".js"

/** The one package that the page uses: it draws QR codes. Its file is served as it is. */
const qrModule = "lean-qr"

/** The server's socket as well. */
const policy = pagePolicy({ connect: "'self'" })

const scriptsMark = "<!-- scripts -->"

export const createTryPage = (options: CheckOptions): readonly FastPath[] => {
  const check = createCheck(options)
  let client: ReturnType<typeof readClientModules> | undefined
  let qr: Promise<string> | undefined
  const clientModules = () => (client ??= readClientModules())

  const show = async (exchange: FastExchange) => {
    const html = await files.read("page.html")
    // Asked for at once, and not when one after the other has been read.
    const scripts = [
      ...(await files.names()).filter((name) => name.endsWith(script)).map((name) => `try/${name}`),
      "try/qr.js",
      // The first is named by the page, the others by each other.
      ...clientNames([...(await clientModules()).keys()])
    ].map((path) => `<link rel="modulepreload" href="${path}">`)
    exchange.answer(() =>
      pageAnswer(
        html.replace(scriptsMark, () => scripts.join("\n")),
        policy
      )
    )
  }

  const serve = async (exchange: FastExchange, name: string) => {
    const answer =
      name === "qr.js"
        ? scriptAnswer(await (qr ??= readFile(new URL(import.meta.resolve(qrModule)), "utf8")))
        : await files.answer(name)
    exchange.answer(() => answer)
  }

  const serveClient = async (exchange: FastExchange, name: string) => {
    const body = (await clientModules()).get(moduleOf(name))
    exchange.answer(() => (body === undefined ? unstoredText(404, "Not Found") : scriptAnswer(body)))
  }

  const told = (work: (exchange: FastExchange, name: string) => unknown): FastHandler => {
    return (exchange, [, name = ""]) => {
      Promise.resolve()
        .then(() => work(exchange, name))
        .catch((error: unknown) => exchange.fail(error))
      return true
    }
  }

  const handlers: readonly (readonly [pattern: `/${string}`, handler: FastHandler])[] = [
    [tryPath, told(show)],
    [
      `${tryPath}/check`,
      told((exchange, query) => {
        const origin = new URLSearchParams(query).get("origin") ?? undefined
        exchange.answer(() => jsonAnswer(200, check({ request: exchange.request, origin }), unstoredHeaders))
      })
    ],
    [`${tryPath}/client/:file`, told(serveClient)],
    [`${tryPath}/:file`, told(serve)]
  ]
  return handlers.flatMap(([pattern, handler]) =>
    (["GET", "HEAD"] as const).map((method) => ({ method, pattern, handler }))
  )
}

/** The page asks for `index.js`; where there are others, they name each other as sources do. */
const clientNames = (modules: readonly string[]): readonly string[] =>
  modules.map((name) => `try/client/${name}${name === "index" ? ".js" : ".ts"}`)
