import { tablesOf } from "../../src/io/database/tables.ts"
import { protocols } from "../../src/protocols.ts"

/** The tables of all protocols. */
export const tables = tablesOf(protocols)
