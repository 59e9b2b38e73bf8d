/**
 * The page to try the server with: two or more devices find each other and send files and messages from peer to peer, by
 * silktower/client alone. It is answered by fast paths, as files that hold nothing of anybody.
 */
import { readdir, readFile } from "node:fs/promises"
import { pageOf } from "../../../places.ts"
import { type Answer, jsonAnswer } from "../../answer.ts"
import type { FastExchange, FastHandler, FastPath } from "../../fastPath.ts"
import { type CheckOptions, createCheck } from "./check.ts"
import { moduleOf, readClientModules } from "./clientModules.ts"

/** Where the page is, below the protocol's mount. */
export const tryPath = "/try"

const files = pageOf("dropsilk/try")
const fileTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8"
}
const script = ".js"

/** The one package that the page uses: it draws QR codes. Its file is served as it is. */
const qrModule = "lean-qr"

/** Beside those that every answer has. */
const headers = { "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" }

const pageHeaders = {
  ...headers,
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The server's socket as well.
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // No text becomes markup, not even by a mistake in the page's own scripts.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join("; ")
}

const scriptsMark = "<!-- scripts -->"

const text = (status: number, contentType: string, body: string, more: Answer["headers"] = headers): Answer => ({
  status,
  contentType,
  body,
  headers: more
})

const unknownFile = text(404, "text/plain; charset=utf-8", "Not Found")

export const createTryPage = (options: CheckOptions): readonly FastPath[] => {
  const check = createCheck(options)
  let names: Promise<readonly string[]> | undefined
  let client: ReturnType<typeof readClientModules> | undefined
  let qr: Promise<string> | undefined
  const known = () => (names ??= readdir(files))
  const clientModules = () => (client ??= readClientModules())

  const show = async (exchange: FastExchange) => {
    const html = await readFile(new URL("page.html", files), "utf8")
    // Asked for at once, and not when one after the other has been read.
    const scripts = [
      ...(await known()).filter((name) => name.endsWith(script)).map((name) => `try/${name}`),
      "try/qr.js",
      // The first is named by the page, the others by each other.
      ...clientNames([...(await clientModules()).keys()])
    ].map((path) => `<link rel="modulepreload" href="${path}">`)
    exchange.answer(() =>
      text(
        200,
        "text/html; charset=utf-8",
        html.replace(scriptsMark, () => scripts.join("\n")),
        pageHeaders
      )
    )
  }

  const serve = async (exchange: FastExchange, name: string) => {
    if (name === "qr.js") {
      const body = await (qr ??= readFile(new URL(import.meta.resolve(qrModule)), "utf8"))
      return exchange.answer(() => text(200, fileTypes[script] as string, body))
    }
    const type = fileTypes[name.slice(name.lastIndexOf("."))]
    if (type === undefined || !(await known()).includes(name)) return exchange.answer(() => unknownFile)
    const body = await readFile(new URL(name, files), "utf8")
    exchange.answer(() => text(200, type, body))
  }

  const serveClient = async (exchange: FastExchange, name: string) => {
    const body = (await clientModules()).get(moduleOf(name))
    exchange.answer(() => (body === undefined ? unknownFile : text(200, fileTypes[script] as string, body)))
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
        exchange.answer(() => jsonAnswer(200, check({ request: exchange.request, origin }), headers))
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
