/** Named peers: clients log in under a name and send each other messages by name. See docs/protocols/named-peers.md. */
import { namedPeersHomes } from "../../machines/named-peers/homes.ts"
import { defineProtocol } from "../../protocol.ts"
import { namedPeersSettings } from "./settings.ts"

export const namedPeers = defineProtocol({
  name: "named-peers",
  mount: "/named-peers",
  settings: namedPeersSettings,
  homes: namedPeersHomes,
  // Loaded by those who serve it.
  open: async (core, settings) => (await import("./open.ts")).open(core, settings)
})
