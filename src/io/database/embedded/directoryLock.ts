import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { codeOf, DataDirectoryInUse, DataDirectoryUnusable, reasonOf } from "../databaseErrors.ts"

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

/** A folder that is ours until `release`. */
export interface DirectoryLock {
  release(): void
}

/**
 * Takes a folder for this process alone, making it if need be. Throws DataDirectoryInUse when somebody else has it,
 * DataDirectoryUnusable when it cannot be made or written to.
 *
 * An exclusive SQLite transaction on `<directory>/lock` is the lock: Node has no file locks of its own, and this one
 * is the kernel's, so it is gone the moment its process is, `kill -9` included. The file stays and means nothing.
 */
export const lockDirectory = (directory: string): DirectoryLock => {
  let file: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true })
    file = new DatabaseSync(join(directory, "lock"))
    file.exec("begin exclusive")
  } catch (error) {
    file?.close()
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) {
      throw new DataDirectoryInUse(directory)
    }
    throw new DataDirectoryUnusable(directory, codeOf(error) === "EACCES" ? "permission denied" : reasonOf(error))
  }
  const held = file
  const release = () => {
    process.off("exit", release)
    if (held.isOpen) held.close()
  }
  // The listener also keeps the handle from being collected as garbage, which would let go of the lock.
  process.on("exit", release)
  return { release }
}
