/** The parts of named peers, put together on what the core offers. */
import { namedPeersPart } from "../../http/named-peers/part.ts"
import type { NamedPeersBudget } from "../../io/named-peers/frames.ts"
import { namedPeersLimits } from "../../io/named-peers/limits.ts"
import { createPeers } from "../../io/named-peers/peers.ts"
import { events } from "../../io/named-peers/telling/events.ts"
import { createTowerRows } from "../../io/named-peers/telling/towerRows.ts"
import type { NamedPeersEvent } from "../../machines/named-peers/events.ts"
import { namedPeersKinds } from "../../machines/named-peers/kinds.ts"
import type { Core, Parts } from "../../protocol.ts"
import type { NamedPeersSettings } from "./settings.ts"

export const open = (core: Core, settings: NamedPeersSettings): Parts => {
  const { mount, version, startedAt, now, deadlines } = core
  const recording = core.recorder.of<NamedPeersEvent>(events, { addressOf: (peerId) => peers.addressOf(peerId) })
  const peers = createPeers({
    mount,
    supervisor: () => core.supervisor("namedPeers"),
    node: core.node,
    registry: core.registry,
    deadlines,
    record: recording.record,
    announcements: core.budget("announcements" satisfies NamedPeersBudget, namedPeersLimits.announcements),
    frames: core.frames,
    admitsUpgrade: core.originsOf(settings.origins).admitsUpgrade,
    now
  })
  const { loginWithinMs, answerWithinMs, cutAfterMs, probeWithinMs } = namedPeersLimits

  return {
    kinds: namedPeersKinds({
      ...peers.machines,
      settings: {
        peer: { loginWithinMs, answerWithinMs, cutAfterMs, outlived: core.node.mark !== "" },
        space: { most: settings.namesOfSpace, probeWithinMs }
      }
    }),
    endpoints: peers.endpoints,
    sockets: peers.sockets,
    http: namedPeersPart({ mount, version, startedAt, now, count: peers.count }),
    tower: createTowerRows(peers.count, peers.nameOf),
    heartbeat: () => ({ namedPeers: peers.count() })
  }
}
