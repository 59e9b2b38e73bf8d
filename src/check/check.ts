/** `check`: reads the configuration, tries what the server would need, says what it found, and starts nothing. */
import type { Config } from "../config/config.ts"
import { pathVariableOf } from "../config/protocolSettings.ts"
import type { Protocol } from "../protocol.ts"
import { version } from "../version.ts"
import { checkDatabase } from "./database.ts"
import { type Finding, good, note } from "./finding.ts"
import { checkIceServers } from "./iceServers.ts"
import { checkNetwork } from "./network.ts"

export interface CheckOptions {
  readonly config: Config
  readonly protocols: readonly Protocol[]
  /** What of the configuration has no effect. */
  readonly warnings: readonly string[]
}

export const check = async ({ config, protocols, warnings }: CheckOptions): Promise<readonly Finding[]> => {
  const served = protocols.filter(({ name }) => config.protocols[name]?.mount != null)
  const [database, network, iceServers, ...ofProtocols] = await Promise.all([
    checkDatabase(config, served),
    checkNetwork(config),
    checkIceServers(config),
    ...protocols.map((protocol) => checkProtocol(protocol, config))
  ])
  return [
    good("configuration", `It can be used, for ${config.environment}.`),
    ...warnings.map((warning) => note("configuration", warning.replace(/[^.?]$/, "$&."))),
    database,
    ...network,
    ...iceServers,
    ...ofProtocols.flat()
  ]
}

const checkProtocol = async (protocol: Protocol, config: Config): Promise<readonly Finding[]> => {
  const { name } = protocol
  const { mount, settings } = config.protocols[name] ?? { mount: null, settings: undefined }
  const more = (await protocol.check?.(settings)) ?? []
  if (mount !== null) return [good(name, `Served at ${mount}.`), ...more.map((each) => ({ ...each, about: name }))]
  // What is wrong with what nobody wants is no fault.
  const off = `Off. ${pathVariableOf(name)}=/${name} would serve it there.`
  return [note(name, [off, ...more.map(({ says }) => says)].join(" "))]
}

const words: Readonly<Record<Finding["state"], string>> = { good: "good ", note: "note ", fault: "FAULT" }

/** For a person who reads it in a terminal. */
export const report = (findings: readonly Finding[]): string => {
  const width = Math.max(...findings.map(({ about }) => about.length))
  const faults = findings.filter(({ state }) => state === "fault").length
  const end =
    faults === 0
      ? "The server can be started."
      : `${faults === 1 ? "One thing" : `${faults} things`} must be changed first.`
  return [
    `silktower ${version} on Node ${process.versions.node}`,
    "",
    ...findings.map(({ about, state, says }) => `${words[state]}  ${about.padEnd(width)}  ${says}`),
    "",
    end,
    ""
  ].join("\n")
}
