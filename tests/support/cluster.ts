/** A PostgreSQL of a test's own, which may be stopped and started. */
import { execFile } from "node:child_process"
import { existsSync, globSync } from "node:fs"
import { chown, mkdtemp, rm } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { freePort } from "./freePort.ts"

const run = promisify(execFile)

export interface Cluster {
  readonly url: string
  start(): Promise<void>
  /** Ends it at once, as a crash of its machine would. */
  stop(): Promise<void>
  remove(): Promise<void>
}

/** Where PostgreSQL's own programs are; undefined on a machine without them. */
export const postgresPrograms = (): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter), ...globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed()].find(
    (folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_ctl"))
  )

export const createCluster = async (programs: string): Promise<Cluster> => {
  // The path of a socket must be short.
  const directory = await mkdtemp("/tmp/silktower-pg-")
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    const { stdout } = await run("id", ["-u", "postgres"])
    await chown(directory, Number(stdout), -1)
  }
  // It refuses to run as root.
  const call = (program: string, ...rest: string[]) =>
    isRoot
      ? run("runuser", ["-u", "postgres", "--", join(programs, program), ...rest], { cwd: directory })
      : run(join(programs, program), rest, { cwd: directory })
  const data = join(directory, "data")
  const port = await freePort()
  await call("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync")
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start: async () => {
      const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${directory} -c fsync=on`
      await call("pg_ctl", "-D", data, "-w", "-l", join(directory, "log"), "-o", settings, "start")
    },
    stop: async () => {
      await call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    },
    remove: async () => {
      await call("pg_ctl", "-D", data, "-m", "immediate", "stop").catch(() => {})
      await rm(directory, { recursive: true, force: true })
    }
  }
}
