/** The SFU: calls for many, whose media go through this server. See docs/protocols/sfu.md. */
import { checkWorker } from "../../io/sfu/engine/checkWorker.ts"
import { sfuTables } from "../../io/sfu/tables.ts"
import { sfuHomes } from "../../machines/sfu/homes.ts"
import { defineProtocol } from "../../protocol.ts"
import { sfuSettings } from "./settings.ts"

export const sfu = defineProtocol({
  name: "sfu",
  // It takes ports and processes of its own: whoever wants it says so.
  mount: null,
  settings: sfuSettings,
  tables: sfuTables,
  homes: sfuHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings),
  check: async ({ media }) => [await checkWorker(media.workerBin)]
})
