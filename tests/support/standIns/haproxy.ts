/** A real HAProxy on loopback, in a process of its own, in front of one server. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { vi } from "vitest"
import { freePort } from "../freePort.ts"

/** Debian has it where only the superuser looks. */
const environment = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` }

/** Whether Debian's `haproxy` is on this machine. */
export const hasHaproxy = (): boolean => spawnSync("haproxy", ["-v"], { env: environment }).error === undefined

interface Haproxy {
  readonly port: number
  /** What it thinks of the server after its next health check. */
  checked(): Promise<HealthCheck>
  stop(): Promise<void>
}

/** In its own words; see https://docs.haproxy.org/2.6/management.html#9.1 */
interface HealthCheck {
  /** `UP`, `DOWN`, or on the way from one to the other. */
  readonly status: string
  /** How the last check went (`L7OK`, `L7STS`), and with which status of HTTP. */
  readonly check_status: string
  readonly check_code: string
}

/** `check`: lines of the backend that say how the server is checked. */
export const startHaproxy = async (serverPort: number, check: readonly string[]): Promise<Haproxy> => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-haproxy-"))
  const port = await freePort()
  const control = join(directory, "control")
  const file = join(directory, "haproxy.cfg")
  const lines = [
    "global",
    `  stats socket ${control} level admin`,
    "defaults",
    "  mode http",
    "  timeout connect 5s",
    "  timeout client 60s",
    "  timeout server 60s",
    "  timeout tunnel 60s",
    "frontend front",
    `  bind 127.0.0.1:${port}`,
    "  option forwardfor",
    "  default_backend back",
    "backend back",
    ...check.map((line) => `  ${line}`),
    // A busy machine may let it wait for longer than the second between two checks.
    "  timeout check 10s",
    `  server only 127.0.0.1:${serverPort} check inter 1s rise 1 fall 1`,
    ""
  ]
  await writeFile(file, lines.join("\n"))
  // -db: stays in front, as our child.
  const child = spawn("haproxy", ["-db", "-f", file], {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (chunk) => (output += chunk))
  child.stderr.on("data", (chunk) => (output += chunk))
  const exited = once(child, "exit")
  const ended = exited.then(([code]) => Promise.reject(new Error(`haproxy ended with ${code}: ${output}`)))
  ended.catch(() => {})

  const row = async (): Promise<Record<string, string>> => {
    const socket = connect(control)
    await once(socket, "connect")
    socket.end("show stat\n")
    const [names = "", ...rows] = (await text(socket)).trim().split("\n")
    const fields = names.replace(/^# /, "").split(",")
    const only = rows.find((each) => each.startsWith("back,only,")) ?? ""
    return Object.fromEntries(only.split(",").map((value, index) => [fields[index], value]))
  }

  /** A server counts as up before it has been checked, and has no code then. */
  const checked = (): Promise<HealthCheck> =>
    vi.waitFor(
      async () => {
        const { status = "", check_status = "", check_code = "" } = await row()
        // `* L7OK`: a check is going on, and this is how the last one went.
        const last = check_status.replace(/^\* /, "")
        if (last === "" || last === "INI") throw new Error(`not checked yet: ${output}`)
        return { status, check_status: last, check_code }
      },
      { timeout: 20_000, interval: 20 }
    )
  await Promise.race([checked(), ended])

  return {
    port,
    checked,
    stop: async () => {
      child.kill("SIGKILL")
      await exited
      await rm(directory, { recursive: true, force: true })
    }
  }
}
