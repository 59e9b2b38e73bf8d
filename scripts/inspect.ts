// npm run inspect: the server, with every actor of it shown live in Stately's inspector. For development only.
import { parseArgs } from "node:util"
import { createWebSocketInspector } from "@statelyai/inspect"
import { createInspectorServer } from "@statelyai/inspect/server"
import { run } from "../src/run.ts"
import { redact } from "./inspect/redact.ts"

const usage = `npm run inspect [-- --port=PORT] [-- --no-open]

  --port=PORT   where the inspector's page and its events are, 8081 unless told otherwise
  --no-open     does not open the page in a browser`

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8081" },
    "no-open": { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
if (!/^\d{1,5}$/.test(values.port) || Number(values.port) < 1 || Number(values.port) > 65_535) {
  console.error(`--port=${values.port}: expected a port from 1 to 65535`)
  process.exit(1)
}

const port = Number(values.port)
createInspectorServer({ port, autoOpen: !values["no-open"] })
const inspector = createWebSocketInspector({ url: `ws://localhost:${port}`, serialize: redact })
console.log(`\n  inspector   http://localhost:${port} (shows Stately's inspector; events are sent from this machine to your browser)`)
// Its arguments are not the server's.
process.argv.splice(2)
const watch = inspector.inspect
await run({ inspect: (event) => watch.next?.(event) })
