/** The programs that the local loop starts, so that it can end every one of them. */
import { type ChildProcess, spawn } from "node:child_process"

/** ms for a program to end after SIGTERM: longer than the server takes when a client does not let go. */
const patienceMs = 5_000

export interface Programs {
  /** Runs a program to its end; resolves with whether it did what it should. Its output goes where ours goes. */
  run(command: readonly string[], environment?: NodeJS.ProcessEnv): Promise<boolean>
  /** The same, with what it wrote to its standard output; undefined when it failed. */
  ask(command: readonly string[]): Promise<string | undefined>
  /** Starts a program that stays. `onEnd` hears in words how it ended, unless `stop` was what ended it. */
  start(command: readonly string[], environment: NodeJS.ProcessEnv, onEnd: (how: string) => void): RunningProgram
  /** Ends what `run` and `ask` are running. */
  interrupt(signal: NodeJS.Signals): void
}

export interface RunningProgram {
  /** Resolves when it is gone. */
  stop(): Promise<void>
  /** Ends it without waiting for it. */
  kill(): void
}

/** `say` is told why a program could not be started. */
export const createPrograms = (directory: string, say: (line: string) => void): Programs => {
  const running = new Set<ChildProcess>()

  type Output = "inherit" | "pipe"

  const launch = ([program = "", ...parameters]: readonly string[], env: NodeJS.ProcessEnv, output: Output) => {
    // Keys are ours: nobody else reads from the terminal.
    const child = spawn(program, parameters, { cwd: directory, env, stdio: ["ignore", output, "inherit"] })
    const ended = new Promise<{ code: number | null; how: string }>((resolve) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        if (child.pid !== undefined) return
        const how = error.code === "ENOENT" ? `${program} is not on PATH` : error.message
        say(`${program} cannot be started: ${how}.`)
        resolve({ code: null, how })
      })
      child.once("close", (code, signal) => resolve({ code, how: signal === null ? `exit code ${code}` : signal }))
    })
    return { child, ended }
  }

  const finish = async (command: readonly string[], environment: NodeJS.ProcessEnv, output: Output) => {
    const { child, ended } = launch(command, environment, output)
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
    running.add(child)
    const { code } = await ended
    running.delete(child)
    return { succeeded: code === 0, text }
  }

  return {
    run: async (command, environment = process.env) => (await finish(command, environment, "inherit")).succeeded,
    ask: async (command) => {
      const { succeeded, text } = await finish(command, process.env, "pipe")
      return succeeded ? text : undefined
    },
    start: (command, environment, onEnd) => {
      const { child, ended } = launch(command, environment, "inherit")
      let stopping = false
      void ended.then(({ how }) => {
        if (!stopping) onEnd(how)
      })
      return {
        stop: async () => {
          stopping = true
          child.kill("SIGTERM")
          const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs)
          await ended
          clearTimeout(timer)
        },
        kill: () => void child.kill("SIGKILL")
      }
    },
    interrupt: (signal) => running.forEach((child) => child.kill(signal))
  }
}
