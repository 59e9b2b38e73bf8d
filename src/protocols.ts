/** The protocols that the server speaks: the one place that names them all. */
import type { Protocol } from "./protocol.ts"
import { dropSilk } from "./protocols/dropsilk/manifest.ts"
import { namedPeers } from "./protocols/named-peers/manifest.ts"
import { noisyTransfer } from "./protocols/noisytransfer/manifest.ts"
import { rondevu } from "./protocols/rondevu/offers/manifest.ts"
import { rondevuSessions } from "./protocols/rondevu/sessions/manifest.ts"
import { sfu } from "./protocols/sfu/manifest.ts"

export const protocols: readonly Protocol[] = [dropSilk, noisyTransfer, namedPeers, rondevu, rondevuSessions, sfu]
