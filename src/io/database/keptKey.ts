/** Keys that servers make for themselves where nobody has set one: made once for all servers on a database. */
import { randomBytes } from "node:crypto"
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Database } from "./database.ts"
import { runStatement } from "./databaseErrors.ts"
import type { Tables } from "./tables.ts"

/** Where they are kept: of every protocol that has one. */
export const secretTables: Tables = {
  server_secrets: {
    columns: ["name", "value", "created_at"],
    given: ["name", "value"]
  }
}

/** 32 bytes under a name. Of several servers that start at once the first one's key is that of all. Rejects with DatabaseFault. */
export const keptKey = async ({ pool, schema }: Pick<Database, "pool" | "schema">, name: string): Promise<Buffer> => {
  const secrets = sql.identifier([schema, "server_secrets"])
  const read = () =>
    runStatement("read kept key", () =>
      pool.maybeOne(sql.prepared("kept_key_read", keyRow)`select value from ${secrets} where name = ${name}`)
    )
  const known = await read()
  if (known !== null) return Buffer.from(known.value, "hex")
  await runStatement("keep key", () =>
    pool.query(
      sql.prepared("kept_key_keep", nothing)`
        insert into ${secrets} (name, value) values (${name}, ${randomBytes(32).toString("hex")})
        on conflict (name) do nothing`
    )
  )
  const kept = await read()
  if (kept === null) throw new TypeError("A key has been kept and is not there")
  return Buffer.from(kept.value, "hex")
}

const keyRow = Schema.toStandardSchemaV1(Schema.Struct({ value: Schema.String }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))
