import { closeSync, constants, mkdirSync, openSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { codeOf, DataDirectoryInUse, DataDirectoryUnusable, reasonOf } from "../databaseErrors.ts"

/** A folder that is ours until `release`. */
export interface DirectoryLock {
  release(): void
}

/** What is held, each of the kernel's: gone the moment its process is, `kill -9` included. Undefined: somebody else has it. */
type Hold = (directory: string) => (() => void) | undefined

/**
 * Takes a folder for this process alone, making it if need be. Throws DataDirectoryInUse when somebody else has it,
 * DataDirectoryUnusable when it cannot be made or written to.
 *
 * Node has no file locks of its own, so the lock is what else of the kernel's one process has and no other: on
 * `<directory>/lock`, whose contents mean nothing, and on Linux a name besides, for older Nodes have nothing else there.
 */
export const lockDirectory = (directory: string): DirectoryLock => {
  const held: (() => void)[] = []
  const release = () => {
    process.off("exit", release)
    for (const letGo of held.splice(0)) letGo()
  }
  try {
    mkdirSync(directory, { recursive: true })
    for (const hold of holds()) {
      const letGo = hold(directory)
      if (letGo === undefined) throw new DataDirectoryInUse(directory)
      held.push(letGo)
    }
  } catch (error) {
    release()
    if (error instanceof DataDirectoryInUse) throw error
    throw new DataDirectoryUnusable(directory, codeOf(error) === "EACCES" ? "permission denied" : reasonOf(error))
  }
  // The listener also keeps what is held from being collected as garbage, which would let go of it.
  process.on("exit", release)
  return { release }
}

const holds = (): readonly Hold[] => {
  const sqlite = loadSqlite()
  const file = sqlite === undefined ? (process.platform === "linux" ? [] : [holdOpen]) : [holdTransaction(sqlite)]
  return process.platform === "linux" ? [...file, holdName] : file
}

type Sqlite = typeof import("node:sqlite")

/** Node has it since 22.13, and warned of it until 25: of a lock there is nothing to be warned of. */
const loadSqlite = (): Sqlite | undefined => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule?.("node:sqlite")
  } finally {
    process.emitWarning = emitWarning
  }
}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

/** An exclusive transaction: no second one begins, in whichever container it is. */
const holdTransaction =
  ({ DatabaseSync }: Sqlite): Hold =>
  (directory) => {
    let file: InstanceType<Sqlite["DatabaseSync"]> | undefined
    try {
      file = new DatabaseSync(join(directory, "lock"))
      file.exec("begin exclusive")
      const held = file
      return () => held.close()
    } catch (error) {
      file?.close()
      if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return undefined
      throw error
    }
  }

/** O_EXLOCK of macOS (sys/fcntl.h), and UV_FS_O_EXLOCK of libuv on Windows: nobody else opens the file meanwhile. */
const exclusively = process.platform === "win32" ? 0x1000_0000 : 0x20

const holdOpen: Hold = (directory) => {
  try {
    const file = openSync(join(directory, "lock"), constants.O_RDWR | constants.O_CREAT | nonBlocking | exclusively)
    return () => closeSync(file)
  } catch (error) {
    if (["EAGAIN", "EBUSY", "EWOULDBLOCK"].includes(codeOf(error) ?? "")) return undefined
    throw error
  }
}
/** Windows has none, and never waits. */
const nonBlocking = constants.O_NONBLOCK ?? 0

/** Bytes of `sun_path`: shorter names Node 20 fills up with zeros, which makes others of them, and newer Nodes do not. */
const wholeName = 108

/** An abstract socket (unix(7)), by what the folder is called in the kernel; seen wherever the network is the same. */
const holdName: Hold = (directory) => {
  const { dev, ino } = statSync(directory, { bigint: true })
  const server = createServer((socket) => socket.destroy())
  server.on("error", () => {})
  const name = `\0silktower:${dev}:${ino}`.padEnd(wholeName, ".")
  server.listen({ path: name, exclusive: true }).unref()
  // It is bound by now, or never will be: what else is told is told later.
  return server.listening ? () => void server.close() : undefined
}
