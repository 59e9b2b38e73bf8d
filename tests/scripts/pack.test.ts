/** The package as it is published: packed once, and put where npm would put it, beside what it depends on. */
import { execFile, execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { seedEmbeddedDatabase } from "../support/embeddedTemplate.ts"
import { startProcess } from "../support/process.ts"
import { runScript } from "../support/scripts.ts"
import { connect, meetInFlight } from "../support/server.ts"
import { folderForThisTest, useFolder } from "../support/useThroughout.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const run = promisify(execFile)

/** Ours, and the one that whoever has a clone began with, if that is another. */
const nodes = [process.execPath, execFileSync("sh", ["-c", "command -v node"], { encoding: "utf8" }).trim()]
const versionOf = (node: string): string => execFileSync(node, ["--version"], { encoding: "utf8" }).trim()
const versions = new Map(nodes.map((node) => [versionOf(node), node]))

const app = useFolder()
const installed = join(app, "node_modules", "silktower")
beforeAll(async () => {
  const packed = await runScript("scripts/pack.ts", [`--to=${app}`], {})
  expect(packed).toMatchObject({ exitCode: 0, stderr: "" })
  await mkdir(installed, { recursive: true })
  await run("tar", ["-xzf", packed.stdout.trim(), "-C", installed, "--strip-components=1"])
  await mkdir(join(app, "node_modules", "@electric-sql"))
  for (const name of ["@electric-sql/pglite", "lean-qr"])
    await symlink(join(root, "node_modules", name), join(app, "node_modules", name))
  await writeFile(join(app, "package.json"), '{ "type": "module" }')
})

const manifest = () => JSON.parse(readFileSync(join(installed, "package.json"), "utf8"))

describe("the package", () => {
  it("brings nothing that npm would warn of, run, or fetch for nobody", () => {
    const { dependencies, peerDependenciesMeta, ...rest } = manifest()
    expect(Object.keys(dependencies)).toEqual(["@electric-sql/pglite", "lean-qr"])
    expect(peerDependenciesMeta).toEqual({ mediasoup: { optional: true }, uploadthing: { optional: true } })
    for (const field of ["private", "scripts", "devDependencies", "optionalDependencies", "overrides"])
      expect(rest).not.toHaveProperty(field)
    const sources = readdirSync(installed, { recursive: true, encoding: "utf8" })
    expect(sources.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([])
    expect(readFileSync(join(installed, "THIRD_PARTY_LICENSES"), "utf8")).toMatch(
      /^effect \S+ \(MIT\)\n\n.*MIT License/m
    )
  })

  it.each([...versions])("is a command on Node %s", async (_, node) => {
    const folder = await folderForThisTest()
    const server = await startProcess(
      { DATA_DIR: join(folder, ".data") },
      [node, join(installed, "lib/main.js"), "--port=0"],
      folder
    )
    onTestFinished(() => server.kill())
    const tryFiles = ["", "/page.js", "/qr.js", "/client/index.js"].map((file) => `/try${file}`)
    const others = ["/healthz", "/docs", "/openapi.json", "/tower/page.js", "/noisytransfer/asyncapi.json"]
    for (const path of [...others, ...tryFiles])
      expect([path, (await fetch(server.http + path)).status]).toEqual([path, 200])
    const tower = await fetch(`${server.http}/tower`)
    expect(tower.status).toBe(403)
    const [ada, bob] = [await connect(server.ws), await connect(server.ws)]
    await meetInFlight(ada, bob)
    expect(await server.end("SIGTERM")).toBe(0)
    const said = server.printed()
    expect(said).not.toMatch(/Warning|rror/)
  })

  it("holds its data from a second server, whichever Nodes the two run on", async () => {
    const folder = await folderForThisTest()
    const data = { DATA_DIR: join(folder, "data") }
    const bin = join(installed, "lib/main.js")
    for (const [first, second] of [nodes, nodes.toReversed()] as [string, string][]) {
      const server = await startProcess(data, [first, bin], folder)
      await expect(startProcess(data, [second, bin], folder)).rejects.toThrow("Another process is using")
      await server.kill()
    }
  })

  it("is embedded on each Node, and by types that need nobody else's", async () => {
    await writeFile(
      join(app, "app.ts"),
      `import { type ServerOptions, startServer } from "silktower"
       import { createTower, isTowerError, type RoomSummary, type Tower } from "silktower/client"
       const options: ServerOptions = { port: 0, host: "127.0.0.1", protocols: { noisytransfer: false } }
       // @ts-expect-error: it is no port
       const wrong: ServerOptions = { port: "9000" }
       const server = await startServer({ ...options, dataDir: process.argv[2] as string })
       const visit = async (): Promise<RoomSummary> => {
         const tower: Tower = createTower({ url: server.url as string, name: "Ada" })
         const { summary } = await tower.createRoom()
         tower.close()
         return summary
       }
       // Node has them since 22.
       const met = typeof WebSocket === "undefined" ? "waiting" : (await visit()).status
       await server.close()
       const failed = await startServer(wrong).catch((error: unknown) => error)
       console.log(met, server.url, isTowerError(failed), (failed as Error).name)
      `
    )
    const settings = { strict: true, module: "nodenext", target: "es2022", lib: ["es2023", "dom"], types: ["node"] }
    const compilerOptions = { ...settings, typeRoots: [join(root, "node_modules/@types")] }
    await writeFile(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }))
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", app])
    seedEmbeddedDatabase({ DATA_DIR: join(app, "data") })
    for (const node of versions.values()) {
      const { stdout, stderr } = await run(node, [join(app, "app.js"), join(app, "data")])
      expect({ stdout, stderr }).toEqual({ stdout: "waiting null false OptionsInvalid\n", stderr: "" })
    }
  })

  it("does what docs/embedding.md shows", async () => {
    const text = readFileSync(join(root, "docs/embedding.md"), "utf8")
    const [alone, within] = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
    const health = "console.log(await (await fetch(signaling.url + '/healthz')).text()); await signaling.close()"
    const close = "await new Promise((done) => site.once('listening', done))"
    const programs = { "alone.js": `${alone}${health}`, "within.js": `${within}${close};${health}; site.close()` }
    seedEmbeddedDatabase({ DATA_DIR: join(app, ".data") })
    for (const [name, program] of Object.entries(programs)) {
      expect(program).toContain("8080")
      await writeFile(join(app, name), program.replace("8080", "0"))
      const { stdout, stderr } = await run(process.execPath, [name], { cwd: app })
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^http:\/\/\S+:\d+\S*\nok\n$/), stderr: "" })
    }
  })
})
