/** DropSilk's WebSocket protocol, described for programs. */
import { asyncApiOf } from "../core/asyncApi.ts"
import { frameErrors } from "./errors.ts"
import { clientFrames, serverFrames } from "./frames.ts"

/** The document; `version` is the server's, `budgets` are those that each frame of a client takes from. */
export const asyncApiDocument = (
  version: string,
  budgets: Readonly<Record<keyof typeof clientFrames, readonly string[]>>,
  mount = "/"
): unknown =>
  asyncApiOf({
    title: "DropSilk: flights, rooms and neighbours",
    version,
    description: [
      `Text frames of JSON objects. Any path ${mount === "/" ? "" : `below ${mount} `}upgrades.`,
      "Errors (`error` frames; the connection stays open):",
      ...Object.values(frameErrors).map(({ message, duty }) => `- ${message}: ${duty}`)
    ].join("\n"),
    address: mount,
    clientFrames,
    serverFrames,
    budgets
  })
