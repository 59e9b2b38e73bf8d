/** Somebody who watches the tower over its event stream. */

import type { RefusedOriginsView } from "../../src/io/admission/refusedOrigins.ts"
import type { FlightRow, RoomRow } from "../../src/io/dropsilk/telling/towerRows.ts"
import type { FeedEntry } from "../../src/io/tower/towerFeed.ts"
import type { Rows, TowerView } from "../../src/io/tower/towerView.ts"
import type { Vitals } from "../../src/io/tower/vitals.ts"

type ShownTower = TowerView & {
  readonly flights: Rows<FlightRow>
  readonly rooms: Rows<RoomRow>
  readonly refusedOrigins: RefusedOriginsView
  readonly crashes: readonly any[]
  readonly crashCounts: Readonly<Record<string, any>>
}

export class TowerWatcher {
  /** Everything that has come, as text. */
  text = ""
  /** The newest view. */
  view: ShownTower | undefined
  readonly entries: FeedEntry[] = []
  /** The newest reading of how the server is. */
  vitals: Vitals | undefined
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<string>
  #rest = ""

  private constructor(response: Response) {
    this.response = response
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  }

  static async open(url: string): Promise<TowerWatcher> {
    return new TowerWatcher(await fetch(url))
  }

  /** Reads on until the view fits, and gives it back. */
  async until(fits: (view: ShownTower, entries: readonly FeedEntry[]) => boolean): Promise<ShownTower> {
    while (this.view === undefined || !fits(this.view, this.entries)) {
      if (!(await this.#read())) throw new Error(`The stream has ended:\n${this.text}`)
    }
    return this.view
  }

  /** Reads on until what is said of how the server is fits. */
  async untilVitals(fits: (vitals: Vitals) => boolean): Promise<Vitals> {
    while (this.vitals === undefined || !fits(this.vitals)) {
      if (!(await this.#read())) throw new Error(`The stream has ended:\n${this.text}`)
    }
    return this.vitals
  }

  /** Ends by hand what the view shows under this id, as the page's button does. */
  async end(id: string): Promise<unknown> {
    const url = new URL(this.response.url)
    url.pathname = url.pathname.replace(/events$/, "end")
    url.searchParams.set("id", id)
    const answer = await fetch(url, { method: "POST" })
    return answer.ok ? answer.json() : answer.status
  }

  /** Reads to the end of the stream. */
  async ended(): Promise<void> {
    while (await this.#read());
  }

  close(): Promise<void> {
    return this.#reader.cancel()
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read()
    if (done) return false
    this.text += value
    const blocks = (this.#rest + value).split("\n\n")
    this.#rest = blocks.pop() ?? ""
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (event === "tower") this.view = JSON.parse(data as string)
      if (event === "vitals") this.vitals = JSON.parse(data as string)
      if (event === "feed") this.entries.push(...JSON.parse(data as string).entries)
    }
    return true
  }
}
