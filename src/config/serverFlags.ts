/** The command line of the server itself. */
import { listFlag, port, type ValueFlag, valueFlag } from "./commandLine.ts"

/** Goes over a variable of the environment and of .env, and is read and judged as that. */
const inPlaceOf = (variable: string, description: string): ValueFlag<string> => ({
  description,
  placeholder: variable,
  expected: `--${variable.toLowerCase()}=${variable}`,
  read: (text) => text
})

export const serverProgram = {
  command: "npm start --",
  purpose: "Starts the server. Whatever else can be set is in the environment or in a file .env: see .env.example.",
  flags: {
    port: valueFlag(inPlaceOf("PORT", "TCP port, 0 for any free one. Default: PORT of the environment, 8080")),
    host: valueFlag(inPlaceOf("HOST", "Address to listen on. Default: HOST of the environment, 0.0.0.0")),
    "allow-local-port": listFlag({
      ...port,
      placeholder: "PORT",
      description: "Lets pages in that this machine serves at PORT, such as http://localhost:PORT. May be repeated"
    })
  }
}
