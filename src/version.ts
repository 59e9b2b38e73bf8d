import { readFileSync } from "node:fs"
import { places } from "./places.ts"

/** The version in package.json: what the server says of itself wherever it does. */
export const version: string = JSON.parse(readFileSync(places.manifest, "utf8")).version
