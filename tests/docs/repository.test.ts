/** What the forge reads: forms for issues that it can show, and ways to report in private that name nobody. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { protocols } from "../../src/protocols.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const textOf = (path: string): string => readFileSync(join(root, path), "utf8")
const folder = ".github/ISSUE_TEMPLATE"
const forms = readdirSync(join(root, folder)).filter((name) => name !== "config.yml")

describe.each(forms)("the form %s", (name) => {
  const form = parse(textOf(`${folder}/${name}`))

  it("is one that a forge shows", () => {
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) })
    const ids = form.body.flatMap(({ id }: { id?: string }) => id ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    for (const { type, attributes, id } of form.body) {
      expect(["markdown", "textarea", "input", "dropdown"]).toContain(type)
      if (type === "markdown") expect(attributes.value).toEqual(expect.any(String))
      else expect([id, attributes.label]).toEqual([expect.any(String), expect.any(String)])
      if (type === "dropdown") expect(new Set(attributes.options).size).toBe(attributes.options.length)
    }
  })
})

it("the form for faults asks for the protocol by every name that there is", () => {
  const { body } = parse(textOf(`${folder}/bug.yml`))
  const { options } = body.find(({ id }: { id?: string }) => id === "protocol").attributes
  const words = options.join(" ").toLowerCase().replaceAll(" ", "-")
  for (const { name } of protocols) expect(words).toContain(name.replace(/-(offers|sessions)$/, ""))
})

it("reports of people and of weaknesses go to nobody by name or address", () => {
  for (const path of ["CODE_OF_CONDUCT.md", "SECURITY.md"]) {
    expect(textOf(path)).not.toMatch(/[\w.+-]+@[\w-]+\.\w/)
    expect(textOf(path)).toMatch(/in private/)
  }
  expect(textOf("CONTRIBUTING.md")).toContain("](CODE_OF_CONDUCT.md)")
})
