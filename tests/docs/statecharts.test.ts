import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { fileURLToPath } from "node:url"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import type { Page } from "playwright-core"
import { beforeEach, describe, expect, it } from "vitest"
import type { AnyStateMachine } from "xstate"
import { makeBadges } from "../../scripts/docs/badges.ts"
import { allStates, chartOf } from "../../scripts/docs/chart.ts"
import { machines } from "../../scripts/docs/machines.ts"
import { makePages } from "../../scripts/docs/pages.ts"
import { placeOf } from "../../scripts/docs/place.ts"
import { widest } from "../../scripts/docs/svg.ts"
import { towerPaths } from "../../src/http/tower/towerPage.ts"
import { DropSilkApi } from "../../src/wire/dropsilk/api.ts"
import { OffersApi } from "../../src/wire/rondevu/offers/api.ts"
import { SessionsApi } from "../../src/wire/rondevu/sessions/api.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { subjects } from "../walking/subjects.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = join(root, "docs/statecharts")
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8")
const filesBelow = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(path.length + 1)
        .replaceAll(sep, "/")
    )
const pictures = filesBelow(folder).filter((name) => name.endsWith(".svg"))

it("the README's badges say what is so (npm run docs makes them anew)", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  for (const [name, text] of makeBadges()) {
    expect(readFileSync(join(root, "docs/badges", name), "utf8")).toBe(text)
    expect(readme).toContain(`](docs/badges/${name})`)
  }
})

describe("docs/statecharts", () => {
  it("says what the code says (npm run docs makes it anew)", async () => {
    const pages = await makePages(JSON.parse(textOf("coverage.json")))
    const stale = [...pages].filter(([name, text]) => !existsSync(join(folder, name)) || textOf(name) !== text)
    expect(stale.map(([name]) => name)).toEqual([])
    expect(filesBelow(folder).toSorted()).toEqual([...pages.keys(), "coverage.json"].toSorted())
  })

  it("says of no chart that one of another protocol tells it something: they do not know each other", () => {
    const told = Object.entries(machines).map(([name, { protocol }]) => {
      const [, tellers = ""] = /^\| told things by \| (.*) \|$/m.exec(textOf(`${protocol}/${name}.md`)) ?? []
      return [name, [...tellers.matchAll(/\[(\w+)\]\(([^)]*)\)/g)].map(([, teller, page]) => [teller, page])] as const
    })
    for (const [, tellers] of told) for (const [teller, page] of tellers) expect(page).toBe(`${teller}.md`)
    expect(Object.fromEntries(told)["relayRoom"]).toEqual([["relayConnection", "relayConnection.md"]])
    expect(Object.fromEntries(told)["relayConnection"]).toContainEqual(["relayRoom", "relayRoom.md"])
  })

  it("has a meaning for every chart and a picture of every state", () => {
    for (const name of pictures) {
      const drawn = [...textOf(name).matchAll(/data-state="([^"]*)"/g)].map(([, state]) => state)
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(drawn.length).toBeGreaterThan(1)
    }
  })

  it("shows every state in one of a chart's pictures, each of which a page has room for", () => {
    for (const [name, { machine, protocol }] of Object.entries(machines)) {
      const own = pictures.filter(
        (each) => each === `${protocol}/${name}.svg` || each.startsWith(`${protocol}/${name}.`)
      )
      const texts = own.map(textOf)
      const drawn = texts.flatMap((text) => [...text.matchAll(/data-state="([^"]*)"/g)].map(([, state]) => state))
      const states = allStates(chartOf(machine as AnyStateMachine).root).map(({ path }) => path)
      expect(new Set(drawn)).toEqual(new Set(states))
      for (const text of texts) {
        expect(Number(/ width="(\d+)"/.exec(text)?.[1])).toBeLessThanOrEqual(widest)
        // Whichever theme the page around it has.
        expect(text).toContain("@media (prefers-color-scheme: dark)")
      }
    }
  })

  it("draws every chart that is walked, and no other", () => {
    expect(Object.keys(machines).toSorted()).toEqual(subjects.map(({ name }) => name).toSorted())
  })

  describe.each(Object.entries(machines))("%s", (name, { protocol, reachedBy, triedBy }) => {
    const page = () => textOf(`${protocol}/${name}.md`)

    it("is one hop from its chart, its adapter, its laws and its tests", () => {
      const { chart, parts, adapter, subject } = placeOf(name)
      expect(triedBy.length).toBeGreaterThan(0)
      for (const path of [chart, ...parts, adapter, subject, ...triedBy]) {
        expect([path, existsSync(join(root, path))]).toEqual([path, true])
        expect(page()).toContain(`[${path}](../../../${path})`)
      }
    })

    it("names what reaches it, as the server knows that", () => {
      const known = [
        ...[DropSilkApi, OffersApi, SessionsApi]
          .flatMap(({ groups }) => Object.values<HttpApiGroup.Top>(groups as never))
          .flatMap(({ endpoints }) => Object.values(endpoints)),
        ...towerPaths.map((path) => ({ method: "GET", path }))
      ].map(({ method, path }) => `${method} ${path}`)
      expect(known).toEqual(expect.arrayContaining(reachedBy.filter((each) => /^[A-Z]+ \//.test(each))))
      expect(reachedBy.length).toBeGreaterThan(0)
      for (const each of reachedBy) expect(page()).toContain(each)
    })

    it("tells what a crash in it means, in words, in the picture and in the diagram", () => {
      const [sentence] = /^When it crashes, .*$/m.exec(page()) ?? []
      expect(sentence).toBeDefined()
      expect(page()).toContain(`note right of`)
      expect(page()).toContain(`    ${sentence}\n`)
      const drawn = [...textOf(`${protocol}/${name}.svg`).matchAll(/<text class="note"[^>]*>([^<]*)/g)]
      expect(drawn.map(([, words]) => words).join(" ")).toContain(sentence)
    })
  })
})

describeInChromium("the drawn charts in Chromium", (chromium) => {
  const browser = useBrowser(chromium)
  let page: Page
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage()
  })

  it.each(pictures)("%s shows all its words inside the picture, and none over another", async (name) => {
    await page.setContent(textOf(name))
    const faults = await page.evaluate(() => {
      const picture = (globalThis as any).document.querySelector("svg")
      const outer = picture.getBoundingClientRect()
      const words = [...picture.querySelectorAll("text")].map((text: any) => ({
        says: text.textContent,
        box: text.getBoundingClientRect()
      }))
      const outside = words.filter(
        ({ box }) =>
          box.left < outer.left || box.right > outer.right || box.top < outer.top || box.bottom > outer.bottom
      )
      const overlaps = words.flatMap((one, at) =>
        words.slice(at + 1).flatMap((other) => {
          const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left)
          const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top)
          return wide > 1 && high > 2 ? [`${one.says} | ${other.says}`] : []
        })
      )
      return { words: words.length > 0, outside: outside.map(({ says }) => says), overlaps }
    })
    expect(faults).toEqual({ words: true, outside: [], overlaps: [] })
  })

  it("mermaid reads every diagram in the documents", async () => {
    const documents = [
      "README.md",
      ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md"))
        .map((name) => join("docs", name))
    ]
    const diagrams = documents.flatMap((name) =>
      [...readFileSync(join(root, name), "utf8").matchAll(/^```mermaid\n(.*?)^```/gms)].map(([, text]) => ({
        name,
        text
      }))
    )
    expect(diagrams.length).toBeGreaterThan(7)
    await page.setContent("<!doctype html>")
    await page.addScriptTag({ path: join(root, "node_modules/mermaid/dist/mermaid.min.js") })
    for (const { name, text } of diagrams) {
      const fault = await page.evaluate(
        (diagram) =>
          (globalThis as any).mermaid.parse(diagram).then(
            () => null,
            (error: Error) => error.message
          ),
        text as string
      )
      expect([name, fault]).toEqual([name, null])
    }
  })
})
