/**
 * The tower page: a page that shows the living server, the event stream that keeps it so, and what it asks for when somebody
 * wants to know more: one actor's story, what the server runs with, what clients' addresses are taken for. And the one thing
 * that it does: it ends an actor by hand.
 *
 * It is answered by fast paths, which speak to Node's responses: a stream whose reader does not read must be noticed and dropped.
 * The key is in the address of the page and of the stream only, as in that of `/logs`; the page's own script reads it
 * from there. Scripts and styles are files of this repository that hold nothing of anybody, and need no key.
 */
import { readdir, readFile } from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import { basename, sep } from "node:path"
import type { ShownSetting } from "../../config/shownSettings.ts"
import type { Whereabouts } from "../../io/cluster/towerRows.ts"
import type { ExplainedClients } from "../../io/tower/explainedClients.ts"
import type { Ended } from "../../io/tower/towerView.ts"
import type { Watch } from "../../io/tower/watch.ts"
import type { Answer } from "../answer.ts"
import type { Gate } from "../core/gate.ts"
import type { FastExchange, FastHandler, FastPath } from "../fastPath.ts"
import {
  createPageFiles,
  inlineSource,
  pageAnswer,
  pagePolicy,
  unstored,
  unstoredHeaders,
  unstoredText
} from "../pages.ts"

export interface TowerPageOptions {
  readonly gate: Gate
  readonly watch: Pick<Watch, "subscribe" | "story" | "end">
  /** What the server runs with, without secrets. */
  readonly settings: readonly ShownSetting[]
  readonly clients: () => ExplainedClients
  /** On which node actors with a name or an id live; empty where the server is alone. */
  readonly where: (id: string) => readonly Whereabouts[]
  /** Told of whom somebody has ended, for the log. */
  readonly onEnded: (ended: Ended, request: IncomingMessage) => void
  /** The charts that are shown. */
  readonly chartNames: () => readonly string[]
  /** Where `<chart>.svg` are, in whichever folder; those that are missing are shown as tables only. */
  readonly charts: URL
  /** See limits.ts for the units and reasons. */
  readonly limits: Readonly<Record<"watchers" | "watchUnreadBytes" | "watchFarewellMs" | "watchRetryMs", number>> & {
    readonly watchAgain: Readonly<Record<"whenStopping" | "whenFull", number>>
  }
}

export interface TowerPage {
  readonly fastPaths: readonly FastPath[]
  /** Ends all streams and begins no new ones. */
  close(): void
}

/** The paths that can be read. */
export const towerPaths = [
  "/tower",
  "/tower/events",
  "/tower/story",
  "/tower/settings",
  "/tower/clients",
  "/tower/where",
  "/tower/:file"
] as const
/** Where an actor is ended. */
export const endingPath = "/tower/end"

const files = createPageFiles("tower")

const chartsMark = "<!-- charts -->"

const drawing = async (name: string, file: URL) => [name, await readFile(file, "utf8")] as const

/** A chart's pictures, that of the whole first, then those of its regions. */
const piecesOf = (name: string, pictures: readonly string[]): readonly string[] =>
  pictures
    .filter((path) => basename(path) === `${name}.svg` || basename(path).startsWith(`${name}.`))
    .toSorted((one, other) => one.length - other.length)

/** The page with the charts that are there, each in a template of its own. */
const makePage = async (
  chartNames: readonly string[],
  charts: URL
): Promise<{ readonly html: string; readonly policy: string }> => {
  const html = await files.read("page.html")
  const present = await readdir(charts, { recursive: true }).catch(() => [])
  const pictures = present.filter((path) => path.endsWith(".svg")).map((path) => path.replaceAll(sep, "/"))
  const drawn = await Promise.all(
    chartNames.flatMap((name) => piecesOf(name, pictures).map((path) => drawing(path, new URL(path, charts))))
  )
  const templates = drawn.map(([path, svg]) => {
    const [chart, region = ""] = basename(path, ".svg").split(".")
    return `<template data-chart="${chart}" data-region="${region}">${svg.replace(/<\?xml.*?\?>/s, "")}</template>`
  })
  const styles = drawn.flatMap(([, svg]) =>
    [...svg.matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, style = ""]) => style)
  )
  return { html: html.replace(chartsMark, () => templates.join("\n")), policy: policyOf(styles) }
}

/** `styles`: those inside the charts. */
const policyOf = (styles: readonly string[]): string =>
  pagePolicy({ style: ["'self'", ...new Set(styles.map(inlineSource))].join(" "), connect: "'self'" })

const forbidden = unstoredText(403, "Forbidden")
const formPolicy = pagePolicy({ script: "'none'", form: "'self'" })
const toldMark = "<!-- told -->"
const wrongKey = '<p role="alert">That key does not open it.</p>'

/** For people, instead of a bare word. `isTold`: they have given a key, and it was none. */
const keyForm = async (isTold: boolean): Promise<Answer> => {
  const html = await files.read("key.html")
  return pageAnswer(html.replace(toldMark, isTold ? wrongKey : ""), formPolicy, 403)
}

const ended = unstoredText(404, "It has ended")
const fault = unstoredText(500, "Internal server error")

const json = (value: unknown): Answer => unstored(200, "application/json", JSON.stringify(value))

export const createTowerPage = (options: TowerPageOptions): TowerPage => {
  const { gate, watch, settings, clients, where, onEnded, chartNames, charts, limits } = options
  const again = (seconds: number) => ({ "retry-after": String(seconds) })
  const shuttingDown = unstoredText(503, "Server is shutting down", again(limits.watchAgain.whenStopping))
  const tooManyWatchers = unstoredText(503, "Too many watchers", again(limits.watchAgain.whenFull))
  /** Open streams, and how each stops watching. */
  const streams = new Map<ServerResponse, () => void>()
  let closed = false
  let page: ReturnType<typeof makePage> | undefined

  const show = async (exchange: FastExchange) => {
    const { html, policy } = await (page ??= makePage(chartNames(), charts))
    exchange.answer(() => pageAnswer(html, policy))
  }

  const stream = (exchange: FastExchange) => {
    if (closed) return exchange.answer(() => shuttingDown)
    if (streams.size >= limits.watchers) return exchange.answer(() => tooManyWatchers)
    const { request, response } = exchange
    const own = {
      ...unstoredHeaders,
      "content-type": "text/event-stream; charset=utf-8",
      // nginx would collect what is to be seen at once.
      "x-accel-buffering": "no"
    }
    response.writeHead(200, [...exchange.headers, ...Object.entries(own).flat()])
    if (request.method === "HEAD") return response.end()
    // Without a byte of body the head would wait for the first update.
    response.write(`retry: ${limits.watchRetryMs}\n\n`)
    const unsubscribe = watch.subscribe((frames) => {
      if (response.writableLength > limits.watchUnreadBytes) response.destroy()
      else response.write(frames)
    })
    streams.set(response, unsubscribe)
    response.once("close", () => {
      unsubscribe()
      streams.delete(response)
    })
  }

  const tell = (exchange: FastExchange, id: string) => {
    const story = watch.story(id)
    exchange.answer(() => (story === undefined ? ended : json(story)))
  }

  const end = (exchange: FastExchange, id: string) => {
    // Whoever has the key may do it from wherever, but no other page does it in their name.
    const from = exchange.request.headers["sec-fetch-site"]
    if (from !== undefined && from !== "same-origin") return exchange.answer(() => forbidden)
    const told = watch.end(id)
    if (told !== undefined) onEnded(told, exchange.request)
    exchange.answer(() => (told === undefined ? ended : json({ told: told.kind })))
  }

  const serve = async (exchange: FastExchange, name: string) => {
    const answer = await files.answer(name)
    exchange.answer(() => answer)
  }

  /**
   * For whoever has the key only; what it throws is told in the page's own way. `asks`: what a person is shown instead,
   * with 403 as well.
   */
  const keyed =
    (
      show: (exchange: FastExchange, query: URLSearchParams) => unknown,
      asks?: (isTold: boolean) => Promise<Answer>
    ): FastHandler =>
    (exchange, found) => {
      const query = new URLSearchParams(found.at(-1) ?? "")
      const keys = query.getAll("key")
      const isAdmitted = gate(exchange.request, keys.length === 1 ? keys[0] : undefined)
      if (isAdmitted) orFail(exchange, async () => show(exchange, query))
      else if (asks !== undefined && /\btext\/html\b/.test(exchange.request.headers.accept ?? "")) {
        orFail(exchange, async () => {
          const form = await asks(keys.length > 0)
          exchange.answer(() => form)
        })
      } else exchange.answer(() => forbidden)
      return true
    }

  const handlers: Readonly<Record<(typeof towerPaths)[number], FastHandler>> = {
    "/tower": keyed(show, keyForm),
    "/tower/events": keyed(stream),
    "/tower/story": keyed((exchange, query) => tell(exchange, query.get("flight") ?? query.get("id") ?? "")),
    "/tower/settings": keyed((exchange) => exchange.answer(() => json({ settings }))),
    "/tower/clients": keyed((exchange) => exchange.answer(() => json(clients()))),
    "/tower/where": keyed((exchange, query) => exchange.answer(() => json({ rows: where(query.get("id") ?? "") }))),
    "/tower/:file": (exchange, [, name = ""]) => {
      orFail(exchange, () => serve(exchange, name))
      return true
    }
  }

  return {
    fastPaths: [
      ...towerPaths.flatMap((pattern) =>
        (["GET", "HEAD"] as const).map((method) => ({ method, pattern, handler: handlers[pattern] }))
      ),
      {
        method: "POST",
        pattern: endingPath,
        handler: keyed((exchange, query) => end(exchange, query.get("id") ?? ""))
      }
    ],
    close: () => {
      closed = true
      for (const [response, unsubscribe] of streams) {
        unsubscribe()
        response.end("event: farewell\ndata: {}\n\n")
        const cut = setTimeout(() => response.destroy(), limits.watchFarewellMs)
        response.once("close", () => clearTimeout(cut))
      }
    }
  }
}

const orFail = (exchange: FastExchange, work: () => Promise<unknown>): void => {
  work().catch((error: unknown) => exchange.fail(error, fault))
}
