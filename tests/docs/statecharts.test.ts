import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium } from "../../scripts/chromium.ts"
import { makePages } from "../../scripts/docs/pages.ts"
import { describeInChromium } from "../support/browser.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = join(root, "docs/statecharts")
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8")

describe("docs/statecharts", () => {
  it("says what the code says (npm run docs makes it anew)", async () => {
    const pages = await makePages(JSON.parse(textOf("coverage.json")))
    const stale = [...pages].filter(([name, text]) => textOf(name) !== text).map(([name]) => name)
    expect(stale).toEqual([])
    expect(readdirSync(folder).sort()).toEqual([...pages.keys(), "coverage.json"].sort())
  })

  it("has a meaning for every chart and a picture of every state", () => {
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".svg"))) {
      const drawn = [...textOf(name).matchAll(/data-state="([^"]*)"/g)].map(([, state]) => state)
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(drawn.length).toBeGreaterThan(3)
    }
  })
})

describeInChromium("the drawn charts in Chromium", (chromium) => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchChromium(chromium)
    page = await browser.newPage()
  })
  afterAll(() => browser.close())

  const pictures = readdirSync(folder).filter((name) => name.endsWith(".svg"))

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
