/** What the SFU keeps: the key of its tokens, and, where several servers are one, which of them has which conference. */
import { secretTables } from "../database/keptKey.ts"
import type { Tables } from "../database/tables.ts"

export const sfuTables: Tables = {
  ...secretTables,
  sfu_places: {
    columns: ["room", "node"],
    given: ["room", "node"],
    changed: "node"
  }
}
