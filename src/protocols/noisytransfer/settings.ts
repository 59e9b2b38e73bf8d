/** What an operator can set of NoisyTransfer. .env.example explains each variable. */
import { protocolSettings } from "../../config/protocolSettings.ts"
import { ownOrigins, present, wholeNumber } from "../../config/variables.ts"

export interface NoisyTransferSettings {
  /** How long a code can be redeemed. */
  readonly codeMs: number
  /** Pages that may use it; undefined: see `Core.originsOf`. */
  readonly origins?: readonly string[]
  /** Bytes of one WebSocket message. */
  readonly maxPayloadBytes: number
  /** What one address may do; 0: there is no limit. */
  readonly budgets: { readonly codesPerMinute: number; readonly wrongCodesPerMinute: number }
  readonly mailboxes: {
    /** What one may hold. */
    readonly each: { readonly items: number; readonly bytes: number }
    /** Bytes that all may hold together. */
    readonly bytes: number
  }
}

const gigabyte = 2 ** 30

const variables = {
  NOISYTRANSFER_CODE_TTL_SECONDS: wholeNumber("seconds", 600, 1, 3600),
  NOISYTRANSFER_ORIGINS: ownOrigins,
  NOISYTRANSFER_MAX_PAYLOAD_BYTES: wholeNumber("bytes", 1_048_576, 1, 100 * 2 ** 20),
  NOISYTRANSFER_CODES_PER_MINUTE: wholeNumber("codes (0: no limit)", 120, 0, 1_000_000),
  NOISYTRANSFER_WRONG_CODES_PER_MINUTE: wholeNumber("wrong codes (0: no limit)", 10, 0, 1_000_000),
  NOISYTRANSFER_MAILBOX_ITEMS: wholeNumber("items", 1024, 1, 100_000),
  NOISYTRANSFER_MAILBOX_BYTES: wholeNumber("bytes", 4_194_304, 1, gigabyte),
  NOISYTRANSFER_MAILBOXES_BYTES: wholeNumber("bytes", 134_217_728, 1, 64 * gigabyte)
}

export const noisyTransferSettings = protocolSettings({
  variables,
  read: (values): NoisyTransferSettings =>
    present({
      codeMs: values.NOISYTRANSFER_CODE_TTL_SECONDS * 1000,
      origins: values.NOISYTRANSFER_ORIGINS,
      maxPayloadBytes: values.NOISYTRANSFER_MAX_PAYLOAD_BYTES,
      budgets: {
        codesPerMinute: values.NOISYTRANSFER_CODES_PER_MINUTE,
        wrongCodesPerMinute: values.NOISYTRANSFER_WRONG_CODES_PER_MINUTE
      },
      mailboxes: {
        each: { items: values.NOISYTRANSFER_MAILBOX_ITEMS, bytes: values.NOISYTRANSFER_MAILBOX_BYTES },
        bytes: values.NOISYTRANSFER_MAILBOXES_BYTES
      }
    })
})
