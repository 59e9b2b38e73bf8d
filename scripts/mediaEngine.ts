// npm run media-engine: sees to it that there is a media worker for the SFU, and says which.
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { commandLineOf } from "../src/config/commandLine.ts"
import { readEnvironmentFile } from "../src/config/config.ts"
import { EngineMissing } from "../src/io/sfu/engine/mediaEngine.ts"
import { findWorkerBinary } from "../src/io/sfu/engine/workerBinary.ts"
import { runScript } from "./databaseSettings.ts"

await commandLineOf({
  command: "npm run media-engine --",
  purpose:
    "Sees to it that there is a media worker for the SFU: installs mediasoup where it is not, and has its install script " +
    "fetch the worker, or compile it. Where MEDIASOUP_WORKER_BIN names a worker, that one is checked and none is fetched.",
  flags: {}
})

const root = fileURLToPath(new URL("..", import.meta.url))
const modules = join(root, "node_modules")
const engine = join(modules, "mediasoup")

/** Runs a program on this Node; what it says is seen. Rejects with `fault` when it fails. */
const run = (parameters: readonly string[], folder: string, fault: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, parameters, { cwd: folder, stdio: ["ignore", 2, 2] })
    child.once("error", reject)
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new EngineMissing(fault))))
  })

/**
 * What a production install leaves out is not brought back by it, and package.json stays as it is. npm runs on the Node
 * that mediasoup needs.
 */
const installEngine = async (): Promise<void> => {
  const npm = process.env["npm_execpath"]
  if (npm === undefined)
    throw new EngineMissing("mediasoup is not installed, and only npm run media-engine installs it.")
  const { peerDependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const hasSomeOf = (names: readonly string[]) => names.some((name) => existsSync(join(modules, name)))
  const omitted = [
    "dev",
    ...(hasSomeOf(["uploadthing"]) ? [] : ["peer"]),
    ...(hasSomeOf(Object.keys(optionalDependencies)) ? [] : ["optional"])
  ]
  // Its own script is run afterwards, in sight, and does not undo the install where it fails.
  const quietly = ["--no-save", "--save-prod", "--ignore-scripts", "--no-audit", "--no-fund"]
  const flags = [...quietly, ...omitted.map((name) => `--omit=${name}`)]
  await run(
    [npm, "install", ...flags, `mediasoup@${peerDependencies.mediasoup}`],
    root,
    "mediasoup could not be installed: what npm says of it is above."
  )
}

/** By mediasoup's own install script. What a failed or interrupted one has left is removed. */
const fetchWorker = async (): Promise<void> => {
  const clean = async (): Promise<void> => {
    for (const made of ["out", "prebuild", "pip_invoke"])
      await rm(join(engine, "worker", made), { recursive: true, force: true })
  }
  await clean()
  try {
    await run(
      ["npm-scripts.mjs", "postinstall"],
      engine,
      "The media worker could neither be fetched nor compiled (why is above): make one elsewhere, and name it with MEDIASOUP_WORKER_BIN."
    )
  } catch (error) {
    await clean()
    throw error
  }
}

await runScript(async () => {
  for (const [name, value] of Object.entries(Effect.runSync(readEnvironmentFile(".env")))) process.env[name] ??= value
  const named = process.env["MEDIASOUP_WORKER_BIN"]?.trim() || undefined
  delete process.env["MEDIASOUP_WORKER_BIN"]

  if (!existsSync(join(engine, "package.json"))) await installEngine()
  let worker: string
  try {
    worker = await findWorkerBinary(named)
  } catch (error) {
    if (named !== undefined || !(error instanceof EngineMissing)) throw error
    await fetchWorker()
    worker = await findWorkerBinary(undefined)
  }
  console.log(`The media worker is ${worker}, and runs here.`)
})
