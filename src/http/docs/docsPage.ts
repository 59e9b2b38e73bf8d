/**
 * The page that describes everything that can be asked of the server, for people: its sockets, then its endpoints, made from
 * the same documents that programs read. It is one text without outside resources, and is made when somebody first asks.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { version } from "../../version.ts"
import { createPageFiles, inlineSource, pagePolicy } from "../pages.ts"
import { asyncApiSection, isAsyncApi } from "./asyncApiHtml.ts"
import { type Html, html, Html as Markup } from "./html.ts"
import { openApiSections } from "./openApiHtml.ts"
import type { Entry, Section } from "./section.ts"

export interface DocsPageOptions {
  /** Where the page is. */
  readonly path: `/${string}`
  /** The endpoints of all parts. */
  readonly openApi: { readonly path: string; readonly make: () => unknown }
  /** What parts say of themselves, by path; those of sockets are shown. */
  readonly documents: readonly (readonly [path: string, make: () => unknown])[]
}

const files = createPageFiles("docs")

const entryHtml = ({ id, title, body }: Entry): Html =>
  html`<article id="${id}"><h3><a href="#${id}">${title}</a></h3>${body}</article>`

const sectionHtml = ({ id, title, intro, entries }: Section): Html =>
  html`<section id="${id}"><h2>${title}</h2>${intro}${entries.map(entryHtml)}</section>`

const contentsHtml = (heading: string, sections: readonly Section[]): Html =>
  html`<h2>${heading}</h2>${sections.map(
    ({ id, title, entries }) =>
      html`<details><summary><a href="#${id}">${title}</a></summary><ul>${entries.map(
        (entry) => html`<li data-for="${entry.id}"><a href="#${entry.id}">${entry.label}</a></li>`
      )}</ul></details>`
  )}`

/** The page as a text, and the policy under which it is shown. */
const makePage = async ({ openApi, documents }: DocsPageOptions) => {
  const [style, script, template] = await Promise.all(["page.css", "docs.js", "docs.html"].map(files.read))
  const made = await Promise.all(documents.map(async ([path, make]) => [path, await make()] as const))
  const sockets = made.flatMap(([path, document]) => (isAsyncApi(document) ? [asyncApiSection(document, path)] : []))
  const endpoints = openApiSections(await openApi.make())
  const places: Readonly<Record<string, Html>> = {
    style: new Markup(style as string),
    script: new Markup(script as string),
    version: html`${version}`,
    contents: html`${contentsHtml("Sockets", sockets)}${contentsHtml("HTTP", endpoints)}`,
    ways: html`${sockets.length === 0 ? "None at the moment." : undefined}<ul class="ways">${sockets.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>`,
    sockets: html`${sockets.map(sectionHtml)}`,
    openapi: html`<a href="${openApi.path}">${openApi.path}</a>`,
    endpoints: html`${endpoints.map(sectionHtml)}`
  }
  const text = (template as string).replace(/<!-- (\w+) -->/g, (mark, name: string) => places[name]?.markup ?? mark)
  const policy = pagePolicy({ style: inlineSource(style as string), script: inlineSource(script as string) })
  return { text, policy }
}

export const docsPage = (options: DocsPageOptions) => {
  let page: ReturnType<typeof makePage> | undefined
  return HttpRouter.add(
    "GET",
    options.path,
    Effect.promise(async () => {
      // What could not be made is tried again at the next request.
      page ??= makePage(options).catch((error: unknown) => {
        page = undefined
        throw error
      })
      const { text, policy } = await page
      return HttpServerResponse.text(text, {
        contentType: "text/html; charset=utf-8",
        headers: { "content-security-policy": policy }
      })
    })
  )
}
