/** What a suite has of its own: made before its tests, gone after them. Call these where hooks may be registered. */
import { randomUUID } from "node:crypto"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, onTestFinished } from "vitest"

/**
 * Starts something before the suite's tests and ends it after them; what was called first ends last. The answer stands for
 * what `start` resolves with, and is there while tests and hooks run.
 */
export const useThroughout = <A extends object>(start: () => A | Promise<A>, end: (started: A) => unknown): A => {
  let started: A | undefined
  beforeAll(async () => {
    started = await start()
  })
  afterAll(async () => {
    if (started !== undefined) await end(started)
  })
  return new Proxy({} as A, {
    get: (_, name) => {
      if (started === undefined) throw new Error(`${String(name)} is there only while tests and hooks run`)
      const value = Reflect.get(started, name)
      // A method of a class must find its own object, not the one that stands for it.
      return typeof value === "function" ? value.bind(started) : value
    },
    ownKeys: () => Reflect.ownKeys(started ?? {}),
    getOwnPropertyDescriptor: (_, name) => {
      const described = started && Reflect.getOwnPropertyDescriptor(started, name)
      return described && { ...described, configurable: true }
    }
  })
}

/** The path of a folder that is there, and empty at first, while the suite's tests run. */
export const useFolder = (): string => {
  const path = join(tmpdir(), `silktower-test-${randomUUID()}`)
  beforeAll(() => mkdir(path))
  afterAll(() => rm(path, { recursive: true, force: true }))
  return path
}

/** As `useFolder`, for one test, within which this is called. */
export const folderForThisTest = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "silktower-test-"))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** The path of a folder with these files, texts by name, for one test, within which this is called. */
export const folderWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const path = await folderForThisTest()
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}
