/**
 * Loaded before a server whose media engine is to cost nothing: another module takes the place of mediasoup's adapter,
 * and answers at once. All else of the server is as it is.
 */
import { registerHooks } from "node:module"

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith("/engine/mediasoup.ts")
      ? { url: new URL("stubEngine.js", import.meta.url).href, shortCircuit: true }
      : next(specifier, context)
})
