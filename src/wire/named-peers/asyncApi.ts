/** The WebSocket protocol of named peers, described for programs. */
import { asyncApiOf } from "../core/asyncApi.ts"
import { closings, frameErrors } from "./errors.ts"
import { clientFrames, serverFrames } from "./frames.ts"

/** The document; `version` is the server's, `budgets` are those that each frame of a client takes from. */
export const asyncApiDocument = (
  version: string,
  budgets: Readonly<Record<keyof typeof clientFrames, readonly string[]>>,
  mount: string
): unknown =>
  asyncApiOf({
    title: "Named peers",
    version,
    description: [
      "Frames of JSON objects with a string `type`, text or binary UTF-8. `?space=…` asks for a space of one's own.",
      "Errors (`error` frames):",
      ...Object.entries(frameErrors).map(([error, { when, duty }]) => `- ${error}: ${when} ${duty}`),
      "Close codes:",
      ...Object.values(closings).map(({ code, reason, when, duty }) => `- ${code} ${reason}: ${when} ${duty}`)
    ].join("\n"),
    address: mount,
    clientFrames,
    serverFrames,
    budgets
  })
