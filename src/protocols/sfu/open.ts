/** The parts of the SFU, put together on what the core offers, when there is a media engine. */
import * as Redacted from "effect/Redacted"
import { sfuPart } from "../../http/sfu/part.ts"
import { aMinute } from "../../io/admission/budgets.ts"
import { keptKey } from "../../io/database/keptKey.ts"
import type { SfuBudget } from "../../io/sfu/budgets.ts"
import { createConferences } from "../../io/sfu/conferences.ts"
import { createDoor } from "../../io/sfu/door.ts"
import { participantCalls } from "../../io/sfu/engine/calls.ts"
import { createHoldings } from "../../io/sfu/engine/holdings.ts"
import {
  EngineMissing,
  type EngineNews,
  type MediaEngine,
  type OpenMediaEngine
} from "../../io/sfu/engine/mediaEngine.ts"
import { sfuLimits } from "../../io/sfu/limits.ts"
import { createParticipants } from "../../io/sfu/participants.ts"
import { createPlaces } from "../../io/sfu/places.ts"
import { createPresence } from "../../io/sfu/presence.ts"
import { createSeating, seatedHere } from "../../io/sfu/seating.ts"
import { createTakenNames } from "../../io/sfu/takenNames.ts"
import { takeCensus } from "../../io/sfu/telling/census.ts"
import { createEvents, lines } from "../../io/sfu/telling/events.ts"
import { measureSfu } from "../../io/sfu/telling/metrics.ts"
import { createTowerRows } from "../../io/sfu/telling/towerRows.ts"
import { createUsage } from "../../io/sfu/telling/usage.ts"
import { createTokens } from "../../io/sfu/tokens.ts"
import { describeError, errorText } from "../../io/telemetry/describeError.ts"
import { sfuKinds } from "../../machines/sfu/kinds.ts"
import type { Absence, Core, Parts } from "../../protocol.ts"
import { wireNumbers } from "../../wire/sfu/numbers.ts"
import type { SfuSettings } from "./settings.ts"

export const open = async (core: Core, settings: SfuSettings): Promise<Parts | Absence> => {
  let hear: (news: EngineNews) => void = () => {}
  const started = await startEngine(core, settings.media, (news) => hear(news))
  if ("absent" in started) return started
  const { engine, first } = started
  try {
    const { parts, told } = await assemble(core, settings, engine, first)
    hear = told
    return parts
  } catch (error) {
    await engine.close()
    throw error
  }
}

interface Started {
  readonly engine: MediaEngine
  /** Its first worker. */
  readonly first: { readonly pid: number }
}

/** Opens the engine and starts its first worker, without which there is nothing to serve. */
const startEngine = async (
  { thirdParties }: Core,
  { listenIp, announcedIp, port, workerBin }: SfuSettings["media"],
  told: (news: EngineNews) => void
): Promise<Started | Absence> => {
  // Loaded by those who have no other.
  const openEngine =
    (thirdParties["mediaEngine"] as OpenMediaEngine | undefined) ??
    (await import("../../io/sfu/engine/mediasoup.ts")).openMediasoup
  let engine: MediaEngine | undefined
  try {
    engine = await openEngine({ listenIp, announcedIp, port, workerBin }, told)
    return { engine, first: await engine.startWorker("0") }
  } catch (error) {
    await engine?.close()
    return {
      absent:
        error instanceof EngineMissing
          ? error.message
          : `The first media worker cannot be started (${errorText(error)}).`
    }
  }
}

const assemble = async (core: Core, settings: SfuSettings, engine: MediaEngine, first: Started["first"]) => {
  const { mount, environment, deadlines, registry, now } = core
  const tokens = createTokens({
    key:
      settings.secret === undefined
        ? await keptKey(core.database, "sfu_tokens")
        : new TextEncoder().encode(Redacted.value(settings.secret)),
    goodForSeconds: settings.tokenSeconds,
    now
  })
  const origins = core.originsOf(settings.origins)
  const recording = core.recorder.of(createEvents(now), { addressOf: (id) => participants.addressOf(id) })
  const presence = createPresence(wireNumbers.idCharacters)
  const holdings = createHoldings(engine)
  const log = core.telemetry.logFor(lines)
  const onFault = (error: unknown) => log("error", "sfu:place_error", describeError(error))
  const places = createPlaces({ database: core.database, node: core.node, lingerMs: sfuLimits.lingerMs, onFault })
  const names = createTakenNames({
    node: core.node,
    registry,
    presence,
    places,
    askTimeoutMs: sfuLimits.askTimeoutMs,
    now
  })
  const conferences = createConferences({
    engine,
    first,
    holdings,
    registry,
    workers: () => core.supervisor("mediaWorkers"),
    conferences: () => core.supervisor("conferences"),
    deadlines,
    record: recording.record,
    now
  })
  const participants = createParticipants({
    supervisor: () => core.supervisor("participants"),
    deadlines,
    record: recording.record,
    frames: core.frames,
    admitsUpgrade: origins.admitsUpgrade,
    door: createDoor(mount, tokens),
    presence,
    seating:
      core.node.mark === ""
        ? seatedHere
        : createSeating({ node: core.node, places, addressOf: core.addressOf, onFault }),
    calls: participantCalls(engine, holdings),
    holdings,
    place: conferences.place,
    now
  })
  const usage = createUsage({
    engine,
    usageFreshMs: sfuLimits.usageFreshMs,
    ratesFreshMs: sfuLimits.rates.freshMs,
    transports: sfuLimits.rates.transports
  })
  measureSfu({
    metrics: core.metrics,
    usage,
    census: () => takeCensus(core.supervisor("participants")),
    routers: conferences.count
  })

  const parts: Parts = {
    kinds: sfuKinds({
      participant: participants.machine,
      ...conferences.machines,
      settings: {
        participant: sfuLimits.participant,
        conference: { most: settings.participantsOfRoom, lingerMs: sfuLimits.lingerMs },
        worker: sfuLimits.worker
      },
      workers: settings.media.workers
    }),
    endpoints: { participantSockets: participants.endpoint, mediaRouters: conferences.endpoint, ...names.endpoints },
    sockets: participants.sockets,
    http: sfuPart({
      mount,
      tokens,
      freeId: names.freeId,
      hasLogin: settings.hasLogin,
      logins: core.budget("sfuLogins" satisfies SfuBudget, aMinute(wireNumbers.loginsPerMinute)),
      addressOf: (request) => core.addressOf(request).address,
      isForEverybody: settings.origins?.includes("*") ?? environment !== "production",
      allowsOrigin: origins.allows,
      record: recording.record,
      workerPid: conferences.workerPid,
      rooms: conferences.count
    }),
    tower: createTowerRows(usage, () => core.supervisor("participants").getSnapshot().children.size),
    heartbeat: () => ({ sfuParticipants: participants.count(), sfuConferences: conferences.count() }),
    close: () => {
      places.close()
      names.close()
      return engine.close()
    }
  }
  return { parts, told: conferences.hear }
}
