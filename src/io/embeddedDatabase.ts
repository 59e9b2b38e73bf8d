import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { PGlite } from "@electric-sql/pglite"
import pg from "pg"
import { DataDirectoryUnusable, DiskNearlyFull, reasonOf } from "./databaseErrors.ts"
import { lockDirectory } from "./directoryLock.ts"
import { migrate } from "./migrations.ts"

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
 * Four segments of the write-ahead log. When the next one cannot be made, PostgreSQL gives up; inside this process it
 * then turns in a circle for ever, and everything else in the process with it. So it must never come to that.
 */
const defaultSpareBytes = 4 * 16 * 2 ** 20

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
    spareBytes = defaultSpareBytes
  }: { readonly startEmpty?: boolean; readonly spareBytes?: number | undefined } = {}
): Promise<EmbeddedDatabase> => {
  const lock = lockDirectory(dataDirectory)
  let postgres: PGlite | undefined
  const checkSpace = createSpaceCheck(dataDirectory, spareBytes)
  try {
    checkSpace()
    const folder = join(dataDirectory, "postgres")
    // Tells a first start that was cut short, whose half-made files would not open, from a database with data in it.
    const unfinished = join(dataDirectory, "unfinished")
    const wipe = () => rmSync(folder, { recursive: true, force: true })
    if (existsSync(unfinished)) wipe()
    const emptiesOld = startEmpty && existsSync(folder)
    if (!existsSync(folder)) writeFileSync(unfinished, "The first start has not come to its end yet.\n")

    // Loaded here, as a server with a PostgreSQL of its own need not pay for it.
    const [pglite, { createPgConfig }] = await Promise.all([
      import("@electric-sql/pglite"),
      import("@electric-sql/pglite/node-postgres")
    ])
    // Emptying one takes a tenth of the time of making one. What cannot be opened any more is made anew.
    const opened = emptiesOld
      ? await openEmpty(() => pglite.PGlite.create(folder)).catch(() => {
          wipe()
          return pglite.PGlite.create(folder)
        })
      : await pglite.PGlite.create(folder)
    postgres = opened
    const config = () => createPgConfig(opened) as unknown as pg.ClientConfig
    const applied = await migrateOnce(config)
    rmSync(unfinished, { force: true })

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
      `${reasonOf(error)}. If its data can be lost, begin anew with: npm run db:reset`
    )
  }
}

const createSpaceCheck = (dataDirectory: string, spareBytes: number) => (): void => {
  const { bavail, bsize } = statfsSync(dataDirectory)
  const freeBytes = bavail * bsize
  if (freeBytes < spareBytes) throw new DiskNearlyFull(dataDirectory, freeBytes, spareBytes)
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

const migrateOnce = async (config: () => pg.ClientConfig): Promise<readonly string[]> => {
  const client = new pg.Client(config())
  await client.connect()
  try {
    return await migrate(client)
  } finally {
    await client.end()
  }
}
