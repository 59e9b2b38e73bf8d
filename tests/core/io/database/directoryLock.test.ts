import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, it } from "vitest"
import { lockDirectory } from "../../../../src/io/database/embedded/directoryLock.ts"

/** Node's garbage collector, as `--expose-gc` would give it. */
const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
}

it("a locked folder stays locked although nobody holds on to the lock, until it is released", async () => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-test-"))
  const release = new WeakRef(lockDirectory(directory))
  // Once let it be collected: what a process keeps only in a variable it does not use again.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  expect(release.deref()).toBeUndefined()
  expect(() => lockDirectory(directory)).toThrow(/another process|DATABASE_URL|in use/i)
  await rm(directory, { recursive: true, force: true })
})
