/** The uploaded_files table: which previews are kept at UploadThing, and since when. */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { momentOf } from "../../database/sqlTime.ts"

export interface UploadedFile {
  /** Its name at UploadThing. */
  readonly key: string
  readonly url: string
  /** As its owner has called it. */
  readonly name: string
}

/** A row that is due for removal. */
export interface OldFile {
  readonly id: number
  readonly key: string
}

/** Every method rejects with DatabaseFault, which holds no URL and no file's name. */
export interface UploadStore {
  /** Writes a row; `known` when this file has one already, which stays as it is. */
  insert(file: UploadedFile): Promise<"inserted" | "known">
  /** Files uploaded before `before` (epoch ms): the first `limit` of those after the row `afterId`, oldest row first. */
  findOld(search: {
    readonly before: number
    readonly afterId: number
    readonly limit: number
  }): Promise<readonly OldFile[]>
  /** Removes rows and says how many there were. */
  remove(ids: readonly number[]): Promise<number>
}

export const createUploadRows = ({ pool, schema }: Pick<Database, "pool" | "schema">): UploadStore => {
  // By its whole name, as rooms are.
  const files = sql.identifier([schema, "uploaded_files"])
  return {
    insert: async ({ key, url, name }) => {
      const { rowCount } = await runStatement("insert uploaded file", () =>
        pool.query(sql.prepared("upload_insert", nothing)`
          insert into ${files} (file_key, file_url, file_name)
          values (${key}, ${url}, ${storable(name)})
          on conflict (file_key) do nothing`)
      )
      return rowCount === 1 ? "inserted" : "known"
    },

    findOld: ({ before, afterId, limit }) =>
      runStatement("find old uploaded files", () =>
        pool.any(sql.prepared("upload_find_old", oldFile)`
          select id, file_key as key from ${files}
          where uploaded_at < ${momentOf(before)} and id > ${afterId}
          order by id limit ${limit}`)
      ),

    remove: async (ids) => {
      const { rowCount } = await runStatement("remove uploaded files", () =>
        pool.query(sql.prepared("upload_remove", nothing)`
          delete from ${files} where id = any(${sql.array([...ids], "int4")})`)
      )
      return rowCount ?? 0
    }
  }
}

const oldFile = Schema.toStandardSchemaV1(Schema.Struct({ id: Schema.Int, key: Schema.String }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))

/** People name their files as they like, but PostgreSQL text cannot hold NUL. */
const storable = (text: string): string => text.replaceAll("\u0000", "\ufffd")
