/** The protocols that the server speaks: the one place that names them all. */
import { dropSilk } from "./protocols/dropsilk/manifest.ts"

export const protocols = [dropSilk]
