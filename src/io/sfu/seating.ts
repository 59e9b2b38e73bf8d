/** Where whoever comes takes part: here, or at the node that has the room's conference, to which the connection is passed on. */
import type { IncomingMessage } from "node:http"
import type { NodeOfCluster } from "../../protocol.ts"
import { closings, textRefusals } from "../../wire/sfu/errors.ts"
import type { ClientAddress } from "../admission/address.ts"
import type { UpgradeObjection } from "../sockets/socketServer.ts"
import type { Places } from "./places.ts"

export interface Seating extends Pick<Places, "add" | "subtract"> {
  /** Null: it is here. Never rejects. */
  objects(request: IncomingMessage, roomId: string): Promise<UpgradeObjection>
}

/** Of a server that is alone: everybody is here. */
export const seatedHere: Seating = { objects: async () => null, add: () => {}, subtract: () => {} }

export interface SeatingOptions {
  readonly node: Pick<NodeOfCluster, "mark" | "passOn" | "isPassed">
  readonly places: Pick<Places, "take" | "add" | "subtract">
  readonly addressOf: (request: IncomingMessage) => ClientAddress
  /** The database does not say where a room is. */
  readonly onFault: (error: unknown) => void
}

const { status, text: body } = textRefusals.unavailable
const unavailable = { status, body }

export const createSeating = ({ node, places, addressOf, onFault }: SeatingOptions): Seating => ({
  objects: async (request, roomId) => {
    try {
      const place = await places.take(roomId)
      if (place === node.mark) return null
      // Where two nodes do not agree, nobody is sent to and fro.
      if (node.isPassed(request)) return unavailable
      return node.passOn(place, request, addressOf(request), closings.engine_restarted) ?? unavailable
    } catch (error) {
      onFault(error)
      return unavailable
    }
  },
  add: places.add,
  subtract: places.subtract
})
