/**
 * The server and its client as JavaScript that any Node from 20 on runs. What we depend on is compiled into it: the half of it
 * says that it wants a newer Node, of which npm would warn whoever installs us, though it runs. It also starts in a third of the time.
 */
import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { type BuildOptions, build, type Metafile } from "esbuild"
import { places } from "../../src/places.ts"
import { bundleClient } from "../bundleClient.ts"

/** Loaded as packages: what brings files that are no JavaScript or are served to pages, and what may be missing. */
export const packages = ["@electric-sql/pglite", "lean-qr", "mediasoup", "uploadthing"]

/** Compiles into `<folder>/lib` and `<folder>/client`; answers with the folders of the packages that are in it. */
export const compile = async (root: string, folder: string): Promise<readonly string[]> => {
  const lib = join(folder, "lib")
  const common: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    metafile: true,
    legalComments: "none",
    logLevel: "error"
  }
  const older = await build({
    ...common,
    entryPoints: ["scripts/pack/olderNodes.js"],
    outfile: join(lib, "olderNodes.js"),
    minify: true
  })
  const server = await build({
    ...common,
    entryPoints: ["src/main.js", "src/startServer.ts"],
    outdir: lib,
    splitting: true,
    chunkNames: "[name]-[hash]",
    // pg asks for it, and goes on without it.
    external: [...packages.flatMap((name) => [name, `${name}/*`]), "pg-native", "./olderNodes.js"],
    // Before all else, in whichever file anybody begins; and packages that are no ES modules call for others.
    banner: {
      js: [
        'import "./olderNodes.js"',
        'import { createRequire as requireFrom } from "node:module"',
        "const require = requireFrom(import.meta.url)"
      ].join("\n")
    }
  })
  await mkdir(join(folder, "client"))
  await writeFile(join(folder, "client", "index.js"), await bundleClient())
  return packagesIn([older.metafile, server.metafile])
}

/** Folders below the root, such as `node_modules/ws`. */
const packagesIn = (metafiles: readonly (Metafile | undefined)[]): readonly string[] => {
  const inputs = metafiles.flatMap((each) =>
    Object.values(each?.outputs ?? {}).flatMap(({ inputs }) => Object.entries(inputs))
  )
  const folders = inputs.flatMap(([input, { bytesInOutput }]) => {
    const [found] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.split(sep).join("/")) ?? []
    return found === undefined || bytesInOutput === 0 ? [] : [found]
  })
  return [...new Set(folders)].toSorted()
}

/** What is read and not imported, at the same places as in a clone (src/places.ts). */
export const copyFiles = async (root: string, folder: string): Promise<void> => {
  // Its own manifest it gets apart.
  const { manifest: _, ...read } = places
  const files = [
    ...Object.values(read).map((place) => relative(root, fileURLToPath(place))),
    ...(await Array.fromAsync(glob("src/http/**/page", { cwd: root }))),
    ...[".env.example", "README.md", "CHANGELOG.md", "LICENSE"]
  ]
  for (const file of files) {
    const isPicture = (path: string) =>
      !relative(root, path).startsWith("docs") || (!path.endsWith(".md") && !path.endsWith(".json"))
    await cp(join(root, file), join(folder, file), { recursive: true, filter: isPicture })
  }
}

/** The licences of all packages that have been compiled into ours, as each asks for. */
export const writeLicences = async (root: string, folder: string, compiled: readonly string[]): Promise<void> => {
  const texts = await Promise.all(
    compiled.map(async (place) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, place, "package.json"), "utf8"))
      const text = await licenceOf(join(root, place))
      return `${name} ${version} (${license})\n\n${text ?? "It comes without a text of its licence."}`
    })
  )
  const rule = `\n\n${"-".repeat(80)}\n\n`
  await writeFile(join(folder, "THIRD_PARTY_LICENSES"), `${texts.join(rule).trim()}\n`)
}

const licenceOf = async (place: string): Promise<string | undefined> => {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "License", "LICENSE-MIT"]) {
    const text = await readFile(join(place, name), "utf8").catch(() => undefined)
    if (text !== undefined) return text.trim()
  }
  return undefined
}
