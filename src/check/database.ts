/** Whether the database can be used. Nothing is changed in it, and an embedded one that is not there is not made. */
import { accessSync, constants, existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import * as Redacted from "effect/Redacted"
import type { Config } from "../config/config.ts"
import { openDatabase } from "../io/database/database.ts"
import { lockDirectory } from "../io/database/embedded/directoryLock.ts"
import { tablesOf } from "../io/database/tables.ts"
import type { Protocol } from "../protocol.ts"
import { type Finding, fault, good, note } from "./finding.ts"

const about = "database"

/** `served`: whose tables must be there. */
export const checkDatabase = async (config: Config, served: readonly Protocol[]): Promise<Finding> => {
  const { url, ssl } = config.database
  if (url === undefined) return checkFolder(config.dataDirectory)
  const { dataDirectory } = config
  try {
    const opened = await openDatabase({ url: Redacted.value(url), ssl, dataDirectory, tables: tablesOf(served) })
    await opened.close()
    return good(about, `${opened.describe} answers, and all tables are there.`)
  } catch (error) {
    return fault(about, `${(error as Error).message}.`.replace(/([.?])\.$/, "$1"))
  }
}

const checkFolder = (directory: string): Finding => {
  const place = `The embedded PostgreSQL in ${directory}`
  if (!existsSync(join(directory, "postgres"))) {
    const nearest = nearestThatIs(resolve(directory))
    try {
      accessSync(nearest, constants.W_OK)
      return good(about, `${place} is not there yet. The first start makes it, which takes some seconds.`)
    } catch {
      return fault(
        about,
        `${nearest} cannot be written to: choose another folder with DATA_DIR, or give the right to it.`
      )
    }
  }
  try {
    lockDirectory(directory).release()
    return good(about, `${place} is there, and no other process uses it.`)
  } catch (error) {
    const { name, message } = error as Error
    return name === "DataDirectoryInUse"
      ? note(
          about,
          `${place} is in use: by a server that runs, or another one must be stopped before this one can start.`
        )
      : fault(about, message)
  }
}

const nearestThatIs = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestThatIs(dirname(path))
