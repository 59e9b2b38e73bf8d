/** A real PgBouncer in front of the test PostgreSQL, in a process of its own. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { TEST_DATABASE_URL } from "../databases.ts"
import { freePort } from "../freePort.ts"

/** Debian installs it where not everybody looks. */
const searched = `${process.env["PATH"] ?? ""}:/usr/sbin`
const hasPooler = spawnSync("pgbouncer", ["--version"], { env: { PATH: searched } }).error === undefined

/** A suite that needs PgBouncer; in CI it fails without, elsewhere it is skipped and says what to install. */
export const describeWithPooler = (name: string, suite: () => void): void => {
  const remedy = "no pgbouncer on this machine: apt-get install pgbouncer"
  if (hasPooler) return void describe(name, suite)
  if (process.env["CI"]) return void describe(name, () => it("finds pgbouncer", () => expect.fail(remedy)))
  console.warn(`SKIPPED ${name}: ${remedy}`)
  describe.skip(name, suite)
}

interface Pooler {
  /** The same database, through the pooler. */
  through(databaseUrl: string): string
  stop(): Promise<void>
}

export interface PoolerOptions {
  /** Connections to PostgreSQL for each database and user. */
  readonly size: number
  /** Lines of its configuration that go over those below. */
  readonly settings?: Readonly<Record<string, string>>
  /** Who may come through it besides the user of TEST_DATABASE_URL. */
  readonly users?: readonly string[]
}

/** In transaction mode: a client has a connection of PostgreSQL for one transaction, and then somebody else has it. */
export const startPooler = async ({ size, settings = {}, users = [] }: PoolerOptions): Promise<Pooler> => {
  const directory = await mkdtemp("/tmp/silktower-pgbouncer-")
  const place = new URL(TEST_DATABASE_URL)
  const port = await freePort()
  const lines = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "trust",
    auth_file: join(directory, "users"),
    pool_mode: "transaction",
    default_pool_size: size,
    ...settings
  }
  const configuration = join(directory, "pgbouncer.ini")
  await writeFile(
    configuration,
    `[databases]\n* = host=${place.hostname} port=${place.port || 5432}\n[pgbouncer]\n` +
      Object.entries(lines)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join("")
  )
  const names = [decodeURIComponent(place.username), ...users]
  await writeFile(lines.auth_file, names.map((name) => `"${name}" ""\n`).join(""))
  const child = spawn("pgbouncer", [configuration], {
    env: { PATH: searched },
    stdio: ["ignore", "ignore", "pipe"],
    ...(await unprivileged(directory))
  })
  const closed = once(child, "close")
  await new Promise<void>((resolve, reject) => {
    let said = ""
    child.stderr.on("data", (text: Buffer) => {
      said += text.toString()
      if (said.includes("process up")) resolve()
    })
    child.once("close", () => reject(new Error(`pgbouncer ended: ${said}`)))
  })
  return {
    through: (databaseUrl) => {
      const url = new URL(databaseUrl)
      url.host = `127.0.0.1:${port}`
      return url.href
    },
    stop: async () => {
      child.kill("SIGKILL")
      await closed
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** It refuses to run as root. */
const unprivileged = async (directory: string): Promise<{ uid?: number; gid?: number }> => {
  if (process.getuid?.() !== 0) return {}
  const nobody = Number(spawnSync("id", ["-u", "nobody"]).stdout.toString())
  await chown(directory, nobody, -1)
  return { uid: nobody, gid: nobody }
}
