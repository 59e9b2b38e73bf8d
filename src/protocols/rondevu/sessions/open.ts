/** The parts of the older sessions, put together on what the core offers. */
import { sessionPart } from "../../../http/rondevu/sessions/part.ts"
import { createExpiredCleanup } from "../../../io/rondevu/cleanup.ts"
import { rondevuLimits } from "../../../io/rondevu/limits.ts"
import { createSessionBudgets } from "../../../io/rondevu/sessions/budgets.ts"
import { sessionLimits } from "../../../io/rondevu/sessions/limits.ts"
import { createSessionDesk } from "../../../io/rondevu/sessions/sessionDesk.ts"
import { createSessionList } from "../../../io/rondevu/sessions/sessionList.ts"
import { createSessionRows } from "../../../io/rondevu/sessions/sessionRows.ts"
import { createSessionMachine, createSessions } from "../../../io/rondevu/sessions/sessions.ts"
import { events, lines } from "../../../io/rondevu/sessions/telling/events.ts"
import { createSessionWatch } from "../../../io/rondevu/sessions/watch.ts"
import { rondevuTower } from "../../../io/rondevu/towerRows.ts"
import { describeError } from "../../../io/telemetry/describeError.ts"
import { sessionKind } from "../../../machines/rondevu/addresses.ts"
import { sessionKinds } from "../../../machines/rondevu/kinds.ts"
import type { Core, Parts } from "../../../protocol.ts"
import { sessionNumbers } from "../../../wire/rondevu/sessions/numbers.ts"
import type { SessionSettings } from "./settings.ts"

export const open = (core: Core, settings: SessionSettings): Parts => {
  const { now, deadlines, registry, node } = core
  const { askTimeoutMs, restMs, retryMs, revisionsMs, cleanupBatch, shownTopics } = rondevuLimits
  const log = core.telemetry.logFor(lines)
  const { record } = core.recorder.of(events, { addressOf: () => undefined, afterwards: () => {} })
  const onFault = (error: unknown) => log("error", "sessions:error", describeError(error))
  const supervisor = () => core.supervisor(sessionKind)
  const living = () => supervisor().getSnapshot().children.size

  const rows = core.traced("database", createSessionRows(core.database))
  const list = core.traced("database", createSessionList(core.database, sessionLimits))
  const sessions = createSessions({ registry, node, supervisor, askTimeoutMs, inUse: () => watch.wake(), now })
  const watch = createSessionWatch({ sessions, rows, onFault, everyMs: revisionsMs })
  const desk = createSessionDesk({
    budgets: createSessionBudgets(core.budget, sessionLimits),
    list,
    sessions,
    lifeMs: settings.lifeMs,
    record,
    now
  })

  let stored = 0
  core.metrics.gauge({
    name: "rondevu_sessions_in_use",
    help: "Sessions that somebody answers or polls now.",
    read: (gauge) => gauge.set(living())
  })
  core.metrics.gauge({
    name: "rondevu_sessions_stored",
    help: "Unexpired sessions, as counted when expired ones were last removed.",
    read: (gauge) => gauge.set(stored)
  })

  return {
    kinds: sessionKinds(createSessionMachine(rows, deadlines, record), {
      restMs,
      retryMs,
      candidatesOfSide: sessionNumbers.candidatesOfSide
    }),
    endpoints: sessions.endpoints,
    http: sessionPart({
      mount: core.mount,
      version: core.version,
      desk,
      addressOf: (request) => core.addressOf(request).address,
      allowsOrigin: core.originsOf(settings.origins).allows,
      onFault,
      now
    }),
    jobs: {
      rondevuSessionCleanup: {
        schedule: { everyMinutes: settings.cleanupMs / 60_000 },
        work: createExpiredCleanup({
          remove: list.removeExpired,
          batch: cleanupBatch,
          afterwards: async () => {
            stored = await list.count(now())
          },
          onRemoved: (removed) => log("info", "sessions:cleaned", { removed }),
          onFault: (error) => log("error", "sessions:cleanup_error", describeError(error)),
          now
        })
      }
    },
    tower: rondevuTower({
      kind: sessionKind,
      one: "session",
      onFault,
      topics: {
        title: "Topics of Rondevu sessions",
        counted: "Unanswered",
        read: () => list.busiest({ at: now(), limit: shownTopics })
      }
    }),
    heartbeat: () => ({ activeRondevuSessions: living() }),
    close: () => {
      watch.close()
      sessions.close()
    }
  }
}
