/** The actor system of the server: the tower, the registry, and whoever protocols have opened. */
import { createActor, type InspectionEvent, waitFor } from "xstate"
import { limits } from "../../limits.ts"
import type { Kind } from "../../machines/kinds.ts"
import { createRegistry, type Endpoint, type RegistryLogic, registryOf } from "../../machines/registry.ts"
import { createSupervisor, type SupervisorRef } from "../../machines/supervisor.ts"
import { towerMachine } from "../../machines/tower.ts"
import type { Recorder } from "../telemetry/events/recorder.ts"

export interface SystemOptions {
  readonly recorder: Pick<Recorder, "record">
  /** Milliseconds that the server has from being told to go. */
  readonly shutdownTimeoutMs: number
  /** What carries events from one actor to another; absent: that of one process, which does so at once. */
  readonly registry?: (() => RegistryLogic) | undefined
  /** Watches every actor of the system; absent, actors pay nothing for it. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Starts the tower, in which nobody lives yet. */
export const startSystem = ({ recorder, shutdownTimeoutMs, registry, inspect, now }: SystemOptions) => {
  const { everyMs, batches } = limits.farewells
  const farewellMs = Math.min(everyMs, (shutdownTimeoutMs * limits.farewellShare) / batches)

  const tower = createActor(
    towerMachine.provide({
      actors: { registry: (registry ?? createRegistry)(), supervisor: createSupervisor({ now }) },
      actions: {
        record: (_, event) => recorder.record(event),
        requestFarewell: ({ self }, { kind }) => {
          setTimeout(
            () => {
              // Everybody may have gone meanwhile, and the tower with them.
              if (self.getSnapshot().status === "active") self.send({ type: "farewell.next", kind })
            },
            farewellMs * (0.5 + Math.random())
          )
        }
      }
    }),
    {
      systemId: "tower",
      input: { suspensionMs: limits.suspensionMs },
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
    /** Tells everybody that the server goes, and resolves when all have ended. */
    drain: async (): Promise<void> => {
      tower.send({ type: "shutdown" })
      await waitFor(tower, ({ status }) => status === "done")
    },
    /** Ends what has not ended by itself. */
    stop: () => tower.stop()
  }
}

export type System = ReturnType<typeof startSystem>
