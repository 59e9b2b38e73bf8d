/** Starting and asking the servers of server.ts. */
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Usage } from "./server.ts"

export interface Server {
  readonly port: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

const script = fileURLToPath(new URL("server.ts", import.meta.url))

/** Starts one; `environment` is what an operator would set. */
export const start = async (
  kind: "silktower" | "bare",
  environment: Readonly<Record<string, string>> = {}
): Promise<Server> => {
  const child: ChildProcess = fork(script, [kind], {
    // `--cpu-prof` and the like, for whoever looks for what costs the time.
    execArgv: process.env["BENCH_NODE_OPTIONS"]?.split(" ") ?? [],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })
  const [{ port }] = (await once(child, "message")) as [{ port: number }]
  return {
    port,
    usage: async () => {
      child.send("usage")
      return ((await once(child, "message")) as [Usage])[0]
    },
    stop: async () => {
      const exited = once(child, "exit")
      child.disconnect()
      await exited
    }
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
