/** Kinds of variables: each says what it expects, how it is read, and what it is where nobody has set it. */

import { isIP } from "node:net"
import * as Setting from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { validate as isCronExpression } from "node-cron"
import { isOriginOfPage } from "../io/admission/origin.ts"

export interface Variable<A> {
  /** Completes the sentence "expected …". */
  readonly expected: string
  readonly secret?: true
  /** What it is where nobody has set it, as somebody would write it; absent: the value says so. */
  readonly writtenDefault?: string
  readonly setting: (name: string) => Setting.Config<A>
}

/** `read` gives undefined for a text that is not what is expected. */
export const text = <A>(expected: string, read: (text: string) => A | undefined): Variable<A> => ({
  expected,
  setting: (name) =>
    Setting.String(name).pipe(
      Setting.mapEffect((raw) => {
        const value = read(raw)
        return value === undefined
          ? Effect.fail(new Setting.ConfigError(new ConfigProvider.SourceError({ message: expected })))
          : Effect.succeed(value)
      })
    )
})

export const unset = <A>(variable: Variable<A>, value: NoInfer<A>, writtenDefault?: string): Variable<A> => ({
  ...variable,
  ...(writtenDefault === undefined ? {} : { writtenDefault }),
  setting: (name) => variable.setting(name).pipe(Setting.withDefault(value))
})

export const optional = <A>(variable: Variable<A>): Variable<A | undefined> => unset<A | undefined>(variable, undefined)

export const secretly = <A>(
  expected: string,
  read: (text: string) => A | undefined
): Variable<Redacted.Redacted<A> | undefined> => {
  const redacted = (raw: string) => {
    const value = read(raw)
    return value === undefined ? undefined : Redacted.make(value)
  }
  return { ...optional(text(expected, redacted)), secret: true }
}

export const secret = (expected: string, accepts: (text: string) => boolean = () => true) =>
  secretly(expected, (raw) => (accepts(raw) ? raw : undefined))

export const wholeNumber = (unit: string, byDefault: number, minimum: number, maximum: number): Variable<number> =>
  unset(
    {
      expected: `${unit}, a whole number from ${minimum} to ${maximum}`,
      setting: (name) => Setting.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })), name)
    },
    byDefault
  )

export const seconds = (byDefault: number, maximum: number): Variable<number> =>
  unset(
    {
      expected: `seconds, a number from 0 to ${maximum} (0: off)`,
      setting: (name) => Setting.schema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum })), name)
    },
    byDefault
  )

export const word = <const W extends string>(words: readonly W[]): Variable<W> =>
  text(`one of ${words.join(", ")}`, (raw) => words.find((each) => each === raw.toLowerCase()))

export const list = <A>(expected: string, read: (entry: string) => A | undefined): Variable<readonly A[]> =>
  text(`${expected}, separated by commas`, (raw) => {
    const entries = raw
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map(read)
    return entries.length > 0 && entries.every((entry) => entry !== undefined) ? entries : undefined
  })

/** Wrong codes of one address a minute, for every protocol that has something to guess at: they set one variable. */
export const failedJoins: Variable<number> = wholeNumber("joins (0: no limit)", 10, 0, 1_000_000)

/** An IP address or a name; undefined for anything else. */
export const hostName = (raw: string): string | undefined =>
  isIP(raw) !== 0 || (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(raw) && !/^[\d.]+$/.test(raw)) ? raw : undefined

/** Whose pages may use one protocol: see `Core.originsOf`. */
export const ownOrigins: Variable<readonly string[] | undefined> = optional(
  list("origins such as https://app.example.com, host names, or * for any", (raw) =>
    raw === "*" || isOriginOfPage(raw) ? raw : hostName(raw)
  )
)

export const cronExpression = optional(
  text("a cron expression such as */5 * * * *", (raw) => (isCronExpression(raw) ? raw : undefined))
)

/** The longest delay of setTimeout; it takes a longer one for 1 ms. */
export const longestTimerMs = 2 ** 31 - 1
export const longestTimerMinutes = Math.floor(longestTimerMs / 60_000)
export const minutesOfAYear = 366 * 24 * 60
export const hoursOfTenYears = 10 * 366 * 24

export type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Leaves out the fields that are undefined. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>

/** Variables by their names in the environment. */
export type VariableTable = Readonly<Record<string, Variable<unknown>>>

export type ValuesOf<Table extends VariableTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Variable<infer A> ? A : never
}

/** When a timed job runs: by its cron expression if it has one, else at an interval. */
export interface CleanupSchedule {
  readonly everyMinutes: number
  readonly cron?: string
}
