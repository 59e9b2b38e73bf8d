/**
 * What the media engine holds for whom, so that nothing stays when they have gone: neither what was there, nor what comes
 * of a call that was under way.
 */
import type { EngineJson } from "../../../machines/sfu/media.ts"
import type { OpenedTransport } from "../../../machines/sfu/participant/participantContext.ts"
import type { MediaEngine } from "./mediaEngine.ts"

export interface Holdings {
  /** Rejects when its conference has gone meanwhile, or with what the engine says. */
  openRouter(worker: string, call: string): Promise<EngineJson>
  closeRouter(call: string): void
  openTransport(participantId: string, call: string): Promise<OpenedTransport>
  closeTransport(transportId: string): void
  /** All transports of a participant, those too that are being opened. */
  release(participantId: string): void
  /** Whose a transport is. */
  ownerOf(transportId: string): string | undefined
}

type Engine = Pick<MediaEngine, "openRouter" | "closeRouter" | "openTransport" | "closeTransport">

export const createHoldings = (engine: Engine): Holdings => {
  /** Calls whose router is wanted. */
  const calls = new Set<string>()
  const owners = new Map<string, string>()
  const transports = new Map<string, Set<string>>()
  /** Participants, by transports that are being opened for them. */
  const opening = new Map<symbol, string>()

  const closeTransport = (transportId: string) => {
    const owner = owners.get(transportId)
    owners.delete(transportId)
    if (owner !== undefined) {
      const own = transports.get(owner)
      own?.delete(transportId)
      if (own?.size === 0) transports.delete(owner)
    }
    engine.closeTransport(transportId)
  }

  return {
    openRouter: async (worker, call) => {
      calls.add(call)
      const capabilities = await engine.openRouter(worker, call)
      if (calls.has(call)) return capabilities
      engine.closeRouter(call)
      throw new Error("the conference has gone")
    },
    closeRouter: (call) => {
      calls.delete(call)
      engine.closeRouter(call)
    },
    openTransport: async (participantId, call) => {
      const attempt = Symbol()
      opening.set(attempt, participantId)
      try {
        const transport = await engine.openTransport(call)
        if (!opening.has(attempt)) {
          engine.closeTransport(transport.id)
          throw new Error("the participant has gone")
        }
        owners.set(transport.id, participantId)
        const own = transports.get(participantId)
        if (own === undefined) transports.set(participantId, new Set([transport.id]))
        else own.add(transport.id)
        return transport
      } finally {
        opening.delete(attempt)
      }
    },
    closeTransport,
    release: (participantId) => {
      for (const [attempt, owner] of opening) if (owner === participantId) opening.delete(attempt)
      for (const transportId of [...(transports.get(participantId) ?? [])]) closeTransport(transportId)
    },
    ownerOf: (transportId) => owners.get(transportId)
  }
}
