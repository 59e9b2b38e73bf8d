/** The actor system of the server: the tower, the registry, and whoever protocols have opened. */
import { createActor, type InspectionEvent, waitFor } from "xstate"
import { limits } from "../../limits.ts"
import type { Kind } from "../../machines/kinds.ts"
import { createRegistry, type Endpoint, type RegistryLogic, registryOf } from "../../machines/registry.ts"
import { createSupervisor, type SupervisorRef } from "../../machines/supervisor.ts"
import { type Farewells, towerMachine } from "../../machines/tower.ts"
import type { Recorder } from "../telemetry/events/recorder.ts"

export interface SystemOptions {
  readonly recorder: Pick<Recorder, "record">
  /** Milliseconds over which clients are sent away when the server goes; 0: at once, as far as that can be borne. */
  readonly drainMs: number
  /** Milliseconds that the server has besides. */
  readonly shutdownTimeoutMs: number
  /** What carries events from one actor to another; absent: that of one process, which does so at once. */
  readonly registry?: (() => RegistryLogic) | undefined
  /** Watches every actor of the system; absent, actors pay nothing for it. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** As many and as small batches as there may be where clients go over a while, and else as few as may come back at once. */
const farewellsOf = ({ drainMs, shutdownTimeoutMs }: SystemOptions): Farewells => {
  const { size, batches, everyMs } = limits.farewells
  if (drainMs > 0) return { size: 1, most: Math.max(1, Math.floor(drainMs / everyMs)), everyMs, withinMs: drainMs }
  const shareMs = (shutdownTimeoutMs * limits.farewellShare) / batches
  return { size, most: batches, everyMs: Math.min(everyMs, shareMs), withinMs: 0 }
}

/** Starts the tower, in which nobody lives yet. */
export const startSystem = (options: SystemOptions) => {
  const { recorder, registry, inspect, now } = options
  const tower = createActor(
    towerMachine.provide({
      actors: { registry: (registry ?? createRegistry)(), supervisor: createSupervisor({ now }) },
      actions: {
        record: (_, event) => recorder.record(event)
      }
    }),
    {
      systemId: "tower",
      input: { suspensionMs: limits.suspensionMs, farewells: farewellsOf(options) },
      ...(inspect === undefined ? {} : { inspect })
    }
  ).start()

  const kinds: Kind[] = []
  /** Those of kinds that were opened: whoever still asks while the server stops finds that nobody is left. */
  const supervisors = new Map<string, SupervisorRef>()
  const supervisor = (kind: string) => supervisors.get(kind) as SupervisorRef

  return {
    tower,
    registry: registryOf(tower),
    /** The kinds that were opened, in that order. */
    kinds: kinds as readonly Kind[],
    supervisor,
    living: (kind: string): number => supervisor(kind)?.getSnapshot().children.size ?? 0,
    /** Starts supervisors for more kinds of actors, and hands what is addressed to these endpoints to them. */
    open: (opened: readonly Kind[], endpoints: Readonly<Record<string, Endpoint>> = {}): void => {
      kinds.push(...opened)
      tower.send({ type: "kinds.open", kinds: opened })
      for (const { kind } of opened) supervisors.set(kind, tower.system.get(kind) as SupervisorRef)
      for (const [kind, receive] of Object.entries(endpoints)) {
        registryOf(tower).send({ type: "endpoint", kind, receive })
      }
    },
    /** The server is open. */
    begin: () => tower.send({ type: "server.opened" }),
    /**
     * Tells everybody that the server goes. `told` resolves when every client has been told or has gone, `done` when all
     * have ended.
     */
    drain: () => {
      tower.send({ type: "shutdown" })
      return {
        told: waitFor(tower, (snapshot) => !snapshot.matches({ draining: { keepers: "serving" } })),
        done: waitFor(tower, ({ status }) => status === "done")
      }
    },
    /** Waits no longer for clients that have not been told yet. */
    hurry: () => tower.send({ type: "shutdown.hurry" }),
    /** Ends what has not ended by itself. */
    stop: () => tower.stop()
  }
}

export type System = ReturnType<typeof startSystem>
