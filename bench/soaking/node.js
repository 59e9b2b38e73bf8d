// A node in a process of its own, whose ways to others can be led elsewhere: tells its port to whoever has started it.
import * as Effect from "effect/Effect"
import { startApplication } from "../../src/application.ts"
import { loadConfig } from "../../src/config/config.ts"
import { protocols } from "../../src/protocols.ts"

const ways = JSON.parse(process.env.SOAK_WAYS)
const config = await Effect.runPromise(loadConfig(process.env, [], protocols))
const application = await startApplication(config, {
  protocols,
  output: process.stdout,
  pretty: false,
  via: (node) => ways[node] ?? node
})
process.send({ port: application.port })
process.once("SIGTERM", () => application.stop().then(() => process.exit(0)))
process.once("disconnect", () => process.exit(1))
