/** `npm run dev` in a copy of this project, in a pseudo-terminal or without any. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { seedEmbeddedDatabase } from "../support/embeddedTemplate.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** ms for one step of the loop on a busy machine; a first start of the embedded database is the longest. */
const longestStepMs = 60_000

interface Project {
  readonly directory: string
  remove(): Promise<void>
}

/** A copy whose files may be changed. Its `.env` names a database where nobody is, and which must stay unused. */
export const copyProject = async (): Promise<Project> => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-dev-"))
  const copied = ["src", "scripts", "migrations", "package.json", "docker-compose.yml"]
  await Promise.all(copied.map((name) => cp(join(root, name), join(directory, name), { recursive: true })))
  await symlink(join(root, "node_modules"), join(directory, "node_modules"))
  seedEmbeddedDatabase({ DATA_DIR: join(directory, ".data/dev") })
  await writeFile(join(directory, ".env"), "DATABASE_URL=postgres://nobody@127.0.0.1:1/none\nNODE_ENV=production\n")
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}

/** util-linux makes the pseudo-terminal; `script` of other systems takes other parameters. */
export const hasPseudoTerminal = (): boolean =>
  String(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout).includes("util-linux")

export interface Loop {
  /** Resolves with the match, in what has been printed since the last one; rejects when the program ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** Where the server listens now that it has said so once more. */
  listening(): Promise<string>
  press(keys: string): void
  signal(signal: NodeJS.Signals): void
  printed(): string
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

export interface LoopOptions {
  readonly terminal: boolean
  readonly parameters?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Instead of the script itself. */
  readonly command?: readonly string[]
}

export const startLoop = (
  { directory }: Project,
  { terminal, parameters = [], environment = {}, command = [process.execPath, "scripts/dev.ts"] }: LoopOptions
): Loop => {
  const line = [...command, ...parameters].map((word) => `'${word}'`).join(" ")
  const [program, ...rest] = terminal
    ? ["script", "--quiet", "--flush", "--return", "--command", `stty rows 24 cols 100; exec ${line}`, "/dev/null"]
    : [...command, ...parameters]
  const child = spawn(program as string, rest, {
    cwd: directory,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TERM: "xterm",
      SHELL: "/bin/sh",
      PORT: "0",
      HOST: "127.0.0.1",
      ...environment
    },
    stdio: "pipe"
  })
  let output = ""
  let read = 0
  let hasEnded = false
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
      wake()
    })
  }
  const ended = once(child, "close").then(([code]: (number | null)[]) => {
    hasEnded = true
    wake()
    return code ?? null
  })

  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      wake()
    }, longestStepMs)
    for (;;) {
      const found = pattern.exec(output.slice(read))
      if (found !== null) {
        read += found.index + found[0].length
        clearTimeout(timer)
        return found
      }
      if (isLate) throw new Error(`There is no ${pattern} in ${JSON.stringify(output.slice(read))}`)
      if (hasEnded) throw new Error(`It ended without ${pattern}: ${output}`)
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  return {
    until,
    listening: async () => `http://127.0.0.1:${(await until(/listening\s+http:\/\/localhost:(\d+)/))[1]}`,
    press: (keys) => void child.stdin.write(keys),
    signal: (signal) => void child.kill(signal),
    printed: () => output,
    ended
  }
}

/** A folder with a program of this name, for PATH. */
export const standInProgram = async (project: Project, name: string, text: string): Promise<string> => {
  const folder = join(project.directory, "programs")
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), text, { mode: 0o755 })
  return folder
}
