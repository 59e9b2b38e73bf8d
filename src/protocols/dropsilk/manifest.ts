/** DropSilk: flights and durable rooms for browser-to-browser file transfer. See docs/protocol.md. */
import type { Configurable } from "../../config/protocolSettings.ts"
import { dropSilkSettings } from "./settings.ts"

export const dropSilk = {
  name: "dropsilk",
  mount: "/",
  settings: dropSilkSettings
} satisfies Configurable
