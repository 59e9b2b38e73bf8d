/**
 * The command lines of all our programs: what flags there are, and what is said to whoever gives others. Every program
 * has --help and --version besides its own flags; none does anything else when one of its words is not understood.
 */
import { outliveStandardStreams } from "../io/telemetry/standardStreams.ts"
import { nearest } from "./misspelt.ts"
import { shown } from "./shown.ts"

/** A flag that is read as an A. */
export interface Flag<A> {
  readonly description: string
  /** Stands for its value in the help: `--port=PORT`. Absent: it has no value, it is given or not. */
  readonly placeholder?: string
  /** Reads everything that was given as its value, in order; nothing where it was not given. */
  readonly read: (texts: readonly string[]) => Reading<A>
}

export interface Reading<A> {
  readonly value: A
  /** Complete the sentence "--flag=text: …". */
  readonly faults: readonly { readonly text: string; readonly because: string }[]
}

export type Flags = Readonly<Record<string, Flag<unknown>>>

export type Values<F extends Flags> = { readonly [N in keyof F]: F[N] extends Flag<infer A> ? A : never }

export interface Program<F extends Flags> {
  /** As it is typed, up to the flags: `npm start --`. */
  readonly command: string
  /** What it does, in a sentence or some. */
  readonly purpose: string
  readonly flags: F
  /** What it does when the first word is one of these, by that word, in half a sentence. Flags come behind it. */
  readonly commands?: Readonly<Record<string, string>>
}

export interface CommandLine<F extends Flags> {
  /** What to print, instead of doing anything: --help or --version was given. */
  readonly answer?: string
  /** The first word, where it is a command. */
  readonly command?: string
  readonly faults: readonly string[]
  /** Of a flag that was not given, or not well, the value it has then. */
  readonly values: Values<F>
}

// --- Kinds of flags

export interface ValueFlag<A> {
  readonly description: string
  readonly placeholder: string
  /** Completes the sentence "expected …". */
  readonly expected: string
  /** Gives undefined for a text that is not what is expected. */
  readonly read: (text: string) => A | undefined
}

/** A flag without a value. */
export const switchFlag = (description: string): Flag<boolean> => ({
  description,
  read: (texts) => ({ value: texts.length > 0, faults: [] })
})

/** A flag that may be given once. */
export const valueFlag = <A>(flag: ValueFlag<A>): Flag<A | undefined> => {
  const every = listFlag(flag)
  return {
    ...every,
    read: (texts) => {
      const { value, faults } = every.read(texts)
      const [, second] = texts
      // To take one of them would be a guess.
      const twice = second === undefined ? [] : [{ text: second, because: "expected it only once" }]
      return { value: value[0], faults: [...faults, ...twice] }
    }
  }
}

/** A flag that may be given once, and has a value without that as well. */
export const valueFlagOr = <A>(byDefault: A, flag: ValueFlag<A>): Flag<A> => {
  const given = valueFlag(flag)
  return {
    ...given,
    read: (texts) => {
      const { value = byDefault, faults } = given.read(texts)
      return { value, faults }
    }
  }
}

/** A flag that may be given any number of times. */
export const listFlag = <A>({ description, placeholder, expected, read }: ValueFlag<A>): Flag<readonly A[]> => ({
  description,
  placeholder,
  read: (texts) => {
    const readings = texts.map((text) => ({ text, value: read(text) }))
    return {
      value: readings.flatMap(({ value }) => (value === undefined ? [] : [value])),
      faults: readings
        .filter(({ value }) => value === undefined)
        .map(({ text }) => ({ text, because: `expected ${expected}` }))
    }
  }
})

/** Reads one of some words. */
export const oneOf = <const W extends string>(words: readonly W[]) => ({
  expected: `one of ${words.join(", ")}`,
  read: (text: string): W | undefined => words.find((word) => word === text)
})

/** Reads a whole number. */
export const wholeNumber = (unit: string, minimum: number, maximum: number) => ({
  expected: `${unit} from ${minimum} to ${maximum}`,
  read: (text: string): number | undefined =>
    /^\d{1,15}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum ? Number(text) : undefined
})

/** Reads a TCP port that somebody listens on. */
export const port = wholeNumber("a port", 1, 65_535)

// --- Reading

/** Reads the words behind the program's name. */
export const readCommandLine = async <F extends Flags>(
  program: Program<F>,
  words: readonly string[]
): Promise<CommandLine<F>> => {
  const { command, rest, faults: first } = commandOf(program, words)
  if (rest.length === 0)
    return { ...withoutWords(program), ...(command === undefined ? {} : { command }), faults: first }
  // What understands them takes 40 ms to load, and 7 MB.
  const { texts, faults, answer } = await (await import("./commandLineWords.ts")).readWords(program, rest)
  const read = valuesOf(program, texts)
  return {
    ...read,
    ...(command === undefined ? {} : { command }),
    ...(answer === undefined ? {} : { answer }),
    faults: [...first, ...faults, ...read.faults]
  }
}

const commandOf = ({ commands = {} }: Program<Flags>, words: readonly string[]) => {
  const [word = "", ...others] = words
  const known = Object.keys(commands)
  if (known.includes(word)) return { command: word, rest: others, faults: [] }
  const meant = /^[a-z-]+$/.test(word) && !word.startsWith("-") ? nearest(word, known) : undefined
  if (meant === undefined) return { rest: words, faults: [] }
  return { rest: others, faults: [`${shown(word)}: there is no such command, did you mean ${meant}?`] }
}

/** What a command line without words says. */
export const withoutWords = <F extends Flags>(program: Program<F>): CommandLine<F> => valuesOf(program, {})

const valuesOf = <F extends Flags>(
  { flags }: Program<F>,
  texts: Readonly<Record<string, readonly string[]>>
): CommandLine<F> => {
  const readings = Object.entries(flags).map(([name, flag]) => [name, flag.read(texts[name] ?? [])] as const)
  return {
    faults: readings.flatMap(([name, { faults }]) =>
      faults.map(({ text, because }) => `--${name}=${shown(text)}: ${because}`)
    ),
    values: Object.fromEntries(readings.map(([name, { value }]) => [name, value])) as Values<F>
  }
}

/** The values of this process's flags. Prints what was asked for or what is wrong, and ends the process, if there is. */
export const commandLineOf = async <F extends Flags>(program: Program<F>): Promise<Values<F>> => {
  outliveStandardStreams()
  const { answer, faults, values } = await readCommandLine(program, process.argv.slice(2))
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`)
    process.exit(0)
  }
  if (faults.length > 0) {
    process.stderr.write(`${faults.join("\n")}\nNothing was done. What can be given: ${program.command} --help\n`)
    process.exit(1)
  }
  return values
}
