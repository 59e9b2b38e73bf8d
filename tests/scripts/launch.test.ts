import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, existsSync, readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { useFolder } from "../support/useThroughout.ts"
import { hasPseudoTerminal } from "./devLoop.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const launcher = join(root, "scripts/launch.js")
const needed = 26

const majorOf = (node: string): number =>
  Number(/\d+/.exec(execFileSync(node, ["--version"], { encoding: "utf8" }))?.[0])
/** A Node of the machine that the project could not run on by itself. */
const olderNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((node) => existsSync(node) && majorOf(node) < needed)

const run = async (node: string, parameters: readonly string[]) => {
  const child = spawn(node, parameters, { stdio: ["ignore", "pipe", "pipe"] })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (text) => (stdout += text))
  child.stderr.on("data", (text) => (stderr += text))
  const [code, signal] = await once(child, "close")
  return { code, signal, stdout, stderr }
}

const folder = useFolder()

const script = async (name: string, text: string): Promise<string> => {
  const file = join(folder, `${name}.ts`)
  await writeFile(file, text)
  return file
}

const launching = (node: string) => {
  it(`runs TypeScript on Node ${needed} or newer, with its parameters and its exit code`, async () => {
    const file = await script(
      "tells",
      `const told: unknown = [process.versions.node, process.argv.slice(1)]
       console.log(JSON.stringify(told))
       process.exitCode = 7`
    )
    const { code, stdout, stderr } = await run(node, [launcher, file, "--help", "a b"])
    const [version, parameters] = JSON.parse(stdout)
    expect(parseInt(version, 10)).toBeGreaterThanOrEqual(needed)
    expect({ code, stderr, parameters }).toEqual({ code: 7, stderr: "", parameters: [file, "--help", "a b"] })
  })

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("hands on %s and ends as the script ends", async (signal) => {
    const file = await script(
      "waits",
      `process.on("${signal}", () => process.exit(5))
       setInterval(() => {}, 60_000)
       console.log(process.pid)`
    )
    const child = spawn(node, [launcher, file], { stdio: ["ignore", "pipe", "inherit"] })
    const pid = Number((await once(child.stdout, "data"))[0])
    child.kill(signal)
    expect(await once(child, "exit")).toEqual([5, null])
    // Nothing is left behind.
    expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  })

  it.each(["SIGKILL", "SIGTERM"] as const)("ends by %s when that has ended the script", async (signal) => {
    const file = await script("dies", `process.kill(process.pid, "${signal}")\nsetInterval(() => {}, 60_000)`)
    expect(await run(node, [launcher, file])).toMatchObject({ code: null, signal })
  })

  const inTerminal = () => {
    it("gives the script its terminal: keys, size and Ctrl-C", async () => {
      const file = await script(
        "asks",
        `process.on("SIGINT", () => process.exit(9))
         process.stdin.on("data", (keys) => console.log("pressed " + keys))
         setInterval(() => {}, 60_000)
         console.log("terminal " + process.stdin.isTTY + " " + process.stdout.columns)`
      )
      const command = `stty -echo cols 93; exec '${node}' '${launcher}' '${file}'`
      const child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"])
      let output = ""
      child.stdout.on("data", (text) => (output += text))
      const ended = once(child, "exit")
      await expect.poll(() => output).toContain("terminal true 93")
      child.stdin.write("key\n")
      await expect.poll(() => output).toContain("pressed key")
      child.stdin.write("\x03")
      expect((await ended)[0]).toBe(9)
    })
  }
  if (hasPseudoTerminal()) inTerminal()
  else it.skipIf(!process.env["CI"])("finds a pseudo-terminal", () => expect.fail("no util-linux `script` on PATH"))
}

describe(`the launcher on Node ${needed}`, () => launching(process.execPath))

const onOlderNode = () => {
  launching(olderNode ?? "")

  const elsewhere = async (name: string): Promise<string> => {
    const place = join(folder, name)
    await mkdir(join(place, "scripts"), { recursive: true })
    await writeFile(join(place, "package.json"), '{ "type": "module" }')
    copyFileSync(launcher, join(place, "scripts/launch.js"))
    return place
  }

  it("says in one sentence what to do where no newer Node is installed", async () => {
    const place = await elsewhere("bare")
    const { code, stdout, stderr } = await run(olderNode ?? "", [join(place, "scripts/launch.js"), "x.ts"])
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(/^silktower needs Node 26 or newer, and this is v\d+\.\d+\.\d+: .*install.*nodejs\.org\.\n$/)
  })

  it("and where the one in node_modules cannot be started", async () => {
    const place = await elsewhere("broken")
    const { platform, arch } = process
    const name = `node-${platform === "darwin" && arch === "arm64" ? "bin-" : ""}${platform}-${arch}`
    await mkdir(join(place, "node_modules", name, "bin"), { recursive: true })
    await writeFile(join(place, "node_modules", name, "package.json"), "{}")
    await writeFile(join(place, "node_modules", name, "bin/node"), "")
    const { code, stderr } = await run(olderNode ?? "", [join(place, "scripts/launch.js"), "x.ts"])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^silktower needs .* does not start here \(.*EACCES\), so install Node 26.*\.\n$/)
  })
}
const name = "the launcher on an older Node"
if (olderNode !== undefined) describe(name, onOlderNode)
else if (process.env["CI"]) describe(name, () => it("finds one", () => expect.fail("no older Node on PATH")))
else {
  console.warn(`SKIPPED ${name}: every Node on PATH is ${needed} or newer.`)
  describe.skip(name, onOlderNode)
}

it("begins every npm script, in the place of the shell that would not hand on a signal", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  for (const [name, script] of Object.entries<string>(scripts)) {
    const [last, ...before] = script.split(" && ").toReversed()
    for (const command of before) expect(command, name).toMatch(/^node scripts\/launch\.js \S/)
    expect(last, name).toMatch(/^exec node scripts\/launch\.js \S/)
  }
})
