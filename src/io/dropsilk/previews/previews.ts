/** Previews, if there is a token for them: UploadThing's SDK, and which files it keeps for us. */
import { type Finding, fault } from "../../../check/finding.ts"
import type { Core } from "../../../protocol.ts"
import type { DropSilkSettings } from "../../../protocols/dropsilk/settings.ts"
import { dropSilkLimits } from "../limits.ts"
import type { DropSilkLog } from "../telling/events.ts"
import { createUploadRows, type UploadStore } from "./uploadRows.ts"
import { createUploadThing, isSdkInstalled, readsToken, type UploadThing } from "./uploadthing.ts"

export interface Previews {
  readonly store: UploadStore
  /** Absent: there is no usable token. */
  readonly uploadThing: UploadThing | undefined
}

type Settings = DropSilkSettings["previews"]

const faultOf = ({ uploadthingToken }: Settings): string | undefined => {
  if (uploadthingToken === undefined) return undefined
  if (!readsToken(uploadthingToken)) return "UPLOADTHING_TOKEN is no token as UploadThing shows it"
  if (!isSdkInstalled()) {
    return "UPLOADTHING_TOKEN is set, and the package uploadthing is not installed: install without --omit=peer"
  }
  return undefined
}

export const checkPreviews = (settings: Settings): readonly Finding[] => {
  const found = faultOf(settings)
  return found === undefined ? [] : [fault("previews", `${found}. Previews are off.`)]
}

export const openPreviews = (core: Core, settings: Settings, log: DropSilkLog): Previews => {
  const { uploadthingToken: token } = settings
  const store = core.traced("database", createUploadRows(core.database))
  const fault = faultOf(settings)
  if (fault !== undefined) core.telemetry.log("warn", "system:startup", { warning: `${fault}. Previews are off` })
  if (token === undefined || fault !== undefined) return { store, uploadThing: undefined }

  const { answer, deleteFiles, close } = createUploadThing({
    token,
    callbackUrl: () => `${core.publicUrl()}/api/uploadthing`,
    unreachable: core.environment === "development" && !core.isPublic,
    store,
    log,
    timeoutMs: dropSilkLimits.uploadThingTimeoutMs,
    listing: dropSilkLimits.previewListing,
    endpoints: core.thirdParties["uploadthing"] as Parameters<typeof createUploadThing>[0]["endpoints"]
  })
  return { store, uploadThing: { ...core.traced("uploadthing", { answer, deleteFiles }), close } }
}
