/** What an operator can set of named peers. .env.example explains each variable. */
import { protocolSettings } from "../../config/protocolSettings.ts"
import { ownOrigins, present, wholeNumber } from "../../config/variables.ts"

export interface NamedPeersSettings {
  /** Whose pages may connect; absent: see `Core.originsOf`. */
  readonly origins?: readonly string[]
  /** Names in one space at one time. */
  readonly namesOfSpace: number
}

const variables = {
  NAMED_PEERS_ORIGINS: ownOrigins,
  NAMED_PEERS_MAX: wholeNumber("names", 1000, 1, 1_000_000)
}

export const namedPeersSettings = protocolSettings({
  variables,
  read: (values): NamedPeersSettings =>
    present({ origins: values.NAMED_PEERS_ORIGINS, namesOfSpace: values.NAMED_PEERS_MAX })
})
