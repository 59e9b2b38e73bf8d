/**
 * Which cores the load and the measured servers run on: apart where the system can keep them apart, so that they do not take
 * turns on one core by chance.
 */
import { execFileSync } from "node:child_process"

interface Pinning {
  /** As `taskset -c` takes them. */
  readonly load: string
  readonly servers: string
}

/** `0-2,5` as numbers. */
const coresOf = (list: string): readonly number[] =>
  list.split(",").flatMap((range) => {
    const [first, last] = range.split("-").map(Number) as [number, number?]
    return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index)
  })

let pinning: Pinning | undefined

/** Puts this process on one of the cores it may use, and leaves the others to the servers, where that can be done. */
export const pinLoad = (): Pinning | undefined => {
  if (process.platform !== "linux") return undefined
  const taskset = (...words: string[]) =>
    execFileSync("taskset", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  try {
    const [load, ...servers] = coresOf(taskset("-cp", String(process.pid)).split(": ").at(-1)?.trim() ?? "")
    if (load === undefined || servers.length === 0) return undefined
    taskset("-acp", String(load), String(process.pid))
    pinning = { load: String(load), servers: servers.join(",") }
  } catch {
    // No taskset, or it is not allowed.
  }
  return pinning
}

/** How a program is started on the servers' cores. */
export const onServerCores = (program: string, words: readonly string[]): readonly [string, readonly string[]] =>
  pinning === undefined ? [program, words] : ["taskset", ["-c", pinning.servers, program, ...words]]
