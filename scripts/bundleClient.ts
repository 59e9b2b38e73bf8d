/** The client as a page loads it: one file of ECMAScript, for browsers of the last three years. */
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const entry = fileURLToPath(new URL("../src/client/index.ts", import.meta.url))

export const bundleClient = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    minify: true,
    platform: "browser",
    target: ["chrome116", "firefox124", "safari17.4"],
    write: false
  })
  return outputFiles[0]?.text ?? ""
}
