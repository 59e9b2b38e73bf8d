/** What an operator can set of the SFU. .env.example explains each variable. */
import { isIP } from "node:net"
import * as Redacted from "effect/Redacted"
import { protocolSettings } from "../../config/protocolSettings.ts"
import { optional, ownOrigins, present, secret, text, unset, wholeNumber, word } from "../../config/variables.ts"

export interface SfuSettings {
  /** Of tokens. Absent: one is made once and kept in the database. */
  readonly secret?: Redacted.Redacted<string>
  /** Whether a token is given to whoever asks. */
  readonly hasLogin: boolean
  readonly tokenSeconds: number
  /** Whose pages may use it; absent: see `Core.originsOf`. */
  readonly origins?: readonly string[]
  readonly media: {
    /** The address that clients are told. */
    readonly announcedIp: string
    readonly listenIp: string
    /** Of the first worker; 0 lets the system choose. */
    readonly port: number
    readonly workers: number
    /** Absent: the one that came with mediasoup. */
    readonly workerBin?: string
  }
  /** Participants in one room at one time. */
  readonly participantsOfRoom: number
}

const address = text("an IP address", (raw) => (isIP(raw) === 0 ? undefined : raw))
/** A key as long as the digests that it makes: RFC 7518 3.2. */
const secretCharacters = 32

const variables = {
  SFU_JWT_SECRET: secret(`a key of at least ${secretCharacters} characters`),
  SFU_LOGIN: unset(word(["open", "off"]), "open"),
  SFU_TOKEN_TTL_SECONDS: wholeNumber("seconds", 7_200, 1, 366 * 86_400),
  SFU_ORIGINS: ownOrigins,
  SFU_ANNOUNCED_IP: unset(address, "127.0.0.1"),
  SFU_LISTEN_IP: unset(address, "0.0.0.0"),
  SFU_MEDIA_PORT: wholeNumber("a port (0: any free one)", 10_000, 0, 65_535),
  SFU_WORKERS: wholeNumber("workers", 1, 1, 256),
  MEDIASOUP_WORKER_BIN: optional(text("the path of a mediasoup-worker", (raw) => raw)),
  SFU_MAX_PARTICIPANTS: wholeNumber("participants", 50, 1, 10_000)
}

/** What the known server calls things, of those that nobody else would set. */
const otherNames: readonly (readonly [theirs: string, ours: string])[] = [
  ["ANNOUNCED_IP", "SFU_ANNOUNCED_IP"],
  ["MEDIASOUP_MIN_PORT", "SFU_MEDIA_PORT"],
  ["MEDIASOUP_MAX_PORT", "SFU_MEDIA_PORT"]
]

export const sfuSettings = protocolSettings({
  variables,
  read: (values): SfuSettings =>
    present({
      secret: values.SFU_JWT_SECRET,
      hasLogin: values.SFU_LOGIN === "open",
      tokenSeconds: values.SFU_TOKEN_TTL_SECONDS,
      origins: values.SFU_ORIGINS,
      media: present({
        announcedIp: values.SFU_ANNOUNCED_IP,
        listenIp: values.SFU_LISTEN_IP,
        port: values.SFU_MEDIA_PORT,
        workers: values.SFU_WORKERS,
        workerBin: values.MEDIASOUP_WORKER_BIN
      }),
      participantsOfRoom: values.SFU_MAX_PARTICIPANTS
    }),
  faults: (environment, values) => {
    const { SFU_JWT_SECRET: given, SFU_MEDIA_PORT: port, SFU_WORKERS: workers } = values
    const isGuessable = given !== undefined && [...Redacted.value(given)].length < secretCharacters
    return [
      ...(environment === "production" && isGuessable
        ? [
            `SFU_JWT_SECRET=<redacted>: expected a key of at least ${secretCharacters} characters when NODE_ENV=production`
          ]
        : []),
      ...(port !== 0 && port + workers - 1 > 65_535
        ? [`SFU_MEDIA_PORT=${port}: expected a port with one for each of ${workers} workers, as SFU_WORKERS says`]
        : [])
    ]
  },
  warnings: (environment, isSet) => [
    ...otherNames
      .filter(([theirs]) => isSet(theirs))
      .map(([theirs, ours]) => `${theirs} is not read: the SFU has ${ours}`),
    ...(environment === "production" && !isSet("SFU_ANNOUNCED_IP")
      ? ["SFU_ANNOUNCED_IP is not set: clients are told to send their media to 127.0.0.1, which is themselves"]
      : [])
  ]
})
