/** The types of what the package exports, free of ours and of anybody else's, as nothing else is there to be found. */
import { execFile } from "node:child_process"
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { promisify } from "node:util"

/** Frames are no part of what the client shows, and their types would bring the schemas along. */
const frames =
  "export type ClientFrame = { readonly type: string }\nexport type ServerFrame = { readonly type: string }\n"

/** Writes `<folder>/lib/*.d.ts` and `<folder>/client/*.d.ts`. */
export const writeDeclarations = async (root: string, folder: string): Promise<void> => {
  const emitted = await mkdtemp(join(root, "node_modules", ".silktower-types-"))
  try {
    const settings = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: join(root, "src"),
        outDir: emitted
      },
      include: [],
      files: [join(root, "src/client/index.ts"), join(root, "src/serverOptions.ts")]
    }
    const project = join(emitted, "tsconfig.json")
    await writeFile(project, JSON.stringify(settings))
    const compiler = join(root, "node_modules/typescript/bin/tsc")
    await promisify(execFile)(process.execPath, [compiler, "-p", project])
    await copyReachable(emitted, "client/index.d.ts", folder)
    await copyReachable(emitted, "serverOptions.d.ts", join(folder, "lib"))
    await writeFile(join(folder, "lib", "startServer.d.ts"), entry)
  } finally {
    await rm(emitted, { recursive: true, force: true })
  }
}

const entry = `import type { StartServer } from "./serverOptions.js"
export { OptionsInvalid, type ProtocolName, type RunningServer, type ServerOptions, type StartServer } from "./serverOptions.js"
export declare const startServer: StartServer
`

/** A file with all that it imports, the names of files as they are called when they are compiled. */
const copyReachable = async (from: string, file: string, to: string, seen = new Set<string>()): Promise<void> => {
  if (seen.has(file)) return
  seen.add(file)
  const isFrames = file.startsWith("wire/")
  const text = isFrames ? frames : await readFile(join(from, file), "utf8")
  const imported = [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, source]) => source as string)
  const foreign = imported.filter((source) => !source.startsWith(".") && !source.startsWith("node:"))
  if (foreign.length > 0)
    throw new Error(`The types in ${file} need ${foreign.join(", ")}, which the package does not bring`)
  const target = join(to, file)
  await cp(join(from, file), target)
  await writeFile(target, text.replace(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"'))
  for (const source of imported.filter((each) => each.startsWith("."))) {
    const next = relative(from, join(from, dirname(file), source.replace(/\.ts$/, ".d.ts")))
    await copyReachable(from, next, to, seen)
  }
}
