/**
 * Whether something that another node has said is one of the things that nodes say. It has proved that it belongs to the
 * cluster, and so nothing is meant badly; but a fault of one node must not become that of all others. What an event
 * holds beyond its type is for the chart of its actor, which nobody else goes down with.
 */
import { clusterLimits } from "./limits.ts"
import type { NodeMessage, Said } from "./messages.ts"
import type { PassageMessage } from "./passages.ts"
import type { SocketMessage } from "./remoteSocket.ts"

export type Word = readonly NodeMessage[] | SocketMessage | PassageMessage

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === "string"

const isAddress = (value: unknown): boolean => isFields(value) && isText(value["kind"]) && isText(value["id"])
const isEvent = (value: unknown): boolean => isFields(value) && isText(value["type"])
const isShard = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < clusterLimits.shards
const isOwner = (value: unknown): boolean => isFields(value) && isText(value["node"]) && isText(value["epoch"])

/** Absent where it may be. */
const isAbsentOr = (is: (value: unknown) => boolean, value: unknown): boolean => value === undefined || is(value)

const parts: Readonly<Record<Said["type"], (said: Fields) => boolean>> = {
  tell: ({ event, input }) => isEvent(event) && isAbsentOr(isFields, input),
  start: ({ event, input }) => isAbsentOr(isEvent, event) && isFields(input)
}
const isSaid = (value: unknown): boolean =>
  isFields(value) &&
  (value["type"] === "tell" || value["type"] === "start") &&
  isAddress(value["to"]) &&
  isAddress(value["from"]) &&
  isAbsentOr(isAddress, value["replyTo"]) &&
  isAbsentOr(Number.isInteger, value["requestId"]) &&
  parts[value["type"]](value)
const isSaidToAll = (value: unknown): boolean =>
  isFields(value) && isText(value["kind"]) && isAddress(value["from"]) && isEvent(value["event"])

const isNodeMessage = (value: unknown): boolean => {
  if (!isFields(value)) return false
  const { shard, epoch, said, owner } = value
  switch (value["kind"] as NodeMessage["kind"]) {
    case "socket":
      return isSaid(said)
    case "name":
    case "back":
      return isShard(shard) && isText(epoch) && isSaid(said)
    case "all":
      return isSaidToAll(said)
    case "fence":
    case "fenced":
      return isShard(shard) && isText(epoch)
    case "leaving":
    case "left":
    case "farewell":
      return true
    case "announced":
      return isShard(shard) && isOwner(owner)
    default:
      return false
  }
}

const isOfSockets = (value: Fields): boolean => {
  const { id, reader, ticket, url, headers, client } = value
  switch (value["t"] as (SocketMessage | PassageMessage)["t"]) {
    case "wait":
    case "goOn":
      return isText(id) && isText(reader)
    case "passage":
      return (
        isText(ticket) &&
        isText(url) &&
        isFields(headers) &&
        isFields(client) &&
        isText(client["address"]) &&
        isText(client["group"])
      )
    case "awaited":
      return isText(ticket)
    default:
      return false
  }
}

export const isWord = (value: unknown): value is Word =>
  Array.isArray(value) ? value.every(isNodeMessage) : isFields(value) && isOfSockets(value)
