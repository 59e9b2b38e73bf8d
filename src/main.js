#!/usr/bin/env node
/**
 * Where `npm start` begins, and the package's command. Plain JavaScript: what strips types takes 17 MB and is not needed once
 * everything else has been compiled, which is kept from one start to the next. Where the folder cannot be written, each start
 * compiles anew, and so it does on Node before 22.8.
 */
import * as modules from "node:module"
import { fileURLToPath } from "node:url"

modules.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/silktower", import.meta.url)))
const { run } = await import("./run.ts")
await run()
modules.flushCompileCache?.()
