/** What is done with an event of DropSilk once it has been recorded: its story hears of it. */
import type { DropSilkEvent } from "../../../machines/dropsilk/events.ts"
import type { Links } from "../../sockets/link.ts"
import type { createStories } from "./stories.ts"

export interface AfterRecordingOptions {
  readonly stories: Pick<ReturnType<typeof createStories>, "hear">
  readonly links: Pick<Links, "forget">
}

/** `said`: whether the event's line was left out, as too many such were written already. */
export const createAfterRecording =
  ({ stories, links }: AfterRecordingOptions) =>
  (event: DropSilkEvent, said?: "omitted" | void): void => {
    // A flight that is not worth a line is worth no story.
    if (said !== "omitted" || event.name !== "flight:created") stories.hear(event)
    // Its story has heard how many signals there were.
    if (event.name === "flight:ended") links.forget(event.flightId)
  }
