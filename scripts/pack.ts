// npm run pack: makes the package, silktower-VERSION.tgz, as it is published.
import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { commandLineOf, valueFlagOr } from "../src/config/commandLine.ts"
import { runScript } from "./databaseSettings.ts"
import { compile, copyFiles, packages, writeLicences } from "./pack/compile.ts"
import { writeDeclarations } from "./pack/declarations.ts"
import { publishedManifest } from "./pack/manifest.ts"

const { to } = await commandLineOf({
  command: "npm run pack --",
  purpose:
    "Makes the package as it is published, silktower-VERSION.tgz: compiled JavaScript with types. A clone cannot be packed as " +
    "it is, for it brings a Node of its own and sources that only that one runs.",
  flags: {
    to: valueFlagOr(".", {
      placeholder: "FOLDER",
      description: "Folder that it is put into. Default: this one",
      expected: "a folder",
      read: (text) => (text === "" ? undefined : text)
    })
  }
})

const root = fileURLToPath(new URL("..", import.meta.url))
/** What the package has in it. */
const folder = join(root, "dist")

await runScript(async () => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const compiled = await compile(root, folder)
  await Promise.all([copyFiles(root, folder), writeLicences(root, folder, compiled), writeDeclarations(root, folder)])
  const clone = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  const manifest = publishedManifest(clone, packages)
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`)
  const { stdout } = await promisify(execFile)("npm", ["pack", folder, "--pack-destination", resolve(to), "--silent"], {
    shell: process.platform === "win32"
  })
  console.log(join(to, stdout.trim()))
})
