/** How many transports, producers and consumers there are, as their owners know it. */
import type { ParticipantContext, Transport } from "../../../machines/sfu/participant/participantContext.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import { contextOf } from "../../tower/actorSnapshots.ts"

export interface Census {
  readonly transports: Readonly<Record<Transport["state"], number>>
  readonly producers: Readonly<Record<"audio" | "video", number>>
  readonly consumers: number
}

/** `participants`: the supervisor of all. */
export const takeCensus = (participants: SupervisorRef): Census => {
  const transports = { new: 0, connecting: 0, connected: 0 }
  const producers = { audio: 0, video: 0 }
  let consumers = 0
  for (const actor of participants.getSnapshot().children.values()) {
    const context = contextOf<ParticipantContext>(actor)
    if (context === undefined) continue
    for (const { state } of context.transports) transports[state]++
    for (const { kind } of context.producers) producers[kind]++
    consumers += context.consumers.length
  }
  return { transports, producers, consumers }
}
