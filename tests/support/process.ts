/** A server in a process of its own, as an operator starts it. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { seedEmbeddedDatabase } from "./embeddedTemplate.ts"
import { withoutBudgets } from "./server.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface ServerProcess {
  readonly child: ChildProcess
  readonly http: string
  readonly ws: string
  /** Everything it has printed so far. */
  printed(): string
  /** Ends it without warning. */
  kill(): Promise<void>
  /** Sends a signal and resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** What a server inherits besides `environment`: nothing of the tests' own. */
const inherited = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" }

/**
 * Runs `command` (the server itself unless told otherwise) in a folder until it listens; rejects with its output when it ends
 * before.
 */
export const startProcess = async (
  environment: Readonly<Record<string, string>>,
  command: readonly string[] = [process.execPath, "src/main.js"],
  cwd = root
): Promise<ServerProcess> => {
  seedEmbeddedDatabase(environment)
  const [program, ...parameters] = command as [string, ...string[]]
  const child = spawn(program, parameters, {
    cwd,
    env: { ...inherited, PORT: "0", HOST: "127.0.0.1", ...withoutBudgets, ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  const exited = once(child, "exit") as Promise<[number | null]>
  const port = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const listening = /listening\s+https?:\/\/localhost:(\d+)/.exec(output)
      if (listening !== null) resolve(listening[1] as string)
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("close", () => reject(new Error(output)))
  })
  return {
    child,
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    printed: () => output,
    kill: async () => {
      child.kill("SIGKILL")
      await exited
    },
    end: async (signal) => {
      child.kill(signal)
      return (await exited)[0]
    }
  }
}

/** Runs the server where it must not start; resolves with its exit code and what it said. */
export const refusedStart = async (
  environment: Readonly<Record<string, string>>,
  parameters: readonly string[] = []
): Promise<{ code: number | null; output: string }> => {
  const child = spawn(process.execPath, ["src/main.js", ...parameters], {
    cwd: root,
    env: { ...inherited, PORT: "0", HOST: "127.0.0.1", ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (chunk) => (output += chunk))
  child.stderr.on("data", (chunk) => (output += chunk))
  const [code] = (await once(child, "close")) as [number | null]
  return { code, output }
}
