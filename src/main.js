/**
 * Where `npm start` begins. Plain JavaScript: what strips types takes 17 MB and is not needed once everything else has
 * been compiled, which is kept from one start to the next. Where the folder cannot be written, each start compiles anew.
 */
import { enableCompileCache, flushCompileCache } from "node:module"
import { fileURLToPath } from "node:url"

enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/silktower", import.meta.url)))
const { run } = await import("./run.ts")
await run()
flushCompileCache()
