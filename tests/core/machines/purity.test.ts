import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"

const folder = new URL("../../../src/machines/", import.meta.url)
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
const textOf = (name: string) => readFileSync(new URL(name, folder), "utf8")
/** The code without its comments: words in prose are free. */
const codeOf = (name: string) =>
  textOf(name)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")

describe.each(files)("src/machines/%s", (name) => {
  it("imports nothing but xstate and its siblings", () => {
    const imported = [...codeOf(name).matchAll(/from "([^"]+)"/g)].map((match) => match[1] as string)
    const isSibling = (source: string) => source.startsWith(".") && !join(dirname(name), source).startsWith("..")
    expect(imported.filter((source) => source !== "xstate" && !isSibling(source))).toEqual([])
  })

  it("looks at no clock, rolls no dice and speaks to nobody outside", () => {
    const outside =
      /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process|console|fetch|crypto|globalThis)\b/
    expect(outside.exec(codeOf(name))?.[0]).toBeUndefined()
  })

  it("takes no event for another than its type says", () => {
    expect(codeOf(name)).not.toMatch(/\bevent as\b/)
  })

  it("names others by their addresses, unless it is what finds them", () => {
    const finds = ["registry.ts", "supervisor.ts"]
    expect(finds.includes(name) || !/\b(Any)?ActorRef\b/.test(codeOf(name))).toBe(true)
  })
})

const source = new URL("../../../src/", import.meta.url)
const sources = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => /\.[jt]s$/.test(name))

it.each(sources)("src/%s can be read at one sitting", (name) => {
  expect(readFileSync(new URL(name, source), "utf8").split("\n").length).toBeLessThanOrEqual(501)
})
