/** What an operator can set of the older sessions. .env.example explains each variable. */
import { protocolSettings } from "../../../config/protocolSettings.ts"
import { wholeNumber } from "../../../config/variables.ts"
import { type SharedSettings, sharedSettings, sharedVariables } from "../settings.ts"

export interface SessionSettings extends SharedSettings {
  /** Milliseconds that a session lives. */
  readonly lifeMs: number
}

const day = 86_400_000

export const sessionSettings = protocolSettings({
  variables: {
    ...sharedVariables,
    RONDEVU_SESSION_TTL: wholeNumber("milliseconds", 300_000, 1_000, day)
  },
  read: (values): SessionSettings => ({ ...sharedSettings(values), lifeMs: values.RONDEVU_SESSION_TTL })
})
