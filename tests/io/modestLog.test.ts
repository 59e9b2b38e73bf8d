import { expect, it } from "vitest"
import { createModestLog } from "../../src/io/modestLog.ts"
import { createTokenBuckets } from "../../src/io/tokenBuckets.ts"

it("writes so many lines of a message a while, says how many it has left out, and keeps messages apart", () => {
  let now = 0
  const lines: unknown[] = []
  const log = createModestLog(
    (level, message, fields) => lines.push([level, message, fields]),
    createTokenBuckets({ burst: 2, perSecond: 1, keys: 10, now: () => now })
  )
  for (let index = 0; index < 5; index++) log("warn", "system:log_access", { index })
  log("error", "upload:error")
  now = 1000
  log("warn", "system:log_access", { index: 5 })
  now = 2000
  log("warn", "system:log_access", { index: 6 })
  expect(lines).toEqual([
    ["warn", "system:log_access", { index: 0 }],
    ["warn", "system:log_access", { index: 1 }],
    ["error", "upload:error", undefined],
    ["warn", "system:log_access", { index: 5, omitted: 3 }],
    ["warn", "system:log_access", { index: 6 }]
  ])
})
