/**
 * Which of several servers that are one has the conference of a room: the one to which its first participant has come, for as
 * long as somebody is there, and a while longer. Media workers cannot move, so neither does a conference: all who come later
 * are passed on to it. A row says so, which decides between two that come to two nodes in one moment.
 */
import { hash } from "node:crypto"
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { NodeOfCluster } from "../../protocol.ts"
import { createTurns } from "../admission/turns.ts"
import type { Database } from "../database/database.ts"
import { runStatement } from "../database/databaseErrors.ts"

export interface PlacesOptions {
  readonly database: Pick<Database, "pool" | "schema">
  readonly node: Pick<NodeOfCluster, "mark" | "others">
  /** Milliseconds that a room in which nobody is any more stays where it was. */
  readonly lingerMs: number
  /** A row could not be removed: it stays until the room is used again. */
  readonly onFault: (error: unknown) => void
}

/** What rejects, rejects with DatabaseFault. */
export interface Places {
  /** The mark of the node that has it; this one's from now on, where none that can be spoken to has. */
  take(roomId: string): Promise<string>
  /** The mark of the node that has it; null: none has. */
  find(roomId: string): Promise<string | null>
  /** A socket of this room is open here, is closed. */
  add(roomId: string): void
  subtract(roomId: string): void
  close(): void
}

/** A room that this node has, or may have. */
interface Room {
  sockets: number
  /** Ends its being here, where nobody is. */
  timer: NodeJS.Timeout
}

/** PostgreSQL text cannot hold all that an id can, and tells nothing of it. */
const keyOf = (roomId: string): string => hash("sha256", `silktower/sfu/1\n${roomId}`, "base64url")

export const createPlaces = ({ database: { pool, schema }, node, lingerMs, onFault }: PlacesOptions): Places => {
  const places = sql.identifier([schema, "sfu_places"])
  const rooms = new Map<string, Room>()
  /** A row is not removed while somebody asks for it. */
  const inTurn = createTurns()

  const leave = (key: string) => {
    if (rooms.get(key)?.sockets !== 0) return
    rooms.delete(key)
    const remove = async () => {
      // Somebody has come meanwhile.
      if (rooms.has(key)) return
      await runStatement("leave the place of a conference", () =>
        pool.query(sql.prepared("sfu_place_leave", nothing)`
          delete from ${places} where room = ${key} and node = ${node.mark}`)
      )
    }
    inTurn(key, () => remove().catch(onFault))
  }

  /** It is here for a while, whoever comes. */
  const touch = (key: string): Room => {
    const before = rooms.get(key)
    clearTimeout(before?.timer)
    const room: Room = { sockets: before?.sockets ?? 0, timer: setTimeout(() => leave(key), lingerMs).unref() }
    rooms.set(key, room)
    return room
  }

  return {
    take: async (roomId) => {
      const key = keyOf(roomId)
      touch(key)
      const living = sql.array([node.mark, ...node.others()], "text")
      const place = await inTurn(key, async () => {
        const row = await runStatement("take the place of a conference", () =>
          pool.one(sql.prepared("sfu_place_take", placeRow)`
            insert into ${places} as places (room, node) values (${key}, ${node.mark})
            on conflict (room) do update
            set node = case when places.node = any(${living}) then places.node else excluded.node end
            returning node`)
        )
        return row.node
      })
      const room = rooms.get(key)
      if (place !== node.mark && room?.sockets === 0) {
        clearTimeout(room.timer)
        rooms.delete(key)
      }
      return place
    },
    find: async (roomId) => {
      const row = await runStatement("find the place of a conference", () =>
        pool.maybeOne(
          sql.prepared("sfu_place_find", placeRow)`select node from ${places} where room = ${keyOf(roomId)}`
        )
      )
      return row?.node ?? null
    },
    add: (roomId) => {
      touch(keyOf(roomId)).sockets++
    },
    subtract: (roomId) => {
      touch(keyOf(roomId)).sockets--
    },
    close: () => {
      for (const { timer } of rooms.values()) clearTimeout(timer)
    }
  }
}

const placeRow = Schema.toStandardSchemaV1(Schema.Struct({ node: Schema.String }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))
