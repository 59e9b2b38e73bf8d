/** The engine on Effect Cluster: its layers, and their life. */
import * as MessageStorage from "effect/cluster/MessageStorage"
import { make as runnerAddressOf } from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import { RunnerStorage } from "effect/cluster/RunnerStorage"
import { Sharding } from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SocketRunner from "effect/cluster/SocketRunner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Stream from "effect/Stream"
import { SocketServerError } from "effect/socket/SocketServer"
import { limits } from "../../../limits.ts"
import { readDatabaseUrl } from "../../database/connecting/databaseUrl.ts"
import { codeOf, DatabaseFault, reasonOf } from "../../database/databaseErrors.ts"
import { describeError } from "../../telemetry/describeError.ts"
import type { Engine, EngineOptions, Owner } from "../engine.ts"
import { readNodeAddress, writeNodeAddress } from "../nodeAddress.ts"
import { createRefusals } from "../refusals.ts"
import { prepareDatabase } from "./engineDatabase.ts"
import { ClusterAddressTaken, ClusterAddressUnusable, ClusterDiffers } from "./engineErrors.ts"
import { createEngineGreetings } from "./engineGreeting.ts"
import { engineLog, rootOf } from "./engineLog.ts"
import { dialing, listening } from "./engineSockets.ts"
import type { Stranger } from "./registration.ts"
import { runnerRegistry } from "./runnerRegistry.ts"
import { entityIdsOf, shardEntity, shardHandlers } from "./shardEntity.ts"
import { createShardLocks } from "./shardLocks.ts"
import { sqlOnPg } from "./sqlOnPg.ts"

/**
 * What the library keeps, locks by and says to other nodes. Raised with an update of it that does one of these in another
 * way, so that servers of before and after do not take each other for one cluster.
 */
const layout = 1

export const startEffectEngine = async (options: EngineOptions): Promise<Engine> => {
  const { shards, pact, leaseMs, lookMs, log } = options
  const here = readNodeAddress(options.self)
  if (here === undefined) throw new ClusterAddressUnusable(options.self, undefined)
  const self = writeNodeAddress(here)
  const { databaseUrl, databaseSsl, environment } = options
  const address = readDatabaseUrl(Redacted.value(databaseUrl), databaseSsl, environment, {
    alone: environment !== undefined
  })
  const database = await prepareDatabase(address)
  const locksByRows = database.session === "shared"
  // With a shard's number it is a key of at most 50 characters where locks are rows.
  const terms = `${shards} shards lease ${leaseMs} v${layout} pact ${pact}${locksByRows ? " pooler" : ""}`

  const joined = Promise.withResolvers<number>()
  let isClosing = false
  /** The library tries again for ever. */
  let patience: NodeJS.Timeout | undefined
  const refused = createRefusals(log)("cluster:refused")
  const strangers = new Set<string>()
  let number: number | undefined
  let lastFault: unknown
  const locks = createShardLocks(leaseMs)
  // Only who comes is refused: a cluster that is there goes on.
  const onStranger = (other: Stranger) =>
    joined.reject(new ClusterDiffers(other.node, other.terms, terms, leaseOf(other.terms) ?? leaseMs))
  const onTwin = () => {
    if (number === undefined) joined.reject(new ClusterAddressTaken(self))
    else refused(self, "address")
  }
  const registry = runnerRegistry({
    locks: {
      ...locks,
      answered: (...answer) => {
        locks.answered(...answer)
        for (const [epoch, shard] of held) if (!owners.has(shard) && locks.isHeld(shard)) take(shard, epoch)
      }
    },
    schema: database.schema,
    ...{ self, terms, leaseOf, onStranger, onTwin },
    // A third of the lease is how often it is heard of, and one time may be late.
    heardWithinMs: (2 * leaseMs) / 3,
    onDoubt: () => void patience?.refresh(),
    onNumber: (found) => {
      number = found
    },
    onRead: (nodes, others) => {
      if (others[0] !== undefined) onStranger(others[0])
      for (const { node, terms: theirs } of others) {
        if (strangers.has(node)) continue
        strangers.add(node)
        log("warn", "cluster:engine", { error: `${node} is on the same database with ${theirs}`, node })
      }
      if (number !== undefined) joined.resolve(number)
      options.onNodes(nodes)
    },
    onFault: (error) => {
      lastFault = error
    }
  })

  /** Who owns each shard, as was told last. */
  const owners = new Map<number, Owner>()
  const tell = (shard: number, owner: Owner | null): void => {
    if (isClosing || owners.get(shard)?.epoch === owner?.epoch) return
    if (owner === null) owners.delete(shard)
    else owners.set(shard, owner)
    options.onOwner(shard, owner)
  }

  /** Shards that are this node's, by epoch. */
  const held = new Map<string, number>()
  const releases = new Map<string, Promise<void>>()
  const take = (shard: number, epoch: string): void => {
    held.set(epoch, shard)
    tell(shard, { node: self, epoch })
  }
  const isHeld = (shard: number, epoch: string): boolean => held.has(epoch) && locks.isHeld(shard)
  /** Once for each epoch: the library's own release and a close both come to it. */
  const release = (shard: number, epoch: string): Promise<void> => {
    if (!held.delete(epoch)) return releases.get(epoch) ?? Promise.resolve()
    // Nobody can say whose it is, and so nobody can take it: it may be this node's again, with all that is there.
    const letGo = async () => (locks.isUncertain(shard) ? undefined : options.onRelease(shard, epoch))
    const releasing = within(limits.shardReleaseMs, letGo)
      .catch((error) => void log("error", "cluster:engine", describeError(error)))
      .finally(() => releases.delete(epoch))
    releases.set(epoch, releasing)
    if (owners.get(shard)?.epoch === epoch) tell(shard, null)
    return releasing
  }
  const isOwn = (shard: number): boolean => locks.isHeld(shard) && [...held.values()].includes(shard)
  /**
   * What a watch says. A node knows its own shards by their locks: their watches end before they are let go of, may go on for
   * a moment after that, and the last word of another owner may come late.
   */
  const hear = (shard: number, owner: Owner | null): void => {
    const known = owners.get(shard)
    if (owner === null ? known !== undefined && held.has(known.epoch) : owner.node !== self && isOwn(shard)) return
    if (owner?.node !== self || isHeld(shard, owner.epoch)) tell(shard, owner)
  }

  const greetings = createEngineGreetings({ self, secret: options.secret, refused })
  const entity = shardEntity(terms)
  const runtime = ManagedRuntime.make(
    shardHandlers(entity, {
      self,
      everyMs: limits.shardWatch.everyLeases * leaseMs,
      onTaken: take,
      isHeld,
      release
    }).pipe(
      Layer.provideMerge(SocketRunner.layer),
      Layer.provide([
        listening({ ...here, host: options.listen ?? here.host }, greetings),
        dialing(leaseMs / 3, options.via ?? ((node) => node), greetings)
      ]),
      // A node that cannot reach another one may be the one that is cut off: only the registry says who is there.
      Layer.provide([RunnerHealth.layerNoop, MessageStorage.layerNoop]),
      Layer.provideMerge(registry.pipe(Layer.provide(sqlOnPg(database.open)))),
      Layer.provide(
        ShardingConfig.layer({
          runnerAddress: Option.some(runnerAddressOf(here.host, here.port)),
          availableShardGroups: [terms],
          assignedShardGroups: [terms],
          shardsPerGroup: shards,
          shardLockDisableAdvisory: locksByRows,
          shardLockExpiration: leaseMs,
          shardLockRefreshInterval: leaseMs / 3,
          refreshAssignmentsInterval: lookMs,
          // No messages are stored: it is how often a node looks whether a shard that it should own has become free.
          entityMessagePollInterval: lookMs,
          entityTerminationTimeout: limits.shardReleaseMs,
          entityMaxIdleTime: Number.POSITIVE_INFINITY,
          sendRetryInterval: limits.shardRetry.mostMs,
          simulateRemoteSerialization: false
        })
      ),
      Layer.provide(RpcSerialization.layerSchemaBinary({ maxFrameSize: limits.engineFrameBytes })),
      Layer.provideMerge(engineLog(log))
    )
  )

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      isClosing = true
      await Promise.all([...held].map(([epoch, shard]) => release(shard, epoch)))
      await within(limits.engineLeaveMs, () => runtime.dispose()).catch((error) =>
        log("error", "cluster:engine", describeError(rootOf(error)))
      )
    })()
    return closing
  }

  try {
    const sharding = await runtime.runPromise(Effect.service(Sharding)).catch((error) => {
      throw error instanceof SocketServerError
        ? new ClusterAddressUnusable(self, codeOf(error) ?? reasonOf(error))
        : faultOf(error)
    })
    patience = setTimeout(() => joined.reject(faultOf(lastFault)), limits.joiningMs)
    const found = await joined.promise.finally(() => clearTimeout(patience))
    const client = await runtime.runPromise(entity.client)
    for (const [shard, id] of entityIdsOf(sharding, shards, terms).entries()) {
      void watch(shard, (onOwner, signal) =>
        runtime.runPromise(
          Stream.runForEach(client(id).Watch(undefined), (owner) => Effect.sync(() => onOwner(owner))),
          { signal }
        )
      )
    }
    return {
      number: found,
      isSure: () => [...held.values()].every(locks.isHeld),
      doubt: () => {
        for (const [epoch, shard] of held) {
          if (!locks.isHeld(shard) && owners.get(shard)?.epoch === epoch) tell(shard, null)
        }
      },
      strike: (node) => {
        const there = readNodeAddress(node)
        if (there === undefined || isClosing) return
        const strike = Effect.flatMap(Effect.service(RunnerStorage), (registry) =>
          registry.unregister(runnerAddressOf(there.host, there.port))
        )
        runtime
          .runPromise(strike)
          .catch((error) => log("warn", "cluster:engine", { ...describeError(rootOf(error)), node }))
      },
      close
    }
  } catch (error) {
    await close()
    throw error
  }

  /**
   * Goes on until this node leaves: a watch ends when the shard moves, and when the way to it breaks. One of which nothing is
   * heard any more is given up: the library may lose a question, or an answer, with the connection it was on.
   */
  async function watch(
    shard: number,
    ask: (onOwner: (owner: Owner) => void, signal: AbortSignal) => Promise<void>
  ): Promise<void> {
    const { leastMs, mostMs } = limits.shardRetry
    const { unansweredLeases, silentLeases } = limits.shardWatch
    let waitMs: number = leastMs
    while (!isClosing) {
      const silence = new AbortController()
      const silent = Promise.withResolvers<void>()
      const silentAfter = (leases: number) =>
        setTimeout(() => {
          silent.resolve()
          silence.abort()
        }, leases * leaseMs)
      let timer = silentAfter(unansweredLeases)
      const asking = ask((owner) => {
        if (silence.signal.aborted) return
        clearTimeout(timer)
        timer = silentAfter(silentLeases)
        waitMs = leastMs
        hear(shard, owner)
      }, silence.signal).catch(() => {})
      await Promise.race([asking, silent.promise])
      clearTimeout(timer)
      hear(shard, null)
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      waitMs = Math.min(mostMs, 2 * waitMs)
    }
  }
}

/** Milliseconds, as the terms of a node say. */
const leaseOf = (terms: string): number | undefined => {
  const [, said] = /lease (\d+)/.exec(terms) ?? []
  return said === undefined ? undefined : Number(said)
}

/** What is neither about the settings nor about the port is about the database. */
const faultOf = (error: unknown): DatabaseFault => {
  const root = rootOf(error)
  return new DatabaseFault("joining the cluster", codeOf(root), reasonOf(root))
}

/** Settles as what is asked for does, or resolves after so many milliseconds. */
const within = async (ms: number, ask: () => Promise<void>): Promise<void> => {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  try {
    await Promise.race([ask(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
