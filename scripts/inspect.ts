// npm run inspect: the server, with every actor of it shown live in Stately's inspector. For development only.
import { once } from "node:events"
import { createServer } from "node:net"
import { createWebSocketInspector } from "@statelyai/inspect"
import { createInspectorServer } from "@statelyai/inspect/server"
import { port as aPort, commandLineOf, switchFlag, valueFlagOr } from "../src/config/commandLine.ts"
import { run } from "../src/run.ts"
import { redact } from "./inspect/redact.ts"

const listenOnce = async (port: number): Promise<void> => {
  const server = createServer()
  await once(server.listen(port), "listening")
  await new Promise((resolve) => server.close(resolve))
}

const { port, "no-open": noOpen } = await commandLineOf({
  command: "npm run inspect --",
  purpose: "Starts the server, with every actor of it shown live in Stately's inspector. For development only.",
  flags: {
    port: valueFlagOr(8081, {
      ...aPort,
      placeholder: "PORT",
      description: "Where the inspector's page and its events are, 8081 unless told otherwise; the server's own is PORT"
    }),
    "no-open": switchFlag("Does not open the page in a browser")
  }
})

// It would say so with a stack trace, and not which setting to change.
await listenOnce(port).catch((error: NodeJS.ErrnoException) => {
  console.error(
    error.code === "EADDRINUSE"
      ? `Port ${port} is taken by another program: end that one, or give the inspector another port with --port.`
      : `The inspector cannot listen on port ${port} (--port): ${error.message}.`
  )
  process.exit(1)
})
createInspectorServer({ port, autoOpen: !noOpen })
const inspector = createWebSocketInspector({ url: `ws://localhost:${port}`, serialize: redact })
console.log(
  `\n  inspector   http://localhost:${port} (shows Stately's inspector; events are sent from this machine to your browser)`
)
// Its arguments are not the server's.
process.argv.splice(2)
const watch = inspector.inspect
await run({ inspect: (event) => watch.next?.(event) })
