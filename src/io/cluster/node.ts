/** A node: this server in a cluster, from joining it to leaving it. Nothing of it is loaded by a server that is alone. */
import { createHmac } from "node:crypto"
import type { IncomingMessage } from "node:http"
import * as Redacted from "effect/Redacted"
import type { Address } from "../../machines/address.ts"
import { createRegistry, type RegistryLogic } from "../../machines/registry.ts"
import type { Lost } from "../../protocol.ts"
import type { Deadlines } from "../actors/deadlines.ts"
import type { System } from "../actors/system.ts"
import type { ClientAddress } from "../admission/address.ts"
import type { DatabaseSsl } from "../database/connecting/databaseEncryption.ts"
import type { Sender } from "../sockets/sender.ts"
import type { UpgradeTaken } from "../sockets/socketServer.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { Log } from "../telemetry/telemetry.ts"
import { type Channels, createChannels } from "./channels.ts"
import { createCluster } from "./cluster.ts"
import { startEngine } from "./engine.ts"
import { clusterLimits } from "./limits.ts"
import type { ClusterLine } from "./lines.ts"
import { createLinksOfNode } from "./linksOfNode.ts"
import { measureCluster, measurePassages } from "./metrics.ts"
import { channelAddress } from "./nodeAddress.ts"
import { pactOf } from "./pact.ts"
import { createPassages } from "./passages.ts"
import { createUnreached } from "./refusals.ts"
import { createStandstill } from "./standstill.ts"
import { clusterTowerPart, type SeenNode, type Whereabouts } from "./towerRows.ts"
import { isWord } from "./words.ts"

export interface NodeOptions {
  /** `host:port` under which the other nodes reach this one; the next port is used as well. */
  readonly address: string
  readonly secret: Redacted.Redacted<string>
  readonly leaseMs: number
  readonly lookMs: number
  readonly database: {
    readonly url?: Redacted.Redacted<string>
    readonly ssl?: DatabaseSsl
    readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  }
  /** What it serves, and where: the same on all nodes. */
  readonly protocols: readonly string[]
  /** Unsent bytes towards one node at which those who send frames there are paused, and at which they go on. */
  readonly highBytes: number
  readonly lowBytes: number
  /** Where to dial instead of where a node is said to be. For tests of broken ways. */
  readonly via?: ((node: string) => string) | undefined
  readonly deadlines: Deadlines
  readonly metrics: Pick<Metrics, "counter" | "gauge">
  readonly log: Log<ClusterLine>
}

/** Joins the cluster. Rejects with a named error as startEngine does, and `begin` as createChannels. */
export const joinCluster = async (options: NodeOptions) => {
  const {
    address: self,
    secret,
    leaseMs,
    lookMs,
    highBytes,
    lowBytes,
    database,
    protocols,
    deadlines,
    via,
    log
  } = options
  let system: System
  let channels: Channels | undefined
  /** When the registry of nodes was read last, on the clock of performance.now(), and who is in it. */
  let lookedAt = performance.now()
  let registered: readonly string[] = []
  /** The nodes to which channels lead. */
  const known = new Set<string>()
  /** The marks of those that were met, as long as they are known. */
  const marks = new Map<string, string>()
  /** Settles when this node has given all away. */
  let left: Promise<void> | undefined
  /** Those that have said that they are going. */
  const leaving = new Set<string>()
  /** Those of whose machines nobody has listened any more, until they are met again. */
  const dead = new Set<string>()

  const unreached = createUnreached(log)
  /** When this node has heard first of those that it has not met, on the clock of performance.now(). */
  const heardOf = new Map<string, number>()
  /** Without a word of it nobody would know why this node does not become ready. */
  const tellUnreached = (node: string) => {
    if (channels?.isOpen(node) === false) unreached(node, channels.troubleWith(node) ?? "no answer")
  }

  const know = () => {
    // Nothing leads anywhere before it begins.
    if (channels === undefined) return
    const others = registered.filter((node) => node !== self)
    channels.know(others)
    for (const node of others) {
      if (known.has(node)) continue
      known.add(node)
      if (!heardOf.has(node)) heardOf.set(node, performance.now())
      cluster.expect(node)
      setTimeout(() => {
        if (registered.includes(node)) tellUnreached(node)
      }, clusterLimits.meetingMs).unref()
    }
    // The registry may be late, as after the database was away: who answers is there.
    for (const node of known) {
      if (others.includes(node) || channels.isAnswering(node) !== false) continue
      known.delete(node)
      dead.delete(node)
      channels.forget(node)
      const mark = marks.get(node)
      marks.delete(node)
      if (mark !== undefined && !leaving.delete(node)) log("warn", "cluster:buried", { node, mark })
    }
  }

  const engine = await startEngine({
    self,
    databaseUrl: database.url as Redacted.Redacted<string>,
    ...(database.ssl === undefined ? {} : { databaseSsl: database.ssl }),
    environment: database.environment,
    secret,
    shards: clusterLimits.shards,
    pact: pactOf(secret, protocols),
    leaseMs,
    lookMs,
    onOwner: (shard, owner) => cluster.onOwner(shard, owner),
    onRelease: (shard, epoch) => cluster.onRelease(shard, epoch),
    onNodes: (nodes) => {
      lookedAt = performance.now()
      registered = nodes
      know()
    },
    via,
    log
  })

  const cluster = createCluster({
    self,
    number: engine.number,
    isOpen: (node) => channels?.isOpen(node) === true,
    send: (node, messages) => channels?.send(node, messages),
    deadlines,
    supervisor: (kind) => system.supervisor(kind),
    deliver: (event) => system.registry.send(event),
    leave: () => {
      // While what is said still arrives.
      if (left === undefined) cluster.sayGoodbye()
      left ??= engine.close().then(cluster.takeLeave)
      return left
    },
    // Of a dead one nobody is with it any more.
    unmet: () =>
      registered.filter(
        (node) => known.has(node) && channels?.isOpen(node) !== true && !leaving.has(node) && !dead.has(node)
      ),
    onLeaving: (node) => void leaving.add(node)
  })
  measureCluster(options.metrics, cluster, () => channels)

  const seen = (): readonly SeenNode[] => {
    const owned = cluster.owned()
    const others = [...new Set([...registered, ...known, ...owned.keys()])].filter((node) => node !== self).toSorted()
    const wayTo = (node: string) => (channels?.isOpen(node) === true ? "open" : "none")
    return [
      { node: self, mark: cluster.mark, way: "this node", shards: owned.get(self) ?? [] },
      ...others.map(
        (node): SeenNode => ({ node, mark: marks.get(node), way: wayTo(node), shards: owned.get(node) ?? [] })
      )
    ]
  }

  const isSure = () => engine.isSure() && cluster.knowsOwners()
  /** What has not been asked for within the lease may be another's; and that nobody answers is not known before it is asked. */
  const doubt = () => {
    if (isSure()) return
    lookedAt = performance.now()
    engine.doubt()
    cluster.doubt()
  }
  const { looksPerLease, missedLooks } = clusterLimits.standstill
  const standstill = createStandstill({
    everyMs: leaseMs / looksPerLease,
    afterMs: (missedLooks * leaseMs) / looksPerLease,
    onStoodStill: doubt
  })
  const { look } = standstill

  // Nobody can become an owner while the registry cannot be read: whoever is one goes on.
  const away = setInterval(() => {
    look()
    if (performance.now() - lookedAt > clusterLimits.missedLooks * lookMs) cluster.onAway()
  }, lookMs)
  away.unref()

  const passages = createPassages({
    send: (node, message) => channels?.send(node, message) === true,
    channelOf: channelAddress
  })
  measurePassages(options.metrics, passages)

  const links = createLinksOfNode({
    cluster,
    channels: {
      send: (node, message) => channels?.send(node, message) === true,
      frame: (...frame) => channels?.frame(...frame) === true
    }
  })

  return {
    /** With this the ids of this node's clients begin. */
    mark: cluster.mark,
    isHere: (address: Address): boolean => {
      look()
      return cluster.router.isHere(address)
    },
    others: (): readonly string[] => cluster.others(),
    heed: (address: Address, sender: Sender): void => {
      const node = cluster.placeOf(address)
      if (node !== undefined) channels?.heed(node, sender)
    },
    saltFor: (purpose: string): Buffer => createHmac("sha256", Redacted.value(secret)).update(purpose).digest(),
    joinLinks: links.join,
    passOn: (mark: string, request: IncomingMessage, client: ClientAddress, lost: Lost): UpgradeTaken | undefined => {
      const node = cluster.nodeOf(mark)
      return node === undefined
        ? undefined
        : { takes: (socket, head) => passages.passOn(node, { request, client, lost }, socket, head) }
    },
    isPassed: passages.isPassed,
    /** Hands on the upgrades that other nodes pass on. */
    receiveUpgrades: passages.receive,
    registry: (): RegistryLogic =>
      createRegistry((event) => {
        look()
        return cluster.router.elsewhere(event)
      }),
    kind: cluster.kind,
    serve: cluster.serve,
    isReady: (): boolean => {
      look()
      return isSure() && cluster.isReady()
    },
    tower: clusterTowerPart(seen),
    /** Where actors live that have this name or id. */
    where: (id: string): readonly Whereabouts[] => cluster.where(id),
    /** It does the timed work of the whole cluster, as the owner of the first shard. */
    hasChores: (): boolean => {
      look()
      return cluster.router.isOpen(0)
    },
    /** Opens the ways to the other nodes, whose actors speak to those of this system. */
    begin: async (own: System): Promise<void> => {
      system = own
      channels = await createChannels({
        self,
        mark: cluster.mark,
        secret,
        shards: clusterLimits.shards,
        protocols,
        silenceMs: leaseMs,
        pingMs: leaseMs / clusterLimits.pingsPerLease,
        highBytes,
        lowBytes,
        isWord,
        onMessage: (from, message) => {
          look()
          if (Array.isArray(message)) cluster.onMessage(from, message)
          else if (!links.onMessage(from, message)) passages.onMessage(from, message)
        },
        onFrame: links.onFrame,
        onPassage: passages.onConnection,
        onMet: (peer) => {
          log("info", "cluster:met", { node: peer.address, mark: peer.mark })
          marks.set(peer.address, peer.mark)
          heardOf.delete(peer.address)
          leaving.delete(peer.address)
          dead.delete(peer.address)
          // It may have been this node that was cut off.
          doubt()
          cluster.onMet(peer)
        },
        onParted: (peer) => {
          const said = { node: peer.address, mark: peer.mark }
          const hasLeft = leaving.has(peer.address)
          if (hasLeft) log("info", "cluster:left", said)
          else log("warn", "cluster:parted", said)
          links.parted(peer.address, () => {
            passages.gone(peer.address)
            cluster.onParted(peer, hasLeft)
          })
        },
        via,
        // Its shards move at the next look, not at the end of its lease.
        onDead: ({ address }) => {
          dead.add(address)
          // Whoever has only just come may not listen yet.
          if (!marks.has(address) && performance.now() - (heardOf.get(address) ?? 0) > clusterLimits.meetingMs) {
            tellUnreached(address)
          }
          engine.strike(address)
        },
        log
      })
      know()
    },
    close: async (): Promise<void> => {
      clearInterval(away)
      standstill.close()
      await passages.end()
      cluster.close()
      links.end()
      await engine.close()
      await channels?.close()
    }
  }
}

export type ClusterNode = Awaited<ReturnType<typeof joinCluster>>
