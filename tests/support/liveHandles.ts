/** What a server holds of the process that it is in. */
import { createHook } from "node:async_hooks"
import { afterAll, beforeAll } from "vitest"

const kinds = ["Timeout", "TCPSERVERWRAP", "TCPWRAP", "PIPESERVERWRAP", "PIPEWRAP"]

/** Tells of the timers and sockets that src has made in this suite and that are still there, by where they were made. */
export const useLiveHandles = (): (() => readonly string[]) => {
  const live = new Map<number, string>()
  const hook = createHook({
    init: (id, type) => {
      if (!kinds.includes(type)) return
      const place = /\/src\/\S+/.exec(new Error(type).stack ?? "")?.[0]
      if (place !== undefined) live.set(id, `${type} at ${place}`)
    },
    destroy: (id) => void live.delete(id)
  })
  let stackTraceLimit: number
  beforeAll(() => {
    stackTraceLimit = Error.stackTraceLimit
    Error.stackTraceLimit = 50
    hook.enable()
  })
  afterAll(() => {
    hook.disable()
    Error.stackTraceLimit = stackTraceLimit
  })
  return () => [...live.values()]
}
