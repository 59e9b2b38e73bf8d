/** How an operator gets a media worker, in a folder that has none: mediasoup's install script asks a stand-in for it. */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll, expect, it } from "vitest"
import { findWorkerBinary } from "../../src/io/sfu/engine/workerBinary.ts"
import { describeWithMediaWorker } from "../protocols/sfu/mediaWorker.ts"
import { useFolder, useThroughout } from "../support/useThroughout.ts"

const project = fileURLToPath(new URL("../..", import.meta.url))

describeWithMediaWorker("npm run media-engine", () => {
  const folder = useFolder()
  const engine = join(folder, "node_modules/mediasoup")
  let worker: string
  let prebuilt: Buffer
  /** Whether the stand-in has what is asked for. */
  let hasPrebuilt = true

  beforeAll(async () => {
    worker = await findWorkerBinary(process.env["MEDIASOUP_WORKER_BIN"] || undefined)
    prebuilt = execFileSync("tar", ["-cz", "-C", dirname(worker), "mediasoup-worker"], { maxBuffer: 2 ** 28 })
    for (const name of ["src", "scripts", "package.json"])
      cpSync(join(project, name), join(folder, name), { recursive: true })
    mkdirSync(join(folder, "node_modules"))
    for (const name of readdirSync(join(project, "node_modules"))) {
      const [from, to] = [join(project, "node_modules", name), join(folder, "node_modules", name)]
      if (name !== "mediasoup") symlinkSync(from, to)
      else cpSync(from, to, { recursive: true, filter: (path) => !path.includes("worker/out") })
    }
  })

  const requests: string[] = []
  const standIn = useThroughout(
    async () => {
      const server = createServer(({ url }, response) => {
        requests.push(url ?? "")
        if (hasPrebuilt) response.end(prebuilt)
        else response.writeHead(404).end()
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    },
    (server) => server.close()
  )

  const run = async (environment: Readonly<Record<string, string>> = {}) => {
    requests.length = 0
    const child = spawn(process.execPath, ["scripts/mediaEngine.ts"], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: `http://127.0.0.1:${(standIn.address() as AddressInfo).port}`,
        // Compiles nothing.
        PYTHON: "false",
        ...environment
      }
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (text) => (stdout += text))
    child.stderr.on("data", (text) => (stderr += text))
    const [exitCode] = await once(child, "close")
    return { exitCode, stdout, said: stderr.trimEnd().split("\n").at(-1) }
  }

  it("says why there is none, and leaves nothing half done", async () => {
    hasPrebuilt = false
    expect(await run()).toEqual({
      exitCode: 1,
      stdout: "",
      said:
        "EngineMissing: The media worker could neither be fetched nor compiled (why is above): make one elsewhere, " +
        "and name it with MEDIASOUP_WORKER_BIN."
    })
    expect(requests).toHaveLength(1)
    expect(readdirSync(join(engine, "worker")).sort()).toEqual(
      readdirSync(join(project, "node_modules/mediasoup/worker"))
        .filter((name) => name !== "out")
        .sort()
    )
  })

  it("only checks the one that is named", async () => {
    const named = await run({ MEDIASOUP_WORKER_BIN: worker })
    expect(named).toMatchObject({ exitCode: 0, stdout: `The media worker is ${worker}, and runs here.\n` })
    const none = await run({ MEDIASOUP_WORKER_BIN: "/nothing" })
    expect(none).toMatchObject({ exitCode: 1, stdout: "" })
    expect(none.said).toContain("MEDIASOUP_WORKER_BIN names /nothing, which is no program")
    expect(requests).toEqual([])
    expect(existsSync(join(engine, "worker/out"))).toBe(false)
  })

  it("has mediasoup fetch one, once", async () => {
    hasPrebuilt = true
    const fetched = join(engine, "worker/out/Release/mediasoup-worker")
    const there = { exitCode: 0, stdout: `The media worker is ${fetched}, and runs here.\n` }
    expect(await run()).toMatchObject(there)
    expect(requests).toEqual([expect.stringMatching(/^\/3\.27\.1\/mediasoup-worker-3\.27\.1-.*\.tgz$/)])
    expect(await run()).toMatchObject(there)
    expect(requests).toEqual([])
  })

  it("installs mediasoup where it is not, and brings back nothing that was left out", async () => {
    rmSync(engine, { recursive: true })
    const npm = join(folder, "npm.mjs")
    const asked = join(folder, "asked")
    writeFileSync(
      npm,
      `import { writeFileSync } from "node:fs"\nwriteFileSync(${JSON.stringify(asked)}, process.argv.slice(2).join(" "))\nprocess.exit(1)\n`
    )
    const install = async () => {
      const { exitCode, said } = await run({ npm_execpath: npm })
      expect(exitCode).toBe(1)
      expect(said).toBe("EngineMissing: mediasoup could not be installed: what npm says of it is above.")
      return readFileSync(asked, "utf8").split(" ")
    }
    const words = await install()
    expect(words[0]).toBe("install")
    expect(words.at(-1)).toBe("mediasoup@3.27.1")
    expect(words).toEqual(expect.arrayContaining(["--no-save", "--ignore-scripts", "--omit=dev"]))
    expect(words).not.toContain("--omit=optional")
    for (const name of readdirSync(join(folder, "node_modules")))
      if (/^node-(bin-)?(darwin|linux|win)-/.test(name)) rmSync(join(folder, "node_modules", name))
    expect(await install()).toEqual([...words.slice(0, -1), "--omit=optional", "mediasoup@3.27.1"])
  })
})
