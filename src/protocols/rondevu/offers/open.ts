/** The parts of topic offers, put together on what the core offers. */
import { randomBytes } from "node:crypto"
import * as Redacted from "effect/Redacted"
import { offerPart } from "../../../http/rondevu/offers/part.ts"
import { keptKey } from "../../../io/database/keptKey.ts"
import { createRevisions } from "../../../io/database/revisions.ts"
import { createExpiredCleanup } from "../../../io/rondevu/cleanup.ts"
import { rondevuLimits } from "../../../io/rondevu/limits.ts"
import { createAnswerIndex } from "../../../io/rondevu/offers/answerIndex.ts"
import { createOfferBudgets } from "../../../io/rondevu/offers/budgets.ts"
import { createCredentials } from "../../../io/rondevu/offers/credentials.ts"
import { offerLimits } from "../../../io/rondevu/offers/limits.ts"
import { createOfferDesk } from "../../../io/rondevu/offers/offerDesk.ts"
import { createOfferList } from "../../../io/rondevu/offers/offerList.ts"
import { createOfferNews } from "../../../io/rondevu/offers/offerNews.ts"
import { createOfferRows } from "../../../io/rondevu/offers/offerRows.ts"
import { createOfferMachine, createOffers } from "../../../io/rondevu/offers/offers.ts"
import { createPublishing } from "../../../io/rondevu/offers/publishing.ts"
import { createOfferStore, createStoreSize } from "../../../io/rondevu/offers/storeSize.ts"
import { events, lines } from "../../../io/rondevu/offers/telling/events.ts"
import { createTopicCounts } from "../../../io/rondevu/offers/topicCounts.ts"
import { rondevuTower } from "../../../io/rondevu/towerRows.ts"
import { describeError } from "../../../io/telemetry/describeError.ts"
import { offerKind } from "../../../machines/rondevu/addresses.ts"
import { offerKinds } from "../../../machines/rondevu/kinds.ts"
import type { Core, Parts } from "../../../protocol.ts"
import { offerNumbers } from "../../../wire/rondevu/offers/numbers.ts"
import type { OfferSettings } from "./settings.ts"

export const open = async (core: Core, settings: OfferSettings): Promise<Parts> => {
  const { now, deadlines, registry, node } = core
  const { askTimeoutMs, restMs, retryMs, revisionsMs, cleanupBatch, shownTopics } = rondevuLimits
  const log = core.telemetry.logFor(lines)
  const { record } = core.recorder.of(events, { addressOf: () => undefined, afterwards: () => {} })
  const onFault = (error: unknown) => log("error", "offers:error", describeError(error))
  const supervisor = () => core.supervisor(offerKind)
  const living = () => supervisor().getSnapshot().children.size

  const keys =
    settings.keys === undefined
      ? ([await keptKey(core.database, "rondevu_auth")] as const)
      : Redacted.value(settings.keys)
  const rows = core.traced("database", createOfferRows(core.database))
  const list = core.traced("database", createOfferList(core.database, { pageRows: offerLimits.filterPage }))
  const store = core.traced("database", createOfferStore(core.database))
  const size = createStoreSize({
    store,
    mostBytes: settings.storeBytes,
    freshMs: offerLimits.measureMs,
    staleMs: settings.cleanupMs,
    now
  })

  const offers = createOffers({
    registry,
    node,
    supervisor,
    askTimeoutMs,
    inUse: () => offerWatch.wake(),
    now
  })
  const answers = createAnswerIndex({
    list,
    restMs,
    peers: offerLimits.polledPeers,
    inUse: () => answerWatch.wake(),
    now
  })
  const counts = createTopicCounts({ list, freshMs: offerLimits.countMs, topics: offerLimits.countedTopics })
  const news = createOfferNews({ node, registry, answers, counts, timeoutMs: revisionsMs, now })
  const offerWatch = createRevisions<number>({
    inUse: offers.revisions,
    read: rows.revisions,
    differs: offers.revised,
    onFault,
    everyMs: revisionsMs
  })
  const answerWatch = createRevisions<string | null>({
    inUse: answers.marks,
    read: list.marks,
    differs: answers.forget,
    onFault,
    everyMs: revisionsMs
  })

  core.metrics.gauge({
    name: "rondevu_offers_in_use",
    help: "Offers that somebody answers or polls now.",
    read: (gauge) => gauge.set(living())
  })
  core.metrics.gauge({
    name: "rondevu_offers_stored",
    help: "Unexpired offers, as last measured.",
    read: (gauge) => gauge.set(size.offers)
  })
  core.metrics.gauge({
    name: "rondevu_offer_bytes_stored",
    help: "Bytes of offers with answers and candidates, as last measured and written since.",
    read: (gauge) => gauge.set(size.bytes)
  })

  const desk = createOfferDesk({
    credentials: createCredentials(keys),
    budgets: createOfferBudgets(core.budget, { ...offerLimits, wrongSecretsPerMinute: settings.wrongSecretsPerMinute }),
    lifetimes: settings.lifetimes,
    publish: createPublishing(core.database, {
      bounds: offerLimits.ofPeer,
      randomId: () => randomBytes(offerNumbers.offerIdBytes).toString("hex"),
      attempts: offerLimits.publishAttempts
    }),
    list,
    offers,
    answers,
    counts,
    news,
    size,
    record,
    now
  })

  return {
    kinds: offerKinds(createOfferMachine(rows, deadlines, record), {
      restMs,
      retryMs,
      candidatesOfSide: offerNumbers.candidatesOfSide
    }),
    endpoints: { ...offers.endpoints, ...news.endpoints },
    http: offerPart({
      mount: core.mount,
      version: core.version,
      desk,
      bounds: settings.bounds,
      addressOf: (request) => core.addressOf(request).address,
      allowsOrigin: core.originsOf(settings.origins).allows,
      onFault,
      now
    }),
    jobs: {
      rondevuOfferCleanup: {
        schedule: { everyMinutes: settings.cleanupMs / 60_000 },
        work: createExpiredCleanup({
          remove: store.removeExpired,
          batch: cleanupBatch,
          afterwards: size.measure,
          onRemoved: (removed) => log("info", "offers:cleaned", { removed }),
          onFault: (error) => log("error", "offers:cleanup_error", describeError(error)),
          now
        })
      }
    },
    tower: rondevuTower({
      kind: offerKind,
      one: "offer",
      onFault,
      topics: {
        title: "Topics of Rondevu offers",
        counted: "Peers",
        read: async () => {
          const { total, topics } = await list.topics({ limit: shownTopics, offset: 0, startsWith: "", at: now() })
          return { total, topics: topics.map(({ topic, activePeers }) => [topic, activePeers]) }
        }
      }
    }),
    heartbeat: () => ({ activeRondevuOffers: living() }),
    close: () => {
      offerWatch.close()
      answerWatch.close()
      offers.close()
      news.close()
    }
  }
}
