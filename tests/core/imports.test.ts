import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { protocols } from "../../src/protocols.ts"

const root = fileURLToPath(new URL("../../src", import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.[jt]s$/.test(name))

/** What a file imports of src, types too, by its path below src. */
const importsOf = (file: string): readonly string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map((match) =>
    join(dirname(file), match[1] as string)
  )

/** Parts of one protocol share a folder: that of the first of them. */
const names = protocols
  .map(({ name }) => name)
  .filter((name, _, all) => !all.some((other) => name.startsWith(`${other}-`)))
/** The client speaks one protocol, and is known by the name of the package. */
const clientsProtocol = "dropsilk"
/** Whose a file is: a protocol's by a folder of its name, or the core's. */
const ownerOf = (file: string): string =>
  file.startsWith("client/") ? clientsProtocol : (names.find((name) => file.split("/").includes(name)) ?? "core")

/** Those that put everything together, and whoever starts them. */
const composing = ["protocols.ts", "serverOptions.ts"]

describe("the house", () => {
  it("has a folder for every protocol", () => {
    for (const name of names) expect(files.filter((file) => ownerOf(file) === name).length).toBeGreaterThan(0)
  })

  it.each(files.filter((file) => !composing.includes(file)))(
    "keeps %s from knowing somebody else's protocol",
    (file) => {
      const owner = ownerOf(file)
      const foreign = importsOf(file).filter((imported) => ![owner, "core"].includes(ownerOf(imported)))
      expect(foreign).toEqual([])
    }
  )

  const core = files.filter((file) => ownerOf(file) === "core" && !composing.includes(file))
  it.each(core)("does not speak of any protocol in %s", (file) => {
    const text = readFileSync(join(root, file), "utf8").toLowerCase()
    expect(names.filter((name) => new RegExp(`(?<![a-z])${name}(?![a-z])`).test(text))).toEqual([])
  })

  it("knows in one place where its files are, which are elsewhere once it is compiled", () => {
    const asking = files.filter((file) => /import\.meta\.(?:url|dir|file)/.test(readFileSync(join(root, file), "utf8")))
    // The one keeps what it compiles, the other asks for a package.
    const others = ["main.js", "io/dropsilk/previews/uploadthing.ts"]
    expect(asking.filter((file) => !others.includes(file))).toEqual(["places.ts"])
  })

  it("names all protocols in one place, which only those know who start them", () => {
    expect(files.filter((file) => importsOf(file).includes("protocols.ts")).toSorted()).toEqual([
      "run.ts",
      "startServer.ts"
    ])
  })
})

describe("the engine of a cluster", () => {
  const folder = "io/cluster/engine/"
  const textOf = (file: string) => readFileSync(join(root, file), "utf8")
  const heavy = files.filter((file) => /from "effect\/(?:cluster|sql)\//.test(textOf(file)))

  it("is the only one that knows its library", () => {
    expect(heavy).toContain(`${folder}effectEngine.ts`)
    expect(heavy.filter((file) => !file.startsWith(folder))).toEqual([])
  })

  it("is loaded by nobody who does not start one", () => {
    const loading = files.filter((file) => {
      const loaded = textOf(file).matchAll(/^(?:import|export) (?!type )[^"]*? from "(\.[^"]+)"/gms)
      return [...loaded].some(([, path = ""]) => heavy.includes(join(dirname(file), path)))
    })
    expect(loading.filter((file) => !file.startsWith(folder))).toEqual([])
  })
})

describe("what goes over the wire", () => {
  const wire = files.filter((file) => file.startsWith("wire/"))

  it.each(wire)("is free of the server, so that a client can be made from %s", (file) => {
    const text = readFileSync(join(root, file), "utf8")
    const sources = [...text.matchAll(/\bfrom "([^"]+)"/g)].map((match) => match[1] as string)
    const foreign = sources.filter((source) =>
      source.startsWith(".") ? !join(dirname(file), source).startsWith("wire/") : !source.startsWith("effect/")
    )
    expect(foreign).toEqual([])
  })
})

describe("the client", () => {
  const client = files.filter((file) => file.startsWith("client/"))

  it.each(client)("takes nothing along at run time but its own files in %s", (file) => {
    const text = readFileSync(join(root, file), "utf8")
    const imports = [...text.matchAll(/^(import|export) (type )?[^"]*? from "([^"]+)"/gms)]
    const foreign = imports
      .filter(([, , isType]) => isType === undefined)
      .map(([, , , source]) => source as string)
      .filter((source) => !join(dirname(file), source).startsWith("client/") || !source.startsWith("."))
    expect(foreign).toEqual([])
  })
})
