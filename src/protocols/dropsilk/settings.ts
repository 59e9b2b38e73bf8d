/** What an operator can set of DropSilk. .env.example explains each variable. */
import type * as Redacted from "effect/Redacted"
import { type BuiltInOrigins, protocolSettings } from "../../config/protocolSettings.ts"
import {
  type CleanupSchedule,
  cronExpression,
  failedJoins,
  hoursOfTenYears,
  longestTimerMinutes,
  minutesOfAYear,
  optional,
  present,
  seconds,
  secret,
  text,
  wholeNumber,
  word
} from "../../config/variables.ts"

export interface DropSilkSettings {
  readonly rooms: {
    readonly timeToLiveMs: number
    /** How long a participant who has left may come back; 0: not at all. */
    readonly seatReturnMs: number
    /** How long its peer is not told of a participant whose socket has broken off; 0: it is told at once. */
    readonly abruptGraceMs: number
    readonly cleanup: CleanupSchedule
  }
  readonly previews: {
    readonly uploadthingToken?: Redacted.Redacted<string>
    readonly retentionHours: number
    readonly cleanup: CleanupSchedule
  }
  readonly contact: { readonly email?: string; readonly recaptchaSecretKey?: Redacted.Redacted<string> }
  /** Whether there is a page to try the server with; absent: everywhere but in production. */
  readonly tryPage?: "on" | "off"
  /** What one address or participant may do; 0: there is no limit. */
  readonly budgets: {
    readonly roomsPerMinute: number
    readonly guessesPerMinute: number
    readonly pollsPerSecond: number
  }
}

/**
 * The pages of the deployment that silktower took over from: let in only where nobody has said who is. Whoever sets
 * one of the two variables runs another deployment, to which these are strangers.
 */
const builtInOrigins: BuiltInOrigins = {
  allowed: ["https://dropsilk.xyz", "https://www.dropsilk.xyz", "https://dropsilk.vercel.app", "app://."],
  previewPattern: /^https:\/\/dropsilk-[a-zA-Z0-9]+-ahmed-arats-projects\.vercel\.app$/
}

const variables = {
  MAX_ROOMS_PER_MINUTE: wholeNumber("rooms (0: no limit)", 60, 0, 1_000_000),
  MAX_FAILED_JOINS_PER_MINUTE: failedJoins,
  MAX_POLLS_PER_SECOND: wholeNumber("polls (0: no limit)", 10, 0, 1_000_000),

  ROOM_TTL_MINUTES: wholeNumber("minutes", 30, 1, minutesOfAYear),
  SEAT_RETURN_SECONDS: seconds(30, 3600),
  ABRUPT_GRACE_SECONDS: seconds(5, 60),
  ROOM_CLEANUP_INTERVAL_MINUTES: wholeNumber("minutes", 5, 1, longestTimerMinutes),
  ROOM_CLEANUP_CRON: cronExpression,

  UPLOADTHING_TOKEN: secret("a token"),
  PREVIEW_RETENTION_HOURS: wholeNumber("hours", 24, 1, hoursOfTenYears),
  PREVIEW_CLEANUP_INTERVAL_MINUTES: wholeNumber("minutes", 60, 1, longestTimerMinutes),
  PREVIEW_CLEANUP_CRON: cronExpression,

  RECAPTCHA_SECRET_KEY: secret("a key"),
  CONTACT_EMAIL: optional(text("an e-mail address", (raw) => (/^[^\s@]+@[^\s@]+$/.test(raw) ? raw : undefined))),

  TRY_PAGE: optional(word(["on", "off"]))
}

export const dropSilkSettings = protocolSettings({
  variables,
  read: (values): DropSilkSettings => ({
    ...present({ tryPage: values.TRY_PAGE }),
    rooms: {
      timeToLiveMs: values.ROOM_TTL_MINUTES * 60_000,
      seatReturnMs: values.SEAT_RETURN_SECONDS * 1000,
      abruptGraceMs: values.ABRUPT_GRACE_SECONDS * 1000,
      cleanup: present({ everyMinutes: values.ROOM_CLEANUP_INTERVAL_MINUTES, cron: values.ROOM_CLEANUP_CRON })
    },
    previews: present({
      uploadthingToken: values.UPLOADTHING_TOKEN,
      retentionHours: values.PREVIEW_RETENTION_HOURS,
      cleanup: present({ everyMinutes: values.PREVIEW_CLEANUP_INTERVAL_MINUTES, cron: values.PREVIEW_CLEANUP_CRON })
    }),
    contact: present({ email: values.CONTACT_EMAIL, recaptchaSecretKey: values.RECAPTCHA_SECRET_KEY }),
    budgets: {
      roomsPerMinute: values.MAX_ROOMS_PER_MINUTE,
      guessesPerMinute: values.MAX_FAILED_JOINS_PER_MINUTE,
      pollsPerSecond: values.MAX_POLLS_PER_SECOND
    }
  }),
  needed: [
    [
      ["PUBLIC_SERVER_URL", "PREVIEW_RETENTION_HOURS", "PREVIEW_CLEANUP_INTERVAL_MINUTES", "PREVIEW_CLEANUP_CRON"],
      "UPLOADTHING_TOKEN"
    ],
    [["CONTACT_EMAIL"], "RECAPTCHA_SECRET_KEY"],
    [["RECAPTCHA_SECRET_KEY"], "CONTACT_EMAIL"]
  ],
  overruled: [
    ["ROOM_CLEANUP_INTERVAL_MINUTES", "ROOM_CLEANUP_CRON"],
    ["PREVIEW_CLEANUP_INTERVAL_MINUTES", "PREVIEW_CLEANUP_CRON"]
  ],
  // In development UploadThing's SDK asks for the news by itself.
  warnings: (environment, isSet) =>
    environment === "production" && isSet("UPLOADTHING_TOKEN") && !isSet("PUBLIC_SERVER_URL")
      ? ["UPLOADTHING_TOKEN has no effect without PUBLIC_SERVER_URL in production: UploadThing cannot call back"]
      : [],
  origins: builtInOrigins
})
