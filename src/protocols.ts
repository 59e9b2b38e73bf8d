/** The protocols that the server speaks: the one place that names them all. */
import type { Protocol } from "./protocol.ts"
import { dropSilk } from "./protocols/dropsilk/manifest.ts"

export const protocols: readonly Protocol[] = [dropSilk]
