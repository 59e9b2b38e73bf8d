/** Words of a command line, taken apart by Effect's CLI module. Loaded only where there are any. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Argument from "effect/cli/Argument"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as CliFlag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { version } from "../version.ts"
import { type Flags, type Program, switchFlag } from "./commandLine.ts"
import { shown } from "./shown.ts"

export interface Words {
  /** What was given to each flag, in order. One without a value has an empty text when it was given. */
  readonly texts: Readonly<Record<string, readonly string[]>>
  readonly faults: readonly string[]
  /** What --help or --version is answered with. */
  readonly answer: string | undefined
}

/** In the place of Effect's own, which come in a section of their own and are not among those it may mean. */
const flagsOfAll: Flags = {
  help: switchFlag("Tells this, and does nothing else"),
  version: switchFlag("Tells the version, and does nothing else")
}
const letters: Readonly<Record<string, string>> = { help: "h", version: "v" }

/** The field of whatever stands between flags, which is a fault in every program of ours. */
const strays = "<strays>"

export const readWords = async (program: Program<Flags>, words: readonly string[]): Promise<Words> => {
  const flags = { ...program.flags, ...flagsOfAll }
  const faults: string[] = []
  let rest = words
  for (;;) {
    const { texts, errors } = await parse(flags, rest)
    if (texts?.["help"]?.length) return { texts, faults, answer: await helpOf(program, flags) }
    if (texts?.["version"]?.length) return { texts, faults, answer: `silktower ${version}` }
    faults.push(...errors.map((error) => describe(error, flags)))
    if (texts !== undefined) {
      const stray = (texts[strays] ?? []).map(
        (word) =>
          `${nameOf(word)}: expected nothing but ${[...Object.keys(program.commands ?? {}), allOf(flags)].join(", ")}`
      )
      return { texts, faults: [...faults, ...stray], answer: undefined }
    }
    // It stops before it reads any values; without the words it has named it goes on, so that all faults are known.
    const isNamed = (word: string | undefined) => word !== undefined && errors.some((error) => speaksOf(error, word))
    // What follows an unknown flag was meant for it, and may be a secret.
    const understood = rest.filter(
      (word, at) => !isNamed(word) && (word.startsWith("-") || !isNamed(rest[at - 1]) || rest[at - 1]?.includes("="))
    )
    if (understood.length === rest.length) return { texts: {}, faults, answer: undefined }
    rest = understood
  }
}

const parse = async (flags: Flags, words: readonly string[]) => {
  let texts: Record<string, readonly string[]> | undefined
  const command = Command.make(
    "",
    { ...paramsOf(flags), [strays]: Argument.String("word").pipe(Argument.variadic()) },
    (read) =>
      Effect.sync(() => {
        texts = read as Record<string, readonly string[]>
      })
  )
  const outcome = await run(command, words, () => {})
  const failure = Result.isFailure(outcome) ? outcome.failure : undefined
  const errors = failure?._tag === "ShowHelp" ? failure.errors : failure === undefined ? [] : [failure]
  return { texts, errors }
}

const paramsOf = (flags: Flags): Record<string, CliFlag.Flag<readonly string[]>> =>
  Object.fromEntries(
    Object.entries(flags).map(([name, { description, placeholder }]) => {
      const letter = letters[name]
      const named = <A>(flag: CliFlag.Flag<A>): CliFlag.Flag<A> => {
        const described = flag.pipe(CliFlag.withDescription(description))
        return letter === undefined ? described : described.pipe(CliFlag.withAlias(letter))
      }
      return [
        name,
        placeholder === undefined
          ? named(CliFlag.Boolean(name)).pipe(
              CliFlag.withoutNegation,
              CliFlag.atLeast(0),
              CliFlag.map((given) => (given.includes(true) ? [""] : []))
            )
          : named(CliFlag.String(name)).pipe(CliFlag.withMetavar(placeholder), CliFlag.atLeast(0))
      ]
    })
  )

const helpOf = async ({ command: name, purpose, commands = {} }: Program<Flags>, flags: Flags): Promise<string> => {
  let text = ""
  const command = Command.make(name, paramsOf(flags), () =>
    Effect.fail(new CliError.ShowHelp({ commandPath: [name], errors: [] }))
  ).pipe(Command.withDescription(purpose))
  await run(command, [], (help) => {
    text = help
  })
  const listed = Object.entries(commands)
  if (listed.length === 0) return text
  const width = Math.max(...listed.map(([word]) => word.length))
  const lines = listed.map(([word, does]) => `  ${word.padEnd(width)}  ${does}`)
  return `${text.trimEnd()}\n\nCOMMANDS\n${lines.join("\n")}`
}

const run = <Name extends string, Input, E>(
  command: Command.Command<Name, Input, object, E, never>,
  words: readonly string[],
  present: (help: string) => void
) =>
  Command.runWith(command, { version, renderErrors: false })(words).pipe(
    Effect.provideService(CliConfig.CliConfig, CliConfig.make({ builtIns: [] })),
    Effect.provideService(CliOutput.Presenter, {
      present: (event) =>
        Effect.sync(() => {
          if (event._tag === "Help") present(CliOutput.defaultFormatter().formatHelpDoc(event.helpDoc))
        })
    }),
    Effect.provide(NodeServices.layer),
    Effect.result,
    Effect.runPromise
  )

const describe = (error: CliError.CliError, flags: Flags): string => {
  if (error._tag === "UnrecognizedOption") {
    // Any single letter is near to any other.
    const nearest = error.suggestions.filter((name) => name.startsWith("--"))
    const advice = nearest.length > 0 ? `did you mean ${nearest.join(" or ")}?` : `expected ${allOf(flags)}`
    return `${shown(error.option)}: there is no such flag, ${advice}`
  }
  if (error._tag === "InvalidValue") {
    const flag = flags[error.option]
    if (flag?.placeholder === undefined) return `--${error.option}=${shown(error.value)}: expected it without a value`
    const [fault] = flag.read([error.value]).faults
    const because = fault?.because ?? `expected --${error.option}=${flag.placeholder}`
    return `--${error.option}=${shown(error.value)}: ${because}`
  }
  return shown(error.message)
}

/** Somebody may mean a variable, and its value may be a secret. */
const nameOf = (word: string): string => shown(word.replace(/^(\w+)=.*$/s, "$1=<redacted>"))

/** All of them, as they are given. */
const allOf = (flags: Flags): string =>
  Object.entries(flags)
    .map(([name, { placeholder }]) => `--${name}${placeholder === undefined ? "" : `=${placeholder}`}`)
    .join(", ")

const speaksOf = (error: CliError.CliError, word: string): boolean => {
  const option =
    error._tag === "UnrecognizedOption" ? error.option : error._tag === "InvalidValue" ? `--${error.option}` : undefined
  if (option === undefined) return false
  const isLetter = !option.startsWith("--")
  return isLetter
    ? /^-[^-]/.test(word) && word.includes(option.slice(1))
    : word === option || word.startsWith(`${option}=`)
}
