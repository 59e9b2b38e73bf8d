/**
 * Whoever logs in under a name that is in use in its room gets another one. Who is in a room, only the node knows that has its
 * conference: it is asked.
 */
import type { AnyEventObject } from "xstate"
import type { Address } from "../../machines/address.ts"
import type { Endpoint, RegistryRef } from "../../machines/registry.ts"
import { nameDeskAt, nameDeskKind } from "../../machines/sfu/addresses.ts"
import type { NodeOfCluster } from "../../protocol.ts"
import { createAsking } from "../actors/asking.ts"
import type { Places } from "./places.ts"
import type { Presence, Somebody } from "./presence.ts"

export interface TakenNamesOptions {
  readonly node: Pick<NodeOfCluster, "mark" | "others">
  readonly registry: Pick<RegistryRef, "send">
  readonly presence: Pick<Presence, "freeId">
  readonly places: Pick<Places, "find">
  /** How long another node may take to answer: then nobody is known to have the name. */
  readonly askTimeoutMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

interface Question extends Somebody {
  readonly type: "name.asked"
}
/** `userId`: null where nobody has answered. */
interface Answer {
  readonly type: "name.told"
  readonly requestId: number
  readonly userId: string | null
}
type Asked = Question & Pick<Answer, "requestId"> & { readonly replyTo: Address }

export const createTakenNames = (options: TakenNamesOptions) => {
  const { node, registry, presence, places, askTimeoutMs, now } = options
  const desk = nameDeskAt(node.mark)
  const { ask, endpoint, close } = createAsking<Answer>({
    registry,
    desk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId) => ({ type: "name.told", requestId, userId: null }),
    now
  })

  const receive: Endpoint = (id, event: AnyEventObject) => {
    if (event.type !== "name.asked") return endpoint(id, event)
    const { replyTo, requestId, userId, roomId } = event as Asked
    const answer: Answer = { type: "name.told", requestId, userId: presence.freeId({ userId, roomId }) }
    registry.send({ type: "tell", to: replyTo, from: desk, event: answer })
  }

  return {
    /** A `userId` that nobody in that room has: this one while it is free, else with a suffix. Rejects with DatabaseFault. */
    freeId: async ({ userId, roomId }: Somebody): Promise<string> => {
      const place = node.others().length === 0 ? null : await places.find(roomId)
      if (place === null || !node.others().includes(place)) return presence.freeId({ userId, roomId })
      const question: Question = { type: "name.asked", userId, roomId }
      return (await ask(nameDeskAt(place), null, question)).userId ?? userId
    },
    endpoints: { [nameDeskKind]: receive },
    close
  }
}
