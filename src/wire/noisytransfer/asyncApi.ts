/** NoisyTransfer's WebSocket protocol, described for programs. */
import { asyncApiOf } from "../core/asyncApi.ts"
import { closeCodes } from "./errors.ts"
import { type ClientFrameType, clientFrames, serverFrames } from "./frames.ts"

const query = {
  type: "object",
  required: ["appID", "side"],
  properties: {
    appID: { type: "string", description: "A UUID in any spelling; each spelling is a room of its own." },
    side: { type: "string", enum: ["A", "B"] },
    sid: {
      type: "string",
      description:
        "What the client calls its session: a newcomer of the same one takes a side over from a socket that is dead. With it, be it empty, items come as `deliver`, counted from 1."
    }
  }
}

/** The document; `version` is the server's, `budgets` are those that each frame of a client takes from. */
export const asyncApiDocument = (
  version: string,
  budgets: Readonly<Record<ClientFrameType, readonly string[]>>,
  mount: string
): unknown =>
  asyncApiOf({
    title: "NoisyTransfer's relay and mailboxes",
    version,
    description: [
      "JSON objects as text frames, or as binary frames of the same UTF-8; `type` in any letter case. Anything else is passed by in silence.",
      "How the server closes:",
      ...Object.values(closeCodes).map(
        ({ code, reason, when, duty }) => `- ${code}${reason === "" ? "" : ` ${reason}`}: ${when} ${duty}`
      )
    ].join("\n"),
    address: mount === "/" ? "/ws" : `${mount}/ws`,
    query,
    clientFrames,
    serverFrames,
    budgets
  })
