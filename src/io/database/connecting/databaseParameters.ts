/**
 * What a PostgreSQL URL may say behind its `?`, and libpq's variables of the environment, which say the same for every
 * program (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS, libpq-envars.html). The URL
 * goes over the environment. What is not known here, or cannot be done, is refused by name: a wish that is dropped without
 * a word is worse than a server that does not start.
 */
import { shown } from "../../../config/shown.ts"
import { DatabaseSettingInvalid } from "../databaseErrors.ts"

interface Parameter {
  /** Its variable of the environment. */
  readonly variable?: string
  /** Completes the sentence "must be …"; the values that can be honoured. */
  readonly expected?: string
  readonly accepts?: (value: string) => boolean
}

const oneOf = (...values: string[]): Pick<Parameter, "expected" | "accepts"> => ({
  expected: values.join(", "),
  accepts: (value) => values.includes(value)
})
const seconds: Pick<Parameter, "expected" | "accepts"> = {
  expected: "a whole number of seconds",
  accepts: (value) => /^\d{1,6}$/.test(value)
}
const protocolVersions = oneOf("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

const parameters = {
  // pg reads these variables by itself.
  host: {},
  port: { expected: "a port", accepts: (value: string) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535 },
  user: {},
  password: {},
  dbname: {},
  application_name: {},
  fallback_application_name: {},
  options: {},

  connect_timeout: { variable: "PGCONNECT_TIMEOUT", ...seconds },
  keepalives: oneOf("0", "1"),
  keepalives_idle: seconds,

  ssl: oneOf("true", "1", "on", "require", "no-verify", "false", "0", "off", "disable"),
  sslmode: {
    variable: "PGSSLMODE",
    ...oneOf("disable", "allow", "prefer", "require", "no-verify", "verify-ca", "verify-full")
  },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION", ...protocolVersions },
  ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION", ...protocolVersions },
  sslnegotiation: { variable: "PGSSLNEGOTIATION", ...oneOf("postgres", "direct") },
  channel_binding: { variable: "PGCHANNELBINDING", ...oneOf("disable", "prefer", "require") },

  // Nothing follows from these: what they ask for is so anyway.
  target_session_attrs: { variable: "PGTARGETSESSIONATTRS", ...oneOf("any", "read-write", "primary") },
  client_encoding: { variable: "PGCLIENTENCODING", ...oneOf("UTF8", "utf8", "UTF-8", "utf-8", "auto") },
  gssencmode: { variable: "PGGSSENCMODE", ...oneOf("disable", "prefer") },
  uselibpqcompat: oneOf("true")
} satisfies Readonly<Record<string, Parameter>>

export type DatabaseParameters = { readonly [Name in keyof typeof parameters]?: string }

/** Variables of libpq that ask for what cannot be done here. */
const refusedVariables = [
  ...["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGREQUIREAUTH", "PGREQUIREPEER", "PGREQUIRESSL", "PGSSLCRL"],
  ...["PGSSLCRLDIR", "PGSSLCERTMODE", "PGSSLSNI", "PGKRBSRVNAME", "PGGSSLIB", "PGGSSDELEGATION", "PGLOADBALANCEHOSTS"]
]

/**
 * What the URL's query says, completed by the environment. Throws DatabaseSettingInvalid, which shows no password.
 */
export const readParameters = (
  query: string,
  environment: Readonly<Record<string, string | undefined>>
): DatabaseParameters => {
  for (const name of refusedVariables) {
    if (environment[name])
      throw new DatabaseSettingInvalid(`${name} is set, and cannot be honoured: unset it for this server`)
  }
  const found = new Map<string, string>()
  for (const pair of query
    .replace(/^\?/, "")
    .split("&")
    .filter((text) => text !== "")) {
    const [name = "", value = ""] = /^([^=]*)=?([^]*)$/.exec(pair)?.slice(1).map(decodeURIComponent) ?? []
    if (!Object.hasOwn(parameters, name)) {
      throw new DatabaseSettingInvalid(
        `DATABASE_URL says ${shown(name)}, which this server does not know. It knows ${Object.keys(parameters).join(", ")}`
      )
    }
    if (found.has(name)) throw new DatabaseSettingInvalid(`DATABASE_URL says ${name} twice`)
    if (value !== "") found.set(name, checked(name, value, `DATABASE_URL says ${name}`))
  }
  for (const [name, { variable }] of Object.entries<Parameter>(parameters)) {
    const value = variable && environment[variable]
    if (value && !found.has(name)) found.set(name, checked(name, value, `${variable} says ${name}`))
  }
  return Object.fromEntries(found)
}

const checked = (name: string, value: string, said: string): string => {
  const { accepts, expected }: Parameter = parameters[name as keyof typeof parameters]
  if (accepts?.(value) === false) {
    throw new DatabaseSettingInvalid(`${said}=${shown(value)}, which cannot be honoured: it must be ${expected}`)
  }
  return value
}
