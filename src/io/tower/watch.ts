/**
 * The tower as watchers see it, over and over: one computation for all of them, no more often than eyes need and never
 * so often that it costs more than its share. While nobody watches nothing is computed and nothing kept but crashes.
 */
import type { ActorCrashed } from "../../machines/events.ts"
import type { RefusedOriginsView } from "../admission/refusedOrigins.ts"
import type { EventRow, NamedEvent } from "../telemetry/events/eventTable.ts"
import { type CrashEntry, crashEntry, feedEntry, type Happening, shownIdOf } from "./towerFeed.ts"
import { createTowerReader, type Ended, type ShownRows, type TowerSources } from "./towerView.ts"
import type { VitalSigns } from "./vitals.ts"

export interface WatchOptions extends TowerSources {
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refusedOrigins: () => RefusedOriginsView
  readonly vitals: VitalSigns
  /** Told when the tower could not be read, for the log. */
  readonly onFault: (error: unknown) => void
  /** See limits.ts for the units and reasons. */
  readonly limits: {
    readonly watchIntervalMs: number
    readonly watchRest: number
    readonly watchVitalsMs: number
    readonly watchFaultMs: number
    readonly watchRows: ShownRows
    readonly watchRemembered: number
    readonly watchEvents: number
    readonly watchCrashes: number
  }
}

export interface Watch {
  /** Takes a domain event and its row in the event table. */
  hear(event: NamedEvent, row: EventRow<NamedEvent>): void
  /**
   * Calls back with text as it goes into an event stream (WHATWG HTML, 9.2), until the returned function is called:
   * `tower` events hold the whole view, `feed` events what has happened since the one before, and `vitals` events, which
   * come even when nothing happens, how the server is.
   */
  subscribe(watcher: (text: string) => void): () => void
  /** What is told of a living actor, by the id it has in the view; undefined when it has ended. */
  story(name: string): object | undefined
  /** Tells a living actor to end, by the id it has in the view; undefined when it has ended, or cannot be ended by hand. */
  end(name: string): Ended | undefined
}

const frame = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`

const isCrash = (event: NamedEvent): event is ActorCrashed => event.name === "system:error"

export const createWatch = (options: WatchOptions): Watch => {
  const { version, startedAt, now, vitals, limits } = options
  const reader = createTowerReader(options, { rows: limits.watchRows, remembered: limits.watchRemembered })
  const shownId = shownIdOf(options.parts)
  const watchers = new Set<(text: string) => void>()

  const crashes: CrashEntry[] = []
  const crashCounts: Record<string, { crashed: number; restarted: number }> = {}
  let happenings: Happening[] = []
  let heard = 0

  /** What was shown last, without the times that differ in every update. */
  let shown = ""
  let pauseMs = limits.watchIntervalMs
  /** Milliseconds that the last look has taken. */
  let lastTook = 0
  /** On the clock of performance.now(), which never jumps. */
  let nextAt = 0
  let vitalsAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const everyMs = () => Math.round(pauseMs)
  const towerFrame = () => frame("tower", `{"at":${now()},"everyMs":${everyMs()},${shown.slice(1)}`)

  const takeFeed = (): string => {
    if (heard === 0) return ""
    const entries = happenings.map(feedEntry)
    const text = frame("feed", JSON.stringify({ everyMs: everyMs(), omitted: heard - entries.length, entries }))
    happenings = []
    heard = 0
    return text
  }

  /** A sign of life as well: whoever hears nothing of it for long knows that the stream was cut. */
  const takeVitals = (begunAt: number): string => {
    if (begunAt - vitalsAt < limits.watchVitalsMs) return ""
    vitalsAt = begunAt
    return frame("vitals", JSON.stringify({ everyMs: everyMs(), at: now(), ...vitals.read() }))
  }

  const show = (begunAt: number) => {
    const view = JSON.stringify({
      version,
      startedAt,
      ...reader.view(),
      refusedOrigins: options.refusedOrigins(),
      crashCounts,
      crashes
    })
    let text = takeFeed() + takeVitals(begunAt)
    if (view !== shown) {
      shown = view
      text = towerFrame() + text
    }
    if (text !== "") for (const watcher of watchers) watcher(text)
  }

  const look = () => {
    const begunAt = performance.now()
    let atLeast = limits.watchIntervalMs
    try {
      show(begunAt)
    } catch (error) {
      // A fault here would come again with every look, and must not end the server.
      atLeast = limits.watchFaultMs
      options.onFault(error)
    }
    const endedAt = performance.now()
    const took = endedAt - begunAt
    // One slow look is a compiler, a garbage collection or another process at work; two in a row are the crowd.
    pauseMs = Math.max(atLeast, Math.min(took, lastTook) * limits.watchRest)
    lastTook = took
    nextAt = endedAt + pauseMs
    schedule()
  }

  const schedule = () => {
    if (watchers.size === 0) return
    timer = setTimeout(look, Math.max(0, nextAt - performance.now()))
    timer.unref()
  }

  const forget = () => {
    clearTimeout(timer)
    happenings = []
    heard = 0
    shown = ""
    vitalsAt = Number.NEGATIVE_INFINITY
    vitals.end()
  }

  return {
    hear: (event, row) => {
      if (isCrash(event)) {
        const count = (crashCounts[event.kind] ??= { crashed: 0, restarted: 0 })
        count.crashed++
        if (event.restarted) count.restarted++
        crashes.unshift(crashEntry(now(), event, shownId))
        if (crashes.length > limits.watchCrashes) crashes.pop()
      }
      if (watchers.size === 0) return
      heard++
      happenings.push({ at: now(), event, row })
      if (happenings.length > limits.watchEvents) happenings.shift()
    },
    subscribe: (watcher) => {
      watchers.add(watcher)
      if (watchers.size === 1) {
        vitals.begin()
        schedule()
      } else if (shown !== "") watcher(towerFrame())
      return () => {
        if (watchers.delete(watcher) && watchers.size === 0) forget()
      }
    },
    story: reader.story,
    end: reader.end
  }
}
