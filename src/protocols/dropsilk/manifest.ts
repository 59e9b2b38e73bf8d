/** DropSilk: flights and durable rooms for browser-to-browser file transfer. See docs/protocol.md. */
import type { Configurable } from "../../config/protocolSettings.ts"
import type { Keeping } from "../../io/database/tables.ts"
import { dropSilkTables } from "../../io/dropsilk/tables.ts"
import { dropSilkSettings } from "./settings.ts"

export const dropSilk = {
  name: "dropsilk",
  mount: "/",
  settings: dropSilkSettings,
  tables: dropSilkTables
} satisfies Configurable & Keeping
