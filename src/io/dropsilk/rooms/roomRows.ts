import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { LastWord } from "../../../machines/dropsilk/room/roomHearing.ts"
import type { Participant, RoomRecord } from "../../../machines/dropsilk/room/roomRecord.ts"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"
import type { RoomStore } from "./roomStore.ts"

/**
 * The rooms table as a RoomStore; one statement a method. `aliasOf` gives the name under which a participant is shown
 * to the other side; it must always answer the same for the same room and participant.
 *
 * Every method rejects with DatabaseFault, which holds no participant's id.
 */
export const createRoomRows = (
  { pool, schema, lacking }: Pick<Database, "pool" | "schema" | "lacking">,
  aliasOf: (roomCode: string, participantId: string) => string
): RoomStore => {
  const own = !lacking.some((column) => column.startsWith("rooms.")) ? ownColumns : noOwnColumns
  // By its whole name: in a session that is shared, others say where names are looked for.
  const rooms = sql.identifier([schema, "rooms"])
  return {
    load: async (code, at) => {
      // PostgreSQL text cannot hold it, so no room has it, and asking would be a fault of the database.
      if (code.includes("\u0000")) return null
      const row = await runStatement("load room", () =>
        pool.maybeOne(sql.prepared("room_load", roomRow)`
          select
            room_code,
            host_participant_id, host_name, host_ready, host_file_count, host_total_bytes,
            host_screen_share_active, host_chat_active,
            guest_participant_id, coalesce(guest_name, 'Anonymous') as guest_name, guest_ready, guest_file_count,
            guest_total_bytes, guest_screen_share_active, guest_chat_active,
            ${own.selected}, ${epochOf(sql.fragment`expires_at`)} as expires_at
          from ${rooms}
          where room_code = ${code} and expires_at > ${momentOf(at)}`)
      )
      return row === null ? null : { room: toRecord(row, aliasOf), words: row.last_words }
    },

    insert: async ({ room, words }) => {
      const { rowCount } = await runStatement("insert room", () =>
        pool.query(sql.prepared("room_insert", nothing)`
          insert into ${rooms} (room_code, ${CONTENT} ${own.names}, expires_at)
          values (${room.code}, ${contentOf(room)} ${own.values(room, words)}, ${momentOf(room.expiresAt)})
          on conflict (room_code) do nothing`)
      )
      return rowCount === 1 ? "inserted" : "taken"
    },

    save: async (before, after, words) => {
      const expiresAt = momentOf(after.expiresAt)
      const { rowCount } = await runStatement("save room", () =>
        pool.query(sql.prepared("room_save", nothing)`
          update ${rooms}
          set (${CONTENT} ${own.names}) = row (${contentOf(after)} ${own.values(after, words)}),
            expires_at = case when ${after.host !== null} then greatest(expires_at, ${expiresAt}) else ${expiresAt} end,
            updated_at = now()
          where ${stillSays(before)} ${own.unchanged(before)}`)
      )
      return rowCount === 1 ? "saved" : "conflict"
    },

    remove: async (before) => {
      const { rowCount } = await runStatement("remove room", () =>
        pool.query(
          sql.prepared("room_remove", nothing)`delete from ${rooms} where ${stillSays(before)} ${own.unchanged(before)}`
        )
      )
      return rowCount === 1 ? "removed" : "conflict"
    },

    removeExpired: async (at) => {
      const { rowCount } = await runStatement("remove expired rooms", () =>
        pool.query(
          sql.prepared("room_remove_expired", nothing)`delete from ${rooms} where expires_at <= ${momentOf(at)}`
        )
      )
      return rowCount ?? 0
    }
  }
}

const roomRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    room_code: Schema.String,
    host_participant_id: Schema.String,
    host_name: Schema.String,
    host_ready: Schema.Boolean,
    host_file_count: Schema.Int,
    host_total_bytes: Schema.Int,
    host_screen_share_active: Schema.Boolean,
    host_chat_active: Schema.Boolean,
    guest_participant_id: Schema.NullOr(Schema.String),
    guest_name: Schema.String,
    guest_ready: Schema.Boolean,
    guest_file_count: Schema.Int,
    guest_total_bytes: Schema.Int,
    guest_screen_share_active: Schema.Boolean,
    guest_chat_active: Schema.Boolean,
    departed: Schema.Array(
      Schema.Struct({
        id: Schema.String,
        name: Schema.String,
        ready: Schema.Boolean,
        fileCount: Schema.Int,
        totalBytes: Schema.Int,
        at: Schema.Finite
      })
    ),
    last_words: Schema.Array(
      Schema.Struct({
        participantId: Schema.String,
        at: Schema.Finite,
        address: Schema.String,
        firstAddress: Schema.String
      })
    ),
    expires_at: Schema.Finite
  })
)
type StoredRoom = NonNullable<(typeof roomRow)["~standard"]["types"]>["output"]

const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))

/** Everything a room says apart from its code and its times, in the order of contentOf. */
const CONTENT = sql.fragment`
  host_participant_id, host_name, host_ready, host_file_count, host_total_bytes,
  host_screen_share_active, host_chat_active,
  guest_participant_id, guest_name, guest_ready, guest_file_count, guest_total_bytes,
  guest_screen_share_active, guest_chat_active`

/** The host of a room that nobody is in: the columns take no null, and no participant's id is empty. */
const nobody: Participant = {
  id: "",
  alias: "",
  name: "",
  ready: false,
  fileCount: 0,
  totalBytes: 0,
  screenShare: false,
  chat: false
}

const json = (value: unknown) => sql.fragment`${JSON.stringify(value)}::jsonb`

const departedOf = ({ departed }: RoomRecord) =>
  json(
    departed.map(({ participant: { id, name, ready, fileCount, totalBytes }, at }) => ({
      id,
      name,
      ready,
      fileCount,
      totalBytes,
      at
    }))
  )

/** What DropSilk's table does not have, as parts of statements. */
const ownColumns = {
  selected: sql.fragment`departed, last_words`,
  names: sql.fragment`, departed, last_words`,
  values: (room: RoomRecord, words: readonly LastWord[]) => sql.fragment`, ${departedOf(room)}, ${json(words)}`,
  unchanged: (room: RoomRecord) => sql.fragment`and departed = ${departedOf(room)}`
}
const noOwnColumns: typeof ownColumns = {
  selected: sql.fragment`'[]'::jsonb as departed, '[]'::jsonb as last_words`,
  names: sql.fragment``,
  values: () => sql.fragment``,
  unchanged: () => sql.fragment``
}

const contentOf = (room: RoomRecord) => {
  const { guest } = room
  const host = room.host ?? nobody
  return sql.fragment`
    ${host.id}, ${host.name}, ${host.ready}, ${host.fileCount}, ${host.totalBytes}, ${host.screenShare}, ${host.chat},
    ${guest?.id ?? null}, ${guest?.name ?? null}, ${guest?.ready ?? false}, ${guest?.fileCount ?? 0},
    ${guest?.totalBytes ?? 0}, ${guest?.screenShare ?? false}, ${guest?.chat ?? false}`
}

/**
 * Whether the row still says what we last read or wrote. Without a guest, what the guest's other columns say does not
 * count: DropSilk may have left something in them, which `load` does not see either.
 */
const stillSays = (room: RoomRecord) => {
  const { code, guest } = room
  const host = room.host ?? nobody
  return sql.fragment`
    room_code = ${code}
    and row (host_participant_id, host_name, host_ready, host_file_count, host_total_bytes,
        host_screen_share_active, host_chat_active)
      is not distinct from
      row (${host.id}, ${host.name}, ${host.ready}, ${host.fileCount}, ${host.totalBytes},
        ${host.screenShare}, ${host.chat})
    and guest_participant_id is not distinct from ${guest?.id ?? null}
    and (guest_participant_id is null or
      row (coalesce(guest_name, 'Anonymous'), guest_ready, guest_file_count, guest_total_bytes,
        guest_screen_share_active, guest_chat_active)
      is not distinct from
      row (${guest?.name ?? null}, ${guest?.ready ?? false}, ${guest?.fileCount ?? 0}, ${guest?.totalBytes ?? 0},
        ${guest?.screenShare ?? false}, ${guest?.chat ?? false}))`
}

const toRecord = (row: StoredRoom, aliasOf: (roomCode: string, participantId: string) => string): RoomRecord => {
  const participant = (id: string, rest: Omit<Participant, "id" | "alias">): Participant => ({
    id,
    alias: aliasOf(row.room_code, id),
    ...rest
  })
  return {
    code: row.room_code,
    host:
      row.host_participant_id === nobody.id
        ? null
        : participant(row.host_participant_id, {
            name: row.host_name,
            ready: row.host_ready,
            fileCount: row.host_file_count,
            totalBytes: row.host_total_bytes,
            screenShare: row.host_screen_share_active,
            chat: row.host_chat_active
          }),
    guest:
      row.guest_participant_id === null
        ? null
        : participant(row.guest_participant_id, {
            name: row.guest_name,
            ready: row.guest_ready,
            fileCount: row.guest_file_count,
            totalBytes: row.guest_total_bytes,
            screenShare: row.guest_screen_share_active,
            chat: row.guest_chat_active
          }),
    departed: row.departed.map(({ id, at, ...rest }) => ({
      participant: participant(id, { ...rest, screenShare: false, chat: false }),
      at
    })),
    expiresAt: row.expires_at
  }
}
