/** A real TURN server on loopback, in a process of its own. */
import { spawn, spawnSync } from "node:child_process"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { answersStun } from "./turnClient.ts"

/** Whether Debian's `coturn` is on this machine. */
export const hasCoturn = (): boolean => spawnSync("turnserver", ["--version"]).error === undefined

/** Whether tests that need one are left out; in CI they are not, and fail. */
export const skipsCoturn = (): boolean => !hasCoturn() && process.env["CI"] === undefined

interface Coturn {
  readonly port: number
  stop(): Promise<void>
}

export const startCoturn = async (secret: string): Promise<Coturn> => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-coturn-"))
  const port = await freePort()
  const parameters = [
    "-n", // No configuration file: the machine's own is none of ours.
    "--use-auth-secret",
    `--static-auth-secret=${secret}`,
    "--realm=silktower.test",
    "--listening-ip=127.0.0.1",
    "--relay-ip=127.0.0.1",
    `--listening-port=${port}`,
    "--allow-loopback-peers",
    "--no-cli",
    "--no-tls",
    "--no-dtls",
    "--no-tcp",
    "--log-file=stdout",
    `--pidfile=${join(directory, "pid")}`,
    `--userdb=${join(directory, "users")}`
  ]
  const child = spawn("turnserver", parameters, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  child.stdout.on("data", (chunk) => (output += chunk))
  child.stderr.on("data", (chunk) => (output += chunk))
  const exited = once(child, "exit")
  await Promise.race([
    answersStun(port),
    exited.then(([code]) => Promise.reject(new Error(`turnserver ended with ${code}: ${output}`)))
  ])
  return {
    port,
    stop: async () => {
      child.kill("SIGKILL")
      await exited
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** turnserver cannot let the system choose. Nobody else gets this port in the moment before it takes it. */
const freePort = async (): Promise<number> => {
  const socket = createSocket("udp4")
  socket.bind(0, "127.0.0.1")
  await once(socket, "listening")
  const { port } = socket.address()
  socket.close()
  await once(socket, "close")
  return port
}
