/** Rondevu, part 2: the older sessions, apart for each origin of pages. See docs/protocols/rondevu.md. */
import { sessionTables } from "../../../io/rondevu/sessions/tables.ts"
import { sessionHomes } from "../../../machines/rondevu/homes.ts"
import { defineProtocol } from "../../../protocol.ts"
import { sessionSettings } from "./settings.ts"

export const rondevuSessions = defineProtocol({
  name: "rondevu-sessions",
  mount: "/rondevu-sessions",
  settings: sessionSettings,
  tables: sessionTables,
  homes: sessionHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings)
})
