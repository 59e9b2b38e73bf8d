/** What NoisyTransfer keeps: rendezvous codes. */
import type { Tables } from "../database/tables.ts"

export const noisyTransferTables: Tables = {
  noisytransfer_codes: {
    columns: ["code", "app_id", "minted_at", "expires_at", "redeemed_at"],
    given: ["code", "app_id", "minted_at", "expires_at"],
    changed: "redeemed_at"
  }
}
