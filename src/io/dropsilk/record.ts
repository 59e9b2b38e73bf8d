/** What is done with every event of DropSilk. */
import type { DropSilkEvent } from "../../machines/dropsilk/events.ts"
import type { Links } from "../sockets/link.ts"
import type { Recording } from "../telemetry/recorder.ts"
import type { createStories } from "./stories.ts"

export interface RecordOptions {
  readonly recording: Pick<Recording<DropSilkEvent>, "record">
  readonly stories: Pick<ReturnType<typeof createStories>, "hear">
  readonly links: Pick<Links, "forget">
}

export const createRecord =
  ({ recording, stories, links }: RecordOptions) =>
  (event: DropSilkEvent): void => {
    const isUntold = recording.record(event) === "omitted"
    // A flight that is not worth a line is worth no story.
    if (!(isUntold && event.name === "flight:created")) stories.hear(event)
    // Its story has heard how many signals there were.
    if (event.name === "flight:ended") links.forget(event.flightId)
  }
