/** NoisyTransfer: rendezvous codes, an A/B relay and a mailbox for each side. See docs/protocols/noisytransfer.md. */
import { noisyTransferTables } from "../../io/noisytransfer/tables.ts"
import { noisyTransferHomes } from "../../machines/noisytransfer/homes.ts"
import { defineProtocol } from "../../protocol.ts"
import { noisyTransferSettings } from "./settings.ts"

export const noisyTransfer = defineProtocol({
  name: "noisytransfer",
  mount: "/noisytransfer",
  settings: noisyTransferSettings,
  tables: noisyTransferTables,
  homes: noisyTransferHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings)
})
