import { userInfo } from "node:os"
import type { ClientConfig } from "pg"
import pg from "pg"
import { DatabaseSettingInvalid } from "../databaseErrors.ts"
import { type DatabaseSsl, encryptionOf } from "./databaseEncryption.ts"
import { type DatabaseParameters, readParameters } from "./databaseParameters.ts"

/** How to reach a PostgreSQL, and how to speak of it. */
export interface DatabaseAddress {
  /** Ways to connect that differ in encryption only: where the other side refuses the first for that, the next is tried. */
  readonly configs: readonly [ClientConfig, ...ClientConfig[]]
  /** Whether a login that is not bound to the encrypted channel must be given up before the password is sent. */
  readonly demandsChannelBinding: boolean
  /** host:port/name, without user and password: safe to print. A host that begins with / is the folder of a socket. */
  readonly label: string
  /** Whether it is this machine: a loopback name or address, or a Unix socket. */
  readonly local: boolean
}

/**
 * Reads a PostgreSQL URL, with libpq's variables of the environment for what it does not say. Throws
 * DatabaseSettingInvalid, whose message never repeats the URL, as that has a password. `alone`: no other environment is asked,
 * where pg would look into that of this process.
 *
 * Encryption (databaseEncryption.ts) without checking whose certificate it is, unless `sslmode=verify-ca` or
 * `verify-full` or `sslrootcert` asks for that: hosted databases with certificates of their own making are the rule.
 */
export const readDatabaseUrl = (
  text: string,
  ssl: DatabaseSsl,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  { alone = false }: { readonly alone?: boolean } = {}
): DatabaseAddress => {
  const url = parseUrl(text)
  const { parameters, ...written } = partsOf(url, environment)
  const said = alone ? { ...written, ...completed(written, environment) } : written
  if (`${said.host}`.includes(",")) {
    throw new DatabaseSettingInvalid(
      "DATABASE_URL names several hosts; this server knows one: the primary, or what stands before them"
    )
  }
  const { host, port, database } = resolved(said)
  const socket = host.startsWith("/")
  const local = socket || isLocal(host)
  const { application_name, fallback_application_name, options, connect_timeout, keepalives, keepalives_idle } =
    parameters
  const { sslnegotiation, channel_binding } = parameters
  const config: ClientConfig = {
    ...said,
    ...(application_name === undefined ? {} : { application_name }),
    ...(fallback_application_name === undefined ? {} : { fallback_application_name }),
    ...(options === undefined ? {} : { options }),
    ...(connect_timeout === undefined ? {} : { connectionTimeoutMillis: Number(connect_timeout) * 1000 }),
    ...(keepalives === undefined ? {} : { keepAlive: keepalives === "1" }),
    ...(keepalives_idle === undefined ? {} : { keepAliveInitialDelayMillis: Number(keepalives_idle) * 1000 }),
    ...(channel_binding === "prefer" || channel_binding === "require" ? { enableChannelBinding: true } : {})
  }
  const [first, ...others] = encryptionOf(ssl, parameters, { local, socket })
  const way = (ssl: typeof first): ClientConfig => ({
    ...config,
    ssl,
    // Said always, or pg asks the environment.
    sslnegotiation: ssl !== false && sslnegotiation === "direct" ? "direct" : "postgres"
  })
  return {
    configs: [way(first), ...others.map(way)],
    demandsChannelBinding: channel_binding === "require",
    label: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
    local
  }
}

/** Whether this is a URL of a PostgreSQL. */
export const isDatabaseUrl = (text: string): boolean => {
  const url = parse(text)
  if (url === null || !["postgres:", "postgresql:"].includes(url.protocol)) return false
  // Behind a password with a bare / ? or # the rest of it counts as path, and its beginning as the host to be shown.
  return url.hash === "" && !`${url.pathname}${url.search}`.includes("@")
}

/** Stands where a URL names no host, or several, which URL does not take. */
const placeholder = "host.invalid"

const parse = (text: string): URL | null => {
  const [, start, hosts, rest] = /^([a-z]+:\/\/(?:[^@/?#]*@)?)([^/?#]*)([^]*)$/i.exec(text) ?? []
  if (hosts === "" && start?.endsWith("@")) return URL.parse(`${start}${placeholder}${rest}`)
  if (hosts?.includes(",")) return URL.parse(`${start}${placeholder},${rest}`)
  return URL.parse(text)
}

const parseUrl = (text: string): URL => {
  if (!isDatabaseUrl(text)) {
    throw new DatabaseSettingInvalid(
      "DATABASE_URL must look like postgres://user:password@host:5432/name; " +
        "characters such as @ / ? # % in the password are written as %40 %2F %3F %23 %25"
    )
  }
  return parse(text) as URL
}

interface Parts {
  readonly host: string | undefined
  readonly port: number | undefined
  readonly user: string | undefined
  readonly password: string | (() => string) | undefined
  readonly database: string | undefined
}

const partsOf = (
  url: URL,
  environment: Readonly<Record<string, string | undefined>>
): Parts & { readonly parameters: DatabaseParameters } => {
  try {
    const parameters = readParameters(url.search, environment)
    const said = (parameter: string | undefined, part: string): string | undefined =>
      parameter ?? (decodeURIComponent(part) || undefined)
    const port = said(parameters.port, url.port)
    return {
      parameters,
      host: said(parameters.host, url.hostname === placeholder ? "" : url.hostname.replace(/^\[(.+)\]$/, "$1")),
      port: port === undefined ? undefined : Number(port),
      user: said(parameters.user, url.username),
      password: said(parameters.password, url.password),
      database: said(parameters.dbname, url.pathname.slice(1))
    }
  } catch (error) {
    if (error instanceof DatabaseSettingInvalid) throw error
    throw new DatabaseSettingInvalid("DATABASE_URL has a part that cannot be read: a stray %?")
  }
}

/** What pg would take from this process's environment, taken from another: whoever gives one means no other. */
const completed = (
  { host, port, user, password, database }: Parts,
  { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGOPTIONS, PGAPPNAME }: Readonly<Record<string, string | undefined>>
): Parts & Pick<ClientConfig, "options" | "application_name"> => {
  const name = user || PGUSER || userInfo().username
  return {
    host: host || PGHOST || "localhost",
    port: port ?? Number(PGPORT || 5432),
    user: name,
    // pg takes an empty one for none, and looks for another.
    password: password || PGPASSWORD || (() => ""),
    database: database || PGDATABASE || name,
    // A blank, which says nothing, where pg would read on.
    ...(PGOPTIONS || process.env["PGOPTIONS"] ? { options: PGOPTIONS || " " } : {}),
    application_name: PGAPPNAME || "silktower"
  }
}

// pg knows what is meant by an absent host, port or name (PGHOST and its like, then its defaults).
const resolved = (said: Parts): { host: string; port: number; database: string } => {
  const { host, port, database } = new pg.Client({ ...said, ssl: false, sslnegotiation: "postgres" })
  return { host, port, database: database ?? "" }
}

const isLocal = (host: string): boolean =>
  host === "" || host === "localhost" || host === "::1" || host.startsWith("127.")
