/** What the documents point at is there. The changelog is left out: it tells of what was. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const textOf = (path: string): string => readFileSync(join(root, path), "utf8")

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...["self-hosted", "kubernetes", "sfu"].map((name) => `examples/${name}/README.md`),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name).replaceAll(sep, "/"))
]

/** Paths from the root, in code or in running text. */
const pathsIn = (text: string): readonly string[] => [
  ...new Set(
    [...text.matchAll(/(?<![\w/.:-])(?:src|tests|docs|scripts|bench|migrations)\/[\w./-]*\w/g)].map(([path]) => path)
  )
]

interface Link {
  readonly path: string
  readonly anchor: string | undefined
}

/** Links that lead to another document or file of this repository, or elsewhere in the same one. */
const linksIn = (text: string): readonly Link[] =>
  [...text.matchAll(/\]\((?!\w+:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].map(([, path = "", anchor]) => ({ path, anchor }))

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-")
  )

describe.each(documents)("%s", (document) => {
  const text = textOf(document)

  it("names no path that is not there", () => {
    expect(pathsIn(text).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it("links to nothing that is not there", () => {
    const broken = linksIn(text).filter(({ path, anchor }) => {
      const target = path === "" ? document : join(dirname(document), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && target.endsWith(".md") && !anchorsIn(textOf(target)).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})

describe("the code", () => {
  const files = ["src", "tests", "scripts", "bench"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.[jt]s$/.test(name))
      .map((name) => join(folder, name).replaceAll(sep, "/"))
  )

  it("names no path that is not there", () => {
    const missing = files.flatMap((file) =>
      pathsIn(textOf(file))
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => [file, path])
    )
    expect(missing).toEqual([])
  })

  it("has each of its folders on the map", () => {
    const map = /^## The map$(.*?)^## /ms.exec(textOf("docs/architecture.md"))?.[1] ?? ""
    const folders = [...new Set(files.filter((file) => file.startsWith("src/")).map(dirname))]
      .map((folder) => folder.split("/").slice(0, 3).join("/"))
      .filter((folder) => !map.includes(`\`${folder}/\``))
    expect([...new Set(folders)]).toEqual([])
  })
})

it("the documents name paths and link to each other at all", () => {
  const all = documents.map(textOf)
  expect(all.flatMap(pathsIn).length).toBeGreaterThan(100)
  expect(all.flatMap(linksIn).length).toBeGreaterThan(100)
})
