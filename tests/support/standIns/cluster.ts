/** A PostgreSQL of a test's own, which may be stopped and started. */
import { execFile } from "node:child_process"
import { existsSync, globSync } from "node:fs"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { freePort } from "../freePort.ts"

const run = promisify(execFile)

export interface Cluster {
  readonly url: string
  /** Where its Unix socket is. */
  readonly socketDirectory: string
  start(): Promise<void>
  /** Ends it at once, as a crash of its machine would. */
  stop(): Promise<void>
  /** From its next start on it waits for a primary and only reads. */
  becomeStandby(): Promise<void>
  remove(): Promise<void>
}

/** Where PostgreSQL's own programs are; undefined on a machine without them. */
export const postgresPrograms = (): string | undefined =>
  [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed()
  ].find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_ctl")))

interface ClusterOptions {
  /** Lines of pg_hba.conf instead of letting everybody in. */
  readonly access?: readonly string[]
  /** PEM: it speaks TLS as well, and believes the clients whose certificates `authority` has signed. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authority: string }
}

export const createCluster = async (programs: string, { access, tls }: ClusterOptions = {}): Promise<Cluster> => {
  // The path of a socket must be short.
  const directory = await mkdtemp("/tmp/silktower-pg-")
  const isRoot = process.getuid?.() === 0
  const owner = isRoot ? Number((await run("id", ["-u", "postgres"])).stdout) : undefined
  if (owner !== undefined) await chown(directory, owner, -1)
  // It refuses to run as root.
  const call = (program: string, ...rest: string[]) =>
    isRoot
      ? run("runuser", ["-u", "postgres", "--", join(programs, program), ...rest], { cwd: directory })
      : run(join(programs, program), rest, { cwd: directory })
  const data = join(directory, "data")
  const port = await freePort()
  await call("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync")
  const ours = async (name: string, text: string) => {
    const file = join(data, name)
    await writeFile(file, text, { mode: 0o600 })
    if (owner !== undefined) await chown(file, owner, -1)
  }
  if (access !== undefined) await ours("pg_hba.conf", access.map((line) => `${line}\n`).join(""))
  if (tls !== undefined) {
    await ours("server.crt", tls.certificate)
    await ours("server.key", tls.key)
    await ours("authority.crt", tls.authority)
  }
  const encryption = tls === undefined ? "" : "-c ssl=on -c ssl_ca_file=authority.crt"
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    socketDirectory: directory,
    start: async () => {
      const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${directory} -c fsync=on ${encryption}`
      await call("pg_ctl", "-D", data, "-w", "-l", join(directory, "log"), "-o", settings, "start")
    },
    becomeStandby: () => ours("standby.signal", ""),
    stop: async () => {
      await call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    },
    remove: async () => {
      await call("pg_ctl", "-D", data, "-m", "immediate", "stop").catch(() => {})
      await rm(directory, { recursive: true, force: true })
    }
  }
}
