/** How the way to PostgreSQL is encrypted, as DATABASE_SSL, the URL and the environment say together. */
import { readFileSync } from "node:fs"
import { type ConnectionOptions, createSecureContext, type SecureVersion } from "node:tls"
import { DatabaseSettingInvalid } from "../databaseErrors.ts"
import type { DatabaseParameters } from "./databaseParameters.ts"

/** What DATABASE_SSL asks for; undefined when it is unset. */
export type DatabaseSsl = "require" | "off" | undefined

/** Ways to connect, the first that the other side goes along with; `false`: not encrypted. One, or two. */
export type Encryption = readonly [false | ConnectionOptions, ...(false | ConnectionOptions)[]]

type Mode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full"

/** Reads the DATABASE_SSL setting; blank counts as unset. Throws DatabaseSettingInvalid for any other word. */
export const readDatabaseSsl = (setting: string | undefined): DatabaseSsl => {
  const word = setting?.trim().toLowerCase() ?? ""
  if (word === "") return undefined
  if (["false", "0", "off", "disable"].includes(word)) return "off"
  if (["true", "1", "on", "require"].includes(word)) return "require"
  throw new DatabaseSettingInvalid("DATABASE_SSL must be one of true, 1, on, require, false, 0, off, disable")
}

/**
 * Decides. What nobody has asked for is: none on this machine and over a Unix socket, elsewhere `require`. Throws
 * DatabaseSettingInvalid where two wishes contradict each other, or one would have no effect.
 */
export const encryptionOf = (
  ssl: DatabaseSsl,
  parameters: DatabaseParameters,
  place: { readonly local: boolean; readonly socket: boolean }
): Encryption => {
  const mode = modeOf(ssl, parameters, place)
  const encrypts = mode !== "disable"
  if (parameters.channel_binding === "require" && (mode === "disable" || mode === "allow" || mode === "prefer")) {
    throw new DatabaseSettingInvalid("channel_binding=require needs encryption: add sslmode=require or verify-full")
  }
  if (parameters.sslnegotiation === "direct" && (mode === "disable" || mode === "allow" || mode === "prefer")) {
    throw new DatabaseSettingInvalid("sslnegotiation=direct needs encryption: add sslmode=require or verify-full")
  }
  if (!encrypts) return [false]
  const encrypted = optionsOf(mode, parameters)
  if (mode === "prefer") return [encrypted, false]
  if (mode === "allow") return [false, encrypted]
  return [encrypted]
}

const modeOf = (
  ssl: DatabaseSsl,
  parameters: DatabaseParameters,
  { local, socket }: { readonly local: boolean; readonly socket: boolean }
): Mode => {
  const wished = wishedMode(parameters)
  const demands = wished !== undefined && !["disable", "allow", "prefer"].includes(wished)
  const files = (["sslrootcert", "sslcert", "sslkey"] as const).filter((name) => parameters[name] !== undefined)
  if (socket) {
    if (ssl === "require" || demands || files.length > 0) {
      throw new DatabaseSettingInvalid(
        "The way to PostgreSQL is a Unix socket, which is not encrypted: leave DATABASE_SSL, sslmode and certificates out"
      )
    }
    return "disable"
  }
  if (ssl === "off" && demands) {
    throw new DatabaseSettingInvalid(
      `DATABASE_SSL is off, but the URL or PGSSLMODE demands ${wished}: leave one of them out`
    )
  }
  if (ssl === "require" && wished === "disable") {
    throw new DatabaseSettingInvalid(
      "DATABASE_SSL demands encryption, but the URL or PGSSLMODE says disable: leave one of them out"
    )
  }
  if (ssl === "off" || wished === "disable") {
    if (files.length > 0)
      throw new DatabaseSettingInvalid(`${files.join(", ")} would have no effect without encryption: leave it out`)
    return "disable"
  }
  const { sslrootcert } = parameters
  if (wished === undefined || (ssl === "require" && !demands)) {
    // Who names whose certificate is believed wants it to be looked at.
    if (sslrootcert !== undefined) return "verify-full"
    return ssl === "require" || files.length > 0 || !local ? "require" : "disable"
  }
  if (sslrootcert === undefined || wished === "verify-full") return wished === "no-verify" ? "require" : wished
  // As libpq has it.
  if ((wished === "require" || wished === "verify-ca") && sslrootcert !== "system") return "verify-ca"
  throw new DatabaseSettingInvalid(
    `sslrootcert=${sslrootcert} would have no effect with sslmode=${wished}: use sslmode=verify-full`
  )
}

const wishedMode = ({ ssl, sslmode }: DatabaseParameters): Mode | "no-verify" | undefined => {
  const mode = sslmode as Mode | "no-verify" | undefined
  if (ssl === undefined) return mode
  const off = ["false", "0", "off", "disable"].includes(ssl)
  if (mode !== undefined && off !== (mode === "disable")) {
    throw new DatabaseSettingInvalid(`ssl=${ssl} and sslmode=${mode} contradict each other: leave one of them out`)
  }
  return mode ?? (off ? "disable" : "require")
}

const optionsOf = (mode: Mode, parameters: DatabaseParameters): ConnectionOptions => {
  const { sslrootcert, sslcert, sslkey, sslpassword, ssl_min_protocol_version, ssl_max_protocol_version } = parameters
  if ((sslcert === undefined) !== (sslkey === undefined)) {
    throw new DatabaseSettingInvalid("sslcert and sslkey belong together: one of them is missing")
  }
  const verifies = mode === "verify-ca" || mode === "verify-full"
  const options: ConnectionOptions = {
    rejectUnauthorized: verifies,
    ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
    ...(sslrootcert === undefined || sslrootcert === "system"
      ? {}
      : { ca: readCertificate("sslrootcert", sslrootcert) }),
    ...(sslcert === undefined ? {} : { cert: readCertificate("sslcert", sslcert) }),
    ...(sslkey === undefined ? {} : { key: readCertificate("sslkey", sslkey) }),
    ...(sslpassword === undefined ? {} : { passphrase: sslpassword }),
    ...(ssl_min_protocol_version === undefined ? {} : { minVersion: ssl_min_protocol_version as SecureVersion }),
    ...(ssl_max_protocol_version === undefined ? {} : { maxVersion: ssl_max_protocol_version as SecureVersion })
  }
  try {
    createSecureContext(options)
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : ""
    throw new DatabaseSettingInvalid(`The certificates and keys that DATABASE_URL names cannot be used together${code}`)
  }
  return options
}

const readCertificate = (name: string, file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    throw new DatabaseSettingInvalid(`DATABASE_URL names a file that cannot be read: ${name}=${file}`)
  }
}
