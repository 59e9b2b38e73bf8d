import { fork } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { PGlite } from "@electric-sql/pglite"
import pg from "pg"
import { limits } from "../../../limits.ts"
import { commands, places } from "../../../places.ts"
import { DataDirectoryUnusable, DiskNearlyFull, reasonOf } from "../databaseErrors.ts"
import { migrate } from "../migrations.ts"
import { lockDirectory } from "./directoryLock.ts"

/** A PostgreSQL inside this process: one session, which every connection shares. */
export interface EmbeddedDatabase {
  /** For a `pg` client; asked anew for each. */
  readonly config: () => pg.ClientConfig
  /** Names of the migrations that opening has applied. */
  readonly applied: readonly string[]
  /** Throws DiskNearlyFull while there is too little room to write anything. */
  readonly checkSpace: () => void
  close(): Promise<void>
}

/**
 * Opens the embedded PostgreSQL in `<dataDirectory>/postgres`, making and migrating it as needed; with `startEmpty`
 * whatever was there is removed first. Its folder is locked, as a second process would corrupt it.
 *
 * It survives `kill -9` of the process. It does not wait for the disk, so what was written in the seconds before a
 * power cut may be lost. Writes only while its disk has `spareBytes` left. Rejects with DataDirectoryInUse or
 * DataDirectoryUnusable.
 */
export const openEmbeddedDatabase = async (
  dataDirectory: string,
  {
    startEmpty = false,
    spareBytes = limits.spareBytes,
    otherMigrations = []
  }: {
    readonly startEmpty?: boolean
    readonly spareBytes?: number | undefined
    /** Folders of migrations beside `migrations/`. */
    readonly otherMigrations?: readonly string[] | undefined
  } = {}
): Promise<EmbeddedDatabase> => {
  const lock = lockDirectory(dataDirectory)
  let postgres: PGlite | undefined
  const checkSpace = createSpaceCheck(dataDirectory, spareBytes)
  try {
    checkSpace()
    const folder = join(dataDirectory, "postgres")
    removeUnfinished(dataDirectory)
    const wipe = () => rmSync(folder, { recursive: true, force: true })
    const emptiesOld = startEmpty && existsSync(folder)
    if (!existsSync(folder)) await make(dataDirectory, folder)

    // Loaded here, as a server with a PostgreSQL of its own need not pay for it.
    const [pglite, { createPgConfig }] = await Promise.all([
      import("@electric-sql/pglite"),
      import("@electric-sql/pglite/node-postgres")
    ])
    // Emptying one takes a tenth of the time of making one. What cannot be opened any more is made anew.
    const opened = emptiesOld
      ? await openEmpty(() => pglite.PGlite.create(folder)).catch(async () => {
          wipe()
          await make(dataDirectory, folder)
          return pglite.PGlite.create(folder)
        })
      : await pglite.PGlite.create(folder)
    postgres = opened
    const config = () => createPgConfig(opened) as unknown as pg.ClientConfig
    const applied = await migrateOnce(config, otherMigrations)

    return {
      config,
      applied,
      checkSpace,
      close: async () => {
        try {
          await opened.close()
        } finally {
          lock.release()
        }
      }
    }
  } catch (error) {
    await postgres?.close().catch(() => {})
    lock.release()
    if (error instanceof DiskNearlyFull) throw new DataDirectoryUnusable(dataDirectory, reasonOf(error))
    throw new DataDirectoryUnusable(
      dataDirectory,
      `${reasonOf(error)}. If its data can be lost, begin anew ${commands.reset}`
    )
  }
}

const createSpaceCheck = (dataDirectory: string, spareBytes: number) => (): void => {
  const { bavail, bsize } = statfsSync(dataDirectory)
  const freeBytes = bavail * bsize
  if (freeBytes < spareBytes) throw new DiskNearlyFull(dataDirectory, freeBytes, spareBytes)
}

const maker = fileURLToPath(places.databaseMaker)
const unfinished = "unfinished-"

/**
 * Makes a database in a process of its own, and under a name of its own until it is whole: one that was cut short is
 * never taken for a good one, not even while its maker has not noticed yet that we were killed.
 */
const make = async (dataDirectory: string, folder: string): Promise<void> => {
  const place = mkdtempSync(join(dataDirectory, unfinished))
  try {
    const child = fork(maker, [place], { execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] })
    let reason: unknown
    child.once("message", (told) => (reason = told))
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null]
    if (code !== 0) throw new Error(`it could not be made (${reason ?? signal ?? `exit code ${code}`})`)
    renameSync(place, folder)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

const removeUnfinished = (dataDirectory: string): void => {
  for (const name of readdirSync(dataDirectory)) {
    if (!name.startsWith(unfinished)) continue
    try {
      rmSync(join(dataDirectory, name), { recursive: true, force: true })
    } catch {
      // Its maker is still writing into it, and will end soon. The next start removes it.
    }
  }
}

const openEmpty = async (open: () => Promise<PGlite>): Promise<PGlite> => {
  const opened = await open()
  try {
    await opened.exec("drop schema public cascade; create schema public")
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

const migrateOnce = async (config: () => pg.ClientConfig, others: readonly string[]): Promise<readonly string[]> => {
  const client = new pg.Client(config())
  await client.connect()
  try {
    return await migrate(client, { others })
  } finally {
    await client.end()
  }
}
