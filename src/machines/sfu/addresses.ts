/** Where the actors of the SFU are found. */
import type { Address } from "../address.ts"

/** `id`: its socket's. */
export const participantAt = (id: string): Address => ({ kind: "participants", id })
export const conferenceAt = (roomId: string): Address => ({ kind: "conferences", id: roomId })
/** `worker`: "0" is the first. */
export const mediaWorkerAt = (worker: string): Address => ({ kind: "mediaWorkers", id: worker })
/** The socket of a participant, and what the media engine holds for it: the adapter answers for both. */
export const participantSocketAt = (participantId: string): Address => ({
  kind: "participantSockets",
  id: participantId
})
export const nameDeskKind = "sfuNames"
/** Where the node with this mark says which names are in use in its rooms. */
export const nameDeskAt = (mark: string): Address => ({ kind: nameDeskKind, id: `${mark}http` })
/** The router of a call: the adapter answers for it. */
export const mediaRouterAt = (call: string): Address => ({ kind: "mediaRouters", id: call })
