/**
 * The tower page: a page that shows the living server, the event stream that keeps it so, and the story of one flight.
 *
 * It speaks to Node's responses, beside the routes: a stream whose reader does not read must be noticed and dropped.
 * The key is in the address of the page and of the stream only, as in that of `/logs`; the page's own script reads it
 * from there. Scripts and styles are files of this repository that hold nothing of anybody, and need no key.
 */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Watch } from "../../io/tower/watch.ts"
import type { Gate } from "../gate.ts"
import type { Lane } from "../lanes.ts"

export interface TowerPageOptions {
  readonly gate: Gate
  readonly watch: Pick<Watch, "subscribe" | "story">
  /** The charts that are shown. */
  readonly chartNames: () => readonly string[]
  /** Where `<chart>.svg` are; those that are missing are shown as tables only. */
  readonly charts: URL
  /** Told of every fault that a client sees as 500, for the log. */
  readonly onFault: (error: unknown) => void
  /** See limits.ts for the units and reasons. */
  readonly limits: Readonly<Record<"watchers" | "watchUnreadBytes" | "watchFarewellMs" | "watchRetryMs", number>> & {
    readonly watchAgain: Readonly<Record<"whenStopping" | "whenFull", number>>
  }
}

export interface TowerPage {
  readonly lane: Lane
  /** Ends all streams and begins no new ones. */
  close(): void
}

/** The paths that are answered. */
export const towerPaths = ["/tower", "/tower/events", "/tower/story", "/tower/:file"] as const

const files = new URL("page/", import.meta.url)
const fileTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8"
}

const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin"
}

/** `styles`: those inside the charts. */
const contentSecurityPolicy = (styles: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    ["style-src 'self'", ...new Set(styles.map((style) => `'sha256-${digestOf(style)}'`))].join(" "),
    "connect-src 'self'",
    // The icon of the tab.
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // No text becomes markup, not even by a mistake in the page's own scripts.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join("; ")

const digestOf = (text: string): string => createHash("sha256").update(text).digest("base64")

const chartsMark = "<!-- charts -->"

/** The page with the charts that are there, each in a template of its own. */
const makePage = async (
  chartNames: readonly string[],
  charts: URL
): Promise<{ readonly html: string; readonly policy: string }> => {
  const html = await readFile(new URL("page.html", files), "utf8")
  const present = new Set(await readdir(charts).catch(() => []))
  const drawn = await Promise.all(
    chartNames
      .filter((name) => present.has(`${name}.svg`))
      .map(async (name) => [name, await readFile(new URL(`${name}.svg`, charts), "utf8")] as const)
  )
  const templates = drawn.map(
    ([name, svg]) => `<template data-chart="${name}">${svg.replace(/<\?xml.*?\?>/s, "")}</template>`
  )
  const styles = drawn.flatMap(([, svg]) =>
    [...svg.matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, style = ""]) => style)
  )
  return { html: html.replace(chartsMark, () => templates.join("\n")), policy: contentSecurityPolicy(styles) }
}

export const createTowerPage = ({ gate, watch, chartNames, charts, onFault, limits }: TowerPageOptions): TowerPage => {
  /** Open streams, and how each stops watching. */
  const streams = new Map<ServerResponse, () => void>()
  let closed = false
  let page: ReturnType<typeof makePage> | undefined
  let scripts: Promise<ReadonlySet<string>> | undefined

  const answer = (
    response: ServerResponse,
    status: number,
    contentType: string,
    body: string,
    more: Readonly<Record<string, string>> = {}
  ) => {
    if (response.destroyed) return
    const length = { "content-type": contentType, "content-length": Buffer.byteLength(body) }
    response.writeHead(status, { ...headers, ...length, ...more }).end(body)
  }
  const text = (response: ServerResponse, status: number, body: string, more?: Readonly<Record<string, string>>) =>
    answer(response, status, "text/plain; charset=utf-8", body, more)

  const show = async (response: ServerResponse) => {
    const { html, policy } = await (page ??= makePage(chartNames(), charts))
    answer(response, 200, "text/html; charset=utf-8", html, {
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "x-frame-options": "DENY"
    })
  }

  const stream = (response: ServerResponse, headOnly: boolean) => {
    if (closed)
      return text(response, 503, "Server is shutting down", { "retry-after": String(limits.watchAgain.whenStopping) })
    if (streams.size >= limits.watchers)
      return text(response, 503, "Too many watchers", { "retry-after": String(limits.watchAgain.whenFull) })
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      // nginx would collect what is to be seen at once.
      "x-accel-buffering": "no"
    })
    if (headOnly) return response.end()
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

  const tell = (response: ServerResponse, flight: string) => {
    const story = watch.story(flight)
    if (story === undefined) text(response, 404, "Flight has ended")
    else answer(response, 200, "application/json", JSON.stringify(story))
  }

  const serve = async (response: ServerResponse, name: string) => {
    const known = await (scripts ??= readdir(files).then((names) => new Set(names)))
    const type = fileTypes[name.slice(name.lastIndexOf("."))]
    if (type === undefined || !known.has(name)) return text(response, 404, "Not Found")
    answer(response, 200, type, await readFile(new URL(name, files), "utf8"))
  }

  const route = async (request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams) => {
    if (path.startsWith("/tower/") && !["/tower/events", "/tower/story"].includes(path)) {
      return serve(response, path.slice("/tower/".length))
    }
    const keys = query.getAll("key")
    if (!gate(request, keys.length === 1 ? keys[0] : undefined)) return text(response, 403, "Forbidden")
    if (path === "/tower/events") return stream(response, request.method === "HEAD")
    if (path === "/tower/story") return tell(response, query.get("flight") ?? "")
    return show(response)
  }

  return {
    lane: (request, response) => {
      const { url = "", method = "" } = request
      if (!url.startsWith("/tower")) return false
      const [path = "", ...query] = url.split("?")
      if (path !== "/tower" && !path.startsWith("/tower/")) return false
      if (method !== "GET" && method !== "HEAD") return false
      route(request, response, path, new URLSearchParams(query.join("?"))).catch((error: unknown) => {
        onFault(error)
        if (!response.headersSent) text(response, 500, "Internal server error")
        else response.destroy()
      })
      return true
    },
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
