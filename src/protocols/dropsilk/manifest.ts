/** DropSilk: flights and durable rooms for browser-to-browser file transfer. See docs/protocols/dropsilk.md. */
import { dropSilkTables } from "../../io/dropsilk/tables.ts"
import { dropSilkHomes } from "../../machines/dropsilk/homes.ts"
import { defineProtocol } from "../../protocol.ts"
import { dropSilkSettings } from "./settings.ts"

export const dropSilk = defineProtocol({
  name: "dropsilk",
  mount: "/",
  settings: dropSilkSettings,
  tables: dropSilkTables,
  homes: dropSilkHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings),
  check: async ({ previews }) => (await import("../../io/dropsilk/previews/previews.ts")).checkPreviews(previews)
})
