/**
 * The SFU's kinds of actors, in the order in which their supervisors start:
 *
 * - participants  temporary: a crashed one closes its socket with 1011, and the others hear that its media have ended
 * - conferences   temporary: a crashed one sends its participants away with 1011, and they come again to another
 * - mediaWorkers  permanent: a crashed one is started again with a process of its own, and its conferences are lost
 */
import type { Kind } from "../kinds.ts"
import { conferenceCrash, type conferenceMachine } from "./conference/conference.ts"
import type { ConferenceSettings } from "./conference/conferenceContext.ts"
import { mediaWorkerCrash, type mediaWorkerMachine } from "./mediaWorker/mediaWorker.ts"
import type { WorkerSettings } from "./mediaWorker/mediaWorkerContext.ts"
import { participantCrash, type participantMachine } from "./participant/participant.ts"
import type { ParticipantSettings } from "./participant/participantContext.ts"

/** The charts, with their actions and actors provided, and what their actors need to know. */
export interface SfuParts {
  readonly participant: typeof participantMachine
  readonly conference: typeof conferenceMachine
  readonly mediaWorker: typeof mediaWorkerMachine
  readonly settings: {
    readonly participant: ParticipantSettings
    readonly conference: ConferenceSettings
    readonly worker: WorkerSettings
  }
  /** How many media workers there are. */
  readonly workers: number
}

export const sfuKinds = (parts: SfuParts): readonly Kind[] => {
  const { participant, conference, mediaWorker, settings, workers } = parts
  return [
    {
      kind: "participants",
      chart: participant,
      settings: { settings: settings.participant },
      restart: "temporary",
      crash: participantCrash,
      drain: { place: "clients", event: { type: "server.draining" } }
    },
    {
      kind: "conferences",
      chart: conference,
      settings: { ...settings.conference },
      restart: "temporary",
      crash: conferenceCrash,
      // Its participants have been told, and nobody need hear who of them is gone first.
      drain: { place: "keepers", event: { type: "server.draining" } }
    },
    {
      kind: "mediaWorkers",
      chart: mediaWorker,
      settings: { ...settings.worker },
      restart: "permanent",
      crash: mediaWorkerCrash,
      drain: { place: "keepers", event: { type: "server.draining" } },
      standing: Array.from({ length: workers }, (_, index) => ({ id: String(index), input: { worker: String(index) } }))
    }
  ]
}
