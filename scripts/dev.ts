// npm run dev: a server for working on it or against it. Its database is empty at the start; changed files restart it.
import { fileURLToPath } from "node:url"
import { commandLineOf, listFlag, port, switchFlag } from "../src/config/commandLine.ts"
import { dockerDatabase, embeddedDatabase } from "./dev/databases.ts"
import { showFooter } from "./dev/footer.ts"
import { readKeys } from "./dev/keys.ts"
import { createOrders } from "./dev/orders.ts"
import { createPrograms, type RunningProgram } from "./dev/programs.ts"
import { watchSources } from "./dev/sources.ts"

/** Where Vite serves front ends: `vite` and `vite preview`. */
const frontEndPorts = ["5173", "4173"]
/** ms within which signals are one: npm passes on a signal that the terminal has sent to all of us already. */
const doubledSignalMs = 500
const footer = " h reload the server   r reset the database   q quit "

const say = (line: string): void => void process.stdout.write(`dev: ${line}\n`)

const options = await commandLineOf({
  command: "npm run dev --",
  purpose:
    "Starts a server for working on it or against it, on a database of its own in .data/dev that is emptied at the " +
    "start. Changed files restart it.",
  flags: {
    docker: switchFlag("PostgreSQL from docker-compose.yml instead of the embedded database"),
    "allow-local-port": listFlag({
      ...port,
      placeholder: "PORT",
      description: `Lets pages in that this machine serves at PORT, besides ${frontEndPorts.join(" and ")}. May be repeated`
    })
  }
})

process.chdir(fileURLToPath(new URL("..", import.meta.url)))

const programs = createPrograms(process.cwd(), say)
const orders = createOrders()
let server: RunningProgram | undefined
/** When it was first said, in ms. */
let quitSince: number | undefined

const quit = (): void => {
  if (quitSince === undefined) {
    quitSince = performance.now()
    programs.interrupt("SIGTERM")
    orders.give("quit")
  } else if (performance.now() - quitSince > doubledSignalMs) {
    // Who says it again does not want to wait any longer.
    programs.interrupt("SIGKILL")
    server?.kill()
  }
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, quit)

const hasKeys = process.stdin.isTTY
const giveBackKeys = hasKeys
  ? readKeys(
      process.stdin,
      (key) => {
        if (key === "h") orders.give("reload")
        else if (key === "r") orders.give("reset")
        else if (key === "q" || key === "\x03") quit()
      },
      quit
    )
  : () => {}
const removeFooter = hasKeys ? showFooter(process.stdout, footer) : () => {}
// On every way out, also after an exception: a terminal that scrolls in a part of itself is no use to anybody.
process.once("exit", () => {
  removeFooter()
  giveBackKeys()
})
if (!hasKeys) say("There is no terminal to read keys from. SIGTERM or SIGINT ends this.")

const waiting = hasKeys ? "Waiting for a changed file, h or r." : "Waiting for a changed file."

const startServer = (environment: Readonly<Record<string, string>>): RunningProgram =>
  programs.start(
    [
      process.execPath,
      "src/main.js",
      ...[...frontEndPorts, ...options["allow-local-port"]].map((port) => `--allow-local-port=${port}`)
    ],
    // Two seconds for clients to let go: whoever has saved a file wants to see what it did.
    { ...process.env, NODE_ENV: "development", SHUTDOWN_TIMEOUT_MS: "2000", ...environment },
    (how) => say(`The server has ended (${how}). ${waiting}`)
  )

const loop = async (): Promise<void> => {
  const database = options.docker ? await dockerDatabase(programs, say) : embeddedDatabase(programs)
  const stopWatching = watchSources(
    ["src", "migrations"],
    (path) => {
      say(`${path} has changed.`)
      orders.give("reload")
    },
    (error) => say(`Changed files are not noticed any more: ${error.message}`)
  )

  // A database that could not be made is made at the next order, whatever it is.
  let isMade = false
  orders.give("reset")
  for (;;) {
    const order = await orders.next()
    if (server !== undefined) {
      say("Stopping the server.")
      await server.stop()
      server = undefined
    }
    if (order === "quit") break
    if (order === "reset" || !isMade) {
      say("Making an empty database.")
      isMade = await database.empty()
      if (!isMade && !orders.waiting) say(`The database could not be made. ${waiting}`)
    }
    const isReady = isMade && (order === "reset" || (await database.migrate()))
    if (isMade && !isReady && !orders.waiting) say(`The migrations could not be applied. ${waiting}`)
    if (isReady && !orders.waiting) server = startServer(database.environment)
  }
  stopWatching()
  await database.close()
}

try {
  await loop()
  say("Stopped.")
  process.exit(0)
} catch (error) {
  if (quitSince !== undefined) process.exit(0)
  say((error as Error).message)
  process.exit(1)
}
