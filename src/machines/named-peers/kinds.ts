/**
 * The kinds of actors of named peers, in the order in which their supervisors start:
 *
 * - namedPeers  temporary: a crashed one closes its socket with 1011, and its name is free
 * - nameSpaces  temporary: a crashed one sends its peers away with 1011, and they come again
 */
import type { Kind } from "../kinds.ts"
import { namedPeerCrash, type namedPeerMachine } from "./namedPeer/namedPeer.ts"
import type { PeerSettings } from "./namedPeer/namedPeerContext.ts"
import { nameSpaceCrash, type nameSpaceMachine } from "./nameSpace/nameSpace.ts"
import type { SpaceSettings } from "./nameSpace/nameSpaceContext.ts"

/** The charts, with their actions provided, and what their actors need to know. */
export interface NamedPeersParts {
  readonly peer: typeof namedPeerMachine
  readonly space: typeof nameSpaceMachine
  readonly settings: { readonly peer: PeerSettings; readonly space: SpaceSettings }
}

export const namedPeersKinds = ({ peer, space, settings }: NamedPeersParts): readonly Kind[] => [
  {
    kind: "namedPeers",
    chart: peer,
    settings: settings.peer,
    restart: "temporary",
    crash: namedPeerCrash,
    drain: { place: "clients", event: { type: "server.draining" } }
  },
  {
    kind: "nameSpaces",
    chart: space,
    settings: settings.space,
    restart: "temporary",
    crash: nameSpaceCrash,
    // Its peers have been told, and nobody need hear who of them is gone first.
    drain: { place: "keepers", event: { type: "server.draining" } }
  }
]
