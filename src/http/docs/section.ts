/** What the page consists of. */
import type { Html } from "./html.ts"

/** An endpoint or a frame. */
export interface Entry {
  readonly id: string
  readonly title: Html
  /** What it is called in the table of contents. */
  readonly label: string
  readonly body: Html
}

export interface Section {
  readonly id: string
  readonly title: string
  readonly intro: Html
  readonly entries: readonly Entry[]
}
