/** Rondevu, part 1: topic offers of registered peers. See docs/protocols/rondevu.md. */
import { offerTables } from "../../../io/rondevu/offers/tables.ts"
import { offerHomes } from "../../../machines/rondevu/homes.ts"
import { defineProtocol } from "../../../protocol.ts"
import { offerSettings } from "./settings.ts"

export const rondevu = defineProtocol({
  name: "rondevu",
  mount: "/rondevu",
  settings: offerSettings,
  tables: offerTables,
  homes: offerHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings)
})
