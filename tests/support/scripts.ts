import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

// The test runner's environment (NODE_ENV=test among it) must not decide how a script behaves. What has been compiled once
// is kept from one to the next, as each takes half its time for that.
const environmentOf = (environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/scripts"),
  ...environment
})

/** Runs one of the project's scripts to its end, with no environment but the given. */
export const runScript = async (
  script: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> => {
  const child = startScript(script, parameters, environment)
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (text: string) => (stdout += text))
  child.stderr.on("data", (text: string) => (stderr += text))
  const [exitCode] = (await once(child, "close")) as [number | null]
  return { exitCode, stdout, stderr }
}

/** Starts one of the project's scripts; its output comes as text. End it by its own `kill`. */
export const startScript = (
  script: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {}
) => {
  const child = spawn(process.execPath, [script, ...parameters], {
    cwd: ROOT,
    env: environmentOf(environment),
    stdio: ["ignore", "pipe", "pipe"]
  })
  child.stdout.setEncoding("utf8")
  child.stderr.setEncoding("utf8")
  return child
}

/** Waits until a started script has printed this line; rejects with all it said when it ends before. */
export const printedLine = (child: ReturnType<typeof startScript>, line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ""
    const hear = (text: string): void => {
      said += text
      if (said.split("\n").includes(line)) resolve()
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    child.once("close", () => reject(new Error(`The script ended without "${line}": ${said}`)))
  })
