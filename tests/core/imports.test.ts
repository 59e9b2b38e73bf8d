import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { describe, expect, it } from "vitest"

const root = new URL("../../", import.meta.url).pathname

/** Every module below a folder, from the root of the repository; `deeper`: those in folders below as well. */
const modulesOf = (folder: string, deeper: boolean): readonly string[] =>
  readdirSync(join(root, folder), { recursive: deeper, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))

/** What a module imports, types too: packages by name, modules of ours from the root of the repository. */
const importsOf = (module: string): readonly string[] =>
  [...readFileSync(join(root, module), "utf8").matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)]
    .map(([, from, dynamic]) => (from ?? dynamic) as string)
    .map((source) => (source.startsWith(".") ? normalize(join(dirname(module), source)) : source))

describe.each(modulesOf("src/wire", true))("%s", (module) => {
  it("imports Effect and what else goes over the wire, so that a client can be made from it", () => {
    expect(importsOf(module).filter((source) => !/^(effect\/|src\/wire\/)/.test(source))).toEqual([])
  })
})

describe.each(modulesOf("src/wire/core", true))("%s", (module) => {
  it("knows no protocol", () => {
    expect(importsOf(module).filter((source) => /^src\/wire\/(?!core\/)/.test(source))).toEqual([])
  })
})

describe.each([
  ...modulesOf("src/http", false),
  ...modulesOf("src/http/core", true),
  ...modulesOf("src/http/tower", true)
])("%s", (module) => {
  it("knows no protocol", () => {
    expect(importsOf(module).filter((source) => /^src\/(http|io|machines|wire)\/dropsilk\//.test(source))).toEqual([])
  })
})
