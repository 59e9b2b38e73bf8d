/**
 * The server as a part of another program: the package `silktower`. It reads no environment unless it is given one, takes no
 * signals, ends no process, and leaves nothing behind once it is closed. Any number may run in one process.
 *
 * ```ts
 * import { startServer } from "silktower"
 *
 * const signaling = await startServer({ port: 9000, allowedOrigins: ["https://app.example.org"] })
 * console.log(signaling.url)
 * await signaling.close()
 * ```
 */
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { startApplication } from "./application.ts"
import { type Config, loadConfig } from "./config/config.ts"
import { configWarnings } from "./config/configWarnings.ts"
import { readServerOptions } from "./config/serverOptions.ts"
import { createLogOutput, type DescriptorOutput, type LogOutput } from "./io/telemetry/logOutput.ts"
import { limits } from "./limits.ts"
import { protocols } from "./protocols.ts"
import { OptionsInvalid, type ServerOptions, type StartServer } from "./serverOptions.ts"

export {
  OptionsInvalid,
  type ProtocolName,
  type RunningServer,
  type ServerOptions,
  type StartServer
} from "./serverOptions.ts"

/** See serverOptions.ts. */
export const startServer: StartServer = async (options = {}) => {
  const { said, faults } = readServerOptions(options, protocols)
  // Before the whole is read: a value that is none of its type would be told of twice.
  if (faults.length > 0) throw new OptionsInvalid(faults)
  const { env = {}, server, basePath = "/", logger = false } = options
  const loaded = await Effect.runPromise(Effect.result(loadConfig(env, [], protocols, said)))
  if (Result.isFailure(loaded)) throw new OptionsInvalid(loaded.failure.faults)
  const { tls, ...withoutTls } = loaded.success
  const config: Config = server === undefined ? loaded.success : withoutTls
  const set = { ...env, ...Object.fromEntries(Object.entries(said).map(([name, { text }]) => [name, text])) }
  const warnings = [
    ...configWarnings(set, protocols),
    ...(config.tls === tls
      ? []
      : ["TLS_CERT_FILE has no effect beside server, which has a certificate of its own or none"])
  ]
  const { output, settled } = outputOf(logger)
  const application = await startApplication(config, {
    protocols,
    output,
    pretty: false,
    warnings,
    environment: env,
    attached: server && { server, basePath }
  })
  const base = basePath === "/" ? "" : basePath
  const address = () => application.address()
  return {
    get address() {
      return address()
    },
    get url() {
      const found = address()
      return found && `${application.isSecure ? "https" : "http"}://${hostOf(found)}:${found.port}${base}`
    },
    warnings: [
      ...warnings,
      ...Object.entries(application.absent).map(([name, why]) => `${name} is not served: ${why}`)
    ],
    close: async () => {
      await application.stop()
      await settled()
    }
  }
}

/** A server that listens everywhere is here as well. */
const hostOf = ({ address, family }: AddressInfo): string => {
  if (address === "0.0.0.0" || address === "::") return "localhost"
  return family === "IPv6" ? `[${address}]` : address
}

const outputOf = (logger: NonNullable<ServerOptions["logger"]>) => {
  if (logger !== true) {
    const write = typeof logger === "function" ? (text: string) => logger(text.replace(/\n$/, "")) : () => {}
    return { output: { write } satisfies LogOutput, settled: async () => {} }
  }
  const output: DescriptorOutput = createLogOutput(1, {
    waitingUnits: limits.logWaitingUnits,
    gatherMs: limits.logGatherMs,
    retryMs: limits.logRetryMs
  })
  return { output, settled: async () => void (await output.settled(limits.logFarewellMs)) }
}
