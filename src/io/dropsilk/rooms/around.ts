/**
 * Whether a person is still there, as far as sockets tell. Looked up when somebody wants in, and kept nowhere; those that
 * are found are asked for a sign of life.
 */
import type { AnyEventObject, SnapshotFrom } from "xstate"
import type { Address } from "../../../machines/address.ts"
import { aroundAt } from "../../../machines/dropsilk/addresses.ts"
import type { connectionMachine } from "../../../machines/dropsilk/connection/connection.ts"
import type { ConnectionEvent } from "../../../machines/dropsilk/connection/connectionContext.ts"
import type { Polled } from "../../../machines/dropsilk/room/roomHearing.ts"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { createAsking } from "../../actors/asking.ts"
import type { ClientSocket } from "../../sockets/clientSocket.ts"

/** Who is looked for: a client address, and a name that its socket is registered under. */
export interface Sought {
  readonly address: string
  readonly name: string
}

/** Whom a room wants to know about, which has this code. */
export interface Inquiry {
  readonly code: string
  readonly people: readonly Sought[]
}

export interface Found {
  /** When each open socket of those who are sought was opened, epoch milliseconds, in their order. */
  readonly opened: readonly (readonly number[])[]
  /** Polls that the room did not hear of: the node that has it knows of them. */
  readonly polled: readonly Polled[]
}

export type LookAround = (inquiry: Inquiry) => Promise<Found>

export interface AroundOptions {
  readonly node: Pick<NodeOfCluster, "mark" | "others">
  readonly registry: Pick<RegistryRef, "send">
  /** The open sockets of a client address on this node. */
  readonly socketsAt: (address: string) => Iterable<ClientSocket>
  /** Polls that a room of this node did not hear of; none of others' rooms. */
  readonly pollsOf: (code: string) => readonly Polled[]
  /** How long another node may take to answer; whom it has is not found then. */
  readonly askTimeoutMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** What nodes ask each other. */
type Question = { readonly type: "around.asked" } & Inquiry
type Answer = { readonly type: "around.told"; readonly requestId: number } & Found
type Asked = Question & Pick<Answer, "requestId"> & { readonly replyTo: Address }

export const createAround = ({ node, registry, socketsAt, pollsOf, askTimeoutMs, now }: AroundOptions) => {
  const desk = aroundAt(node.mark)

  const openedHere = ({ address, name }: Sought): readonly number[] =>
    [...socketsAt(address)].flatMap(({ actor }) => {
      if (actor === null) return []
      const { context } = actor.getSnapshot() as SnapshotFrom<typeof connectionMachine>
      if (!context.isNamed || context.name !== name) return []
      // One that nobody is at any more is not found the next time.
      actor.send({ type: "socket.wanted" } satisfies ConnectionEvent)
      return [context.openedAt]
    })

  const { ask, endpoint, close } = createAsking<Answer>({
    registry,
    desk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId) => ({ type: "around.told", requestId, opened: [], polled: [] }),
    now
  })

  const findHere = ({ code, people }: Inquiry): Found => ({ opened: people.map(openedHere), polled: pollsOf(code) })

  const lookAround: LookAround = async (inquiry) => {
    const here = findHere(inquiry)
    const question: Question = { type: "around.asked", ...inquiry }
    const there = await Promise.all(node.others().map((mark) => ask(aroundAt(mark), {}, question)))
    return {
      opened: here.opened.map((opened, index) => [...opened, ...there.flatMap((answer) => answer.opened[index] ?? [])]),
      polled: [here, ...there].flatMap(({ polled }) => polled)
    }
  }

  /** What other nodes ask, and what they answer. */
  const receive: Endpoint = (id, event: AnyEventObject) => {
    if (event.type !== "around.asked") return endpoint(id, event)
    const { code, people, replyTo, requestId } = event as Asked
    const answer: Answer = { type: "around.told", requestId, ...findHere({ code, people }) }
    registry.send({ type: "tell", to: replyTo, from: desk, event: answer })
  }

  return { lookAround, endpoints: { around: receive }, close }
}
