import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { hasPseudoTerminal } from "../../scripts/devLoop.ts"
import { seedEmbeddedDatabase } from "../../support/embeddedTemplate.ts"
import { freePort } from "../../support/freePort.ts"
import { connect, withoutBudgets } from "../../support/server.ts"
import { useFolder } from "../../support/useThroughout.ts"

/** Linux has one. */
const lacksFullDevice = !existsSync("/dev/full") && !process.env["CI"]
if (lacksFullDevice) console.warn("SKIPPED outputs that are full: there is no /dev/full, which Linux has.")
const possible = (redirections: readonly string[]) =>
  redirections.filter((redirection) => !(lacksFullDevice && redirection.includes("/dev/full")))

const root = fileURLToPath(new URL("../../..", import.meta.url))

const directory = useFolder()
let http: string
let running: ChildProcess | undefined
const readers: ChildProcess[] = []

beforeAll(() => seedEmbeddedDatabase({ DATA_DIR: directory }))
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.kill()
  const child = running
  running = undefined
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
})

const environment = async (): Promise<NodeJS.ProcessEnv> => {
  const port = await freePort()
  http = `http://127.0.0.1:${port}`
  return {
    ...withoutBudgets,
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    SHELL: "/bin/sh",
    HOST: "127.0.0.1",
    PORT: String(port),
    DATA_DIR: directory
  }
}

/** The server, its output wherever `redirection` of a shell sends it; resolves when it answers. */
const start = async (redirection: string, before = ""): Promise<void> => {
  running = spawn("bash", ["-c", `${before} exec '${process.execPath}' src/main.js ${redirection}`], {
    cwd: root,
    env: await environment(),
    stdio: "ignore"
  })
  await answers()
}

const healthy = async (): Promise<string> =>
  fetch(`${http}/healthz`).then(
    (response) => response.text(),
    () => "nobody is there"
  )
const answers = (): Promise<void> =>
  expect
    .poll(async () => (running?.exitCode === null && running.signalCode === null ? healthy() : "it has ended"))
    .toBe("ok")

/** Somebody comes and goes: two lines. */
const visit = async (): Promise<void> => {
  const client = await connect(http.replace("http", "ws"))
  await client.close()
}

const lostLines = async (): Promise<number> =>
  Number(/^silktower_log_lines_lost_total (\d+)$/m.exec(await (await fetch(`${http}/metrics`)).text())?.[1])

const exitCode = async (signal: NodeJS.Signals): Promise<number | null> => {
  const ended = once(running as ChildProcess, "exit")
  running?.kill(signal)
  return (await ended)[0] as number | null
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const linesOf = (text: string): readonly any[] =>
  text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []))

describe("a server whose output cannot be written", () => {
  it.each(possible(["1>/dev/full", "1>&-", "2>&-", "1>&- 2>&-", "1>/dev/full 2>/dev/full"]))(
    "goes on, answers, and stops in order: %s",
    async (redirection) => {
      await start(redirection)
      for (let count = 0; count < 3; count++) await visit()
      expect(await healthy()).toBe("ok")
      // They are counted when they have been tried, which is a moment after what they tell of.
      if (redirection.includes("1>/dev/full")) await expect.poll(lostLines).toBeGreaterThan(6)
      expect(await exitCode("SIGTERM")).toBe(0)
    }
  )

  it("goes on when the disk is full, and says how much was lost when there is room again", async () => {
    // A file may not grow beyond this, which to who writes is the same as a disk that is full.
    const mostKiB = 64 * 1024
    const log = join(directory, "full.log")
    writeFileSync(log, "")
    truncateSync(log, mostKiB * 1024 - 700)
    await start(`1>>'${log}'`, `ulimit -f ${mostKiB};`)
    await visit()
    await expect.poll(lostLines).toBeGreaterThan(0)
    const lost = await lostLines()

    truncateSync(log, 0)
    await visit()
    await expect.poll(() => readFileSync(log, "utf8")).toContain('"system:output"')
    expect(linesOf(readFileSync(log, "utf8"))).toContainEqual(
      expect.objectContaining({ level: "warn", message: "system:output", lost: expect.any(Number), error: "EFBIG" })
    )
    const told = linesOf(readFileSync(log, "utf8")).filter(({ message }) => message === "system:output")
    expect(told.reduce((sum, line) => sum + line.lost, 0)).toBe(await lostLines())
    expect(lost).toBeGreaterThan(0)
  })

  it("goes on when a pipe's reader has gone, and tells the next reader how much was lost", async () => {
    const pipe = join(directory, "pipe")
    spawnSync("mkfifo", [pipe])
    const read = () => {
      let text = ""
      const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] })
      readers.push(reader)
      reader.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk))
      return { reader, text: () => text }
    }
    const { reader: first } = read()
    await start(`1>'${pipe}'`)
    await visit()
    const gone = once(first, "exit")
    first.kill()
    await gone
    await visit()
    await visit()
    await expect.poll(lostLines).toBeGreaterThanOrEqual(3)

    const second = read()
    await visit()
    await expect.poll(second.text).toContain('"system:output"')
    const [told] = linesOf(second.text()).filter(({ message }) => message === "system:output")
    expect(told).toMatchObject({ level: "warn", lost: await lostLines(), error: "EPIPE" })
    expect(await exitCode("SIGTERM")).toBe(0)
  })

  /** In a terminal, but in a session of its own, so that it is not told by SIGHUP. */
  const startInTerminal = async (): Promise<{ terminal: ChildProcess; pid: number }> => {
    const pidFile = join(directory, "pid")
    const command = `setsid --wait sh -c 'echo $$ >${pidFile}; exec ${process.execPath} src/main.js'`
    const terminal = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
      cwd: root,
      env: await environment(),
      stdio: ["pipe", "ignore", "ignore"]
    })
    running = terminal
    await answers()
    return { terminal, pid: Number(readFileSync(pidFile, "utf8")) }
  }

  const inTerminal = () => {
    it("goes on when its terminal has gone", async () => {
      const { terminal, pid } = await startInTerminal()
      try {
        const gone = once(terminal, "exit")
        terminal.kill("SIGKILL")
        await gone
        for (let count = 0; count < 3; count++) await visit()
        await expect.poll(lostLines).toBeGreaterThan(3)
      } finally {
        process.kill(pid, "SIGKILL")
      }
    })

    it("goes on when its terminal stands still, and can be ended", async () => {
      const { terminal, pid } = await startInTerminal()
      terminal.kill("SIGSTOP")
      // More than a terminal holds.
      for (let count = 0; count < 100; count++) await visit()
      expect(await healthy()).toBe("ok")
      process.kill(pid, "SIGTERM")
      await expect.poll(() => isAlive(pid)).toBe(false)
    })
  }
  if (hasPseudoTerminal()) inTerminal()
  else it.skipIf(!process.env["CI"])("finds a pseudo-terminal", () => expect.fail("no util-linux `script` on PATH"))
})

describe("a script whose output cannot be written", () => {
  it.each(possible(["1>/dev/full", "1>&-", "1>/dev/full 2>/dev/full"]))(
    "does what it is for all the same: %s",
    async (redirection) => {
      const script = spawn("bash", ["-c", `exec '${process.execPath}' scripts/migrate.ts ${redirection}`], {
        cwd: root,
        env: await environment(),
        stdio: "ignore"
      })
      expect((await once(script, "exit"))[0]).toBe(0)
    }
  )
})
