/** The command line of the server itself. */
import { commands } from "../places.ts"
import { listFlag, port, type ValueFlag, type Values, valueFlag } from "./commandLine.ts"
import type { Said } from "./config.ts"

/** Goes over a variable of the environment and of .env, and is read and judged as that. */
const inPlaceOf = (variable: string, description: string): ValueFlag<string> => ({
  description,
  placeholder: variable,
  expected: `--${variable.toLowerCase().replaceAll("_", "-")}=${variable}`,
  read: (text) => text
})

/** Which variable a flag goes over. */
const variables = { port: "PORT", host: "HOST", "data-dir": "DATA_DIR" } as const

export const serverProgram = {
  command: commands.start,
  purpose:
    "Starts the server, or does what a command says. Whatever else can be set is in the environment or in a file .env: see .env.example.",
  commands: {
    start: "starts the server, as it is done without a word",
    check: "tries what the server would need, says what is wrong and what to change, and starts nothing",
    migrate: "brings the tables of the database up to date; loses nothing"
  },
  flags: {
    port: valueFlag(inPlaceOf("PORT", "TCP port, 0 for any free one. Default: PORT of the environment, 8080")),
    host: valueFlag(inPlaceOf("HOST", "Address to listen on. Default: HOST of the environment, 0.0.0.0")),
    "data-dir": valueFlag(
      inPlaceOf("DATA_DIR", "Folder of the embedded database. Default: DATA_DIR of the environment, .data")
    ),
    "env-file": valueFlag({
      placeholder: "FILE",
      description: "File of NAME=value lines that is read in the place of .env",
      expected: "--env-file=FILE",
      read: (text) => (text === "" ? undefined : text)
    }),
    "allow-local-port": listFlag({
      ...port,
      placeholder: "PORT",
      description: "Lets pages in that this machine serves at PORT, such as http://localhost:PORT. May be repeated"
    })
  }
}

/** What flags say of variables. */
export const saidByFlags = (flags: Values<typeof serverProgram.flags>): Readonly<Record<string, Said>> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([flag, variable]) => {
      const text = flags[flag as keyof typeof variables]
      return text === undefined ? [] : [[variable, { as: `--${flag}`, text }]]
    })
  )
