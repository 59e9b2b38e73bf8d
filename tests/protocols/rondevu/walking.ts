/** A live server that is walked: steps by chance, kills and restarts on the way, and a look at everything now and then. */
import { expect } from "vitest"
import { type ServerProcess, startProcess } from "../../support/process.ts"

const [kills, restarts] = [3, 2]
/** So many steps are taken between two looks. */
const unlooked = 8

export interface WalkOptions {
  readonly steps: number
  /** Takes the step of this number, from 1, and expects what the model says. */
  readonly step: (number: number) => Promise<void>
  /** Expects all that can be seen to be what the model says. */
  readonly look: () => Promise<unknown>
  /** What has been done so far, in words: a failure tells the last of it. */
  readonly path: string[]
}

/** Starts the server; `walk` ends it, whatever happens. */
export const startWalked = async (environment: Readonly<Record<string, string>>) => {
  let server: ServerProcess = await startProcess(environment)

  const end = async (isKilled: boolean, path: string[]) => {
    path.push(isKilled ? "the server is killed" : "the server is restarted")
    if (isKilled) await server.kill()
    else expect(await server.end("SIGTERM")).toBe(0)
    server = await startProcess(environment)
  }

  return {
    port: () => Number(new URL(server.http).port),
    walk: async ({ steps, step, look, path }: WalkOptions): Promise<void> => {
      const every = steps / (kills + restarts + 1)
      const ends = Array.from({ length: kills + restarts }, (_, index) => Math.floor((index + 1) * every))
      try {
        for (let number = 1; number <= steps; number++) {
          await step(number)
          const ending = ends.indexOf(number)
          if (ending >= 0) await end(ending < kills, path)
          if (ending >= 0 || number % unlooked === 0 || number === steps) await look()
        }
      } catch (error) {
        expect.fail(`${String(error)}\n\nafter:\n${path.slice(-40).join("\n")}`)
      } finally {
        await server.kill()
      }
    }
  }
}
