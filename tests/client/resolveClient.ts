/** For a process in which the package's own name leads to its sources, as it does to what is published elsewhere. */
import { registerHooks } from "node:module"

const client = new URL("../../src/client/index.ts", import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "silktower/client" ? { url: client, shortCircuit: true } : next(specifier, context)
})
