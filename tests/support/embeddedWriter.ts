// Opens the embedded database in the folder given as argument, says "open", writes rows, says "written", and stays.
import { sql } from "slonik"
import { openDatabase } from "../../src/io/database/database.ts"
import { tables } from "./tables.ts"

const [dataDirectory = "", rows = "0"] = process.argv.slice(2)
const database = await openDatabase({ tables, dataDirectory })
console.log("open")
for (let index = 0; index < Number(rows); index++) {
  await database.pool.query(sql.unsafe`
    insert into rooms (room_code, host_participant_id, host_name, expires_at)
    values (${`ROOM${index}`}, 'host00000000', 'Ada', now() + interval '1 hour')`)
}
console.log("written")
setInterval(() => {}, 60_000)
