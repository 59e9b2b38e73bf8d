import { readFileSync } from "node:fs"
import type { ConnectionOptions } from "node:tls"
import type { ClientConfig } from "pg"
import pg from "pg"
import { DatabaseSettingInvalid } from "./databaseErrors.ts"

/** What DATABASE_SSL asks for; undefined when it is unset. */
export type DatabaseSsl = "require" | "off" | undefined

/** How to reach a PostgreSQL, and how to speak of it. */
export interface DatabaseAddress {
  readonly config: ClientConfig
  /** host:port/name, without user and password: safe to print. */
  readonly label: string
  /** Whether it is this machine: a loopback name or address, or a Unix socket. */
  readonly local: boolean
}

/** Reads the DATABASE_SSL setting; blank counts as unset. Throws DatabaseSettingInvalid for any other word. */
export const readDatabaseSsl = (setting: string | undefined): DatabaseSsl => {
  const word = setting?.trim().toLowerCase() ?? ""
  if (word === "") return undefined
  if (["false", "0", "off", "disable"].includes(word)) return "off"
  if (["true", "1", "on", "require"].includes(word)) return "require"
  throw new DatabaseSettingInvalid("DATABASE_SSL must be one of true, 1, on, require, false, 0, off, disable")
}

/**
 * Reads a PostgreSQL URL. Throws DatabaseSettingInvalid, whose message never repeats the URL, as that has a password.
 *
 * Encryption: `off` none, `require` on. Unset: none on this machine or with `sslmode=disable` in the URL, else on.
 * "On" means encrypted, *without* checking whose certificate it is: hosted databases with certificates of their own
 * making are the rule. `sslmode=verify-ca` or `verify-full` in the URL has it checked (against `sslrootcert=FILE` if
 * given), on this machine too.
 */
export const readDatabaseUrl = (text: string, ssl: DatabaseSsl): DatabaseAddress => {
  const url = parseUrl(text)
  const wanted = url.searchParams
  const sslmode = wanted.get("sslmode") ?? undefined
  const rootCertificate = wanted.get("sslrootcert") ?? undefined
  // pg would let the URL overrule the setting, and reads `require` as verify-full.
  for (const name of ["ssl", "sslmode", "sslrootcert", "uselibpqcompat"]) wanted.delete(name)

  const { host, port, database } = resolved(url.href)
  const local = isLocal(host)
  const tls = host.startsWith("/") ? false : encryption(ssl, sslmode, local, rootCertificate)
  return {
    config: { connectionString: url.href, ssl: tls },
    label: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
    local
  }
}

/** Whether this is a URL of a PostgreSQL. */
export const isDatabaseUrl = (text: string): boolean => {
  const url = URL.parse(text)
  if (url === null || !["postgres:", "postgresql:"].includes(url.protocol)) return false
  // Behind a password with a bare / ? or # the rest of it counts as path, and its beginning as the host to be shown.
  return url.hash === "" && !`${url.pathname}${url.search}`.includes("@")
}

const parseUrl = (text: string): URL => {
  if (!isDatabaseUrl(text)) {
    throw new DatabaseSettingInvalid(
      "DATABASE_URL must look like postgres://user:password@host:5432/name; " +
        "characters such as @ / ? # % in the password are written as %40 %2F %3F %23 %25"
    )
  }
  return new URL(text)
}

// pg knows what is meant by an absent host, port or name (PGHOST and its like, then its defaults).
const resolved = (url: string): { host: string; port: number; database: string } => {
  try {
    const { host, port, database } = new pg.Client({ connectionString: url, ssl: false })
    return { host, port, database: database ?? "" }
  } catch {
    throw new DatabaseSettingInvalid("DATABASE_URL has a part that cannot be read: a stray % or a certificate file?")
  }
}

const isLocal = (host: string): boolean =>
  host === "" || host === "localhost" || host === "::1" || host.startsWith("127.") || host.startsWith("/")

const encryption = (
  ssl: DatabaseSsl,
  sslmode: string | undefined,
  local: boolean,
  rootCertificate: string | undefined
): false | ConnectionOptions => {
  if (ssl === "off") return false
  const verifies = sslmode === "verify-full" || sslmode === "verify-ca"
  if (ssl === undefined && !verifies && (local || sslmode === "disable")) return false
  if (!verifies) return { rejectUnauthorized: false }
  return {
    rejectUnauthorized: true,
    ...(rootCertificate === undefined || rootCertificate === "system" ? {} : { ca: readCertificate(rootCertificate) }),
    ...(sslmode === "verify-ca" ? { checkServerIdentity: () => undefined } : {})
  }
}

const readCertificate = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    throw new DatabaseSettingInvalid(`DATABASE_URL names a certificate file that cannot be read: sslrootcert=${file}`)
  }
}
