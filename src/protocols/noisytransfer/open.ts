/** NoisyTransfer's parts, put together on what the core offers. */
import { noisyTransferPart } from "../../http/noisytransfer/part.ts"
import { createReadiness } from "../../io/database/readiness.ts"
import { createNoisyTransferBudgets } from "../../io/noisytransfer/budgets.ts"
import { createAlarm } from "../../io/noisytransfer/codes/alarm.ts"
import { createCodeCleanup } from "../../io/noisytransfer/codes/cleanup.ts"
import { createCodeDesk } from "../../io/noisytransfer/codes/codeDesk.ts"
import { createCodeRows } from "../../io/noisytransfer/codes/codeRows.ts"
import { noisyTransferLimits } from "../../io/noisytransfer/limits.ts"
import { createMailStore } from "../../io/noisytransfer/mailStore.ts"
import { createConnections } from "../../io/noisytransfer/sockets/connections.ts"
import { events, lines } from "../../io/noisytransfer/telling/events.ts"
import { createRelayMetrics } from "../../io/noisytransfer/telling/metrics.ts"
import { createTowerRows } from "../../io/noisytransfer/telling/towerRows.ts"
import { describeError } from "../../io/telemetry/describeError.ts"
import { contextOf } from "../../io/tower/actorSnapshots.ts"
import { connectionKind, roomKind, socketKind } from "../../machines/noisytransfer/addresses.ts"
import { noisyTransferKinds } from "../../machines/noisytransfer/kinds.ts"
import type { RoomContext } from "../../machines/noisytransfer/relayRoom/roomContext.ts"
import { sides } from "../../machines/noisytransfer/relayRoom/seats.ts"
import type { Absence, Core, Parts } from "../../protocol.ts"
import type { NoisyTransferSettings } from "./settings.ts"

/** What would be too much for one message between nodes; undefined: nothing. */
const tooLargeForNodes = (core: Core, { maxPayloadBytes, mailboxes }: NoisyTransferSettings): string | undefined => {
  const { payloadBytes, mailboxBytes } = noisyTransferLimits.betweenNodes
  if (core.node.mark === "") return undefined
  if (maxPayloadBytes > payloadBytes) return `NOISYTRANSFER_MAX_PAYLOAD_BYTES is ${payloadBytes} at most in a cluster`
  if (mailboxes.each.bytes > mailboxBytes) return `NOISYTRANSFER_MAILBOX_BYTES is ${mailboxBytes} at most in a cluster`
  return undefined
}

export const open = (core: Core, settings: NoisyTransferSettings): Parts | Absence => {
  const tooLarge = tooLargeForNodes(core, settings)
  if (tooLarge !== undefined) return { absent: tooLarge }
  const { now, deadlines } = core
  const { mailboxes, codeMs } = settings
  const { askTimeoutMs, contestMs, replay, replayUnsentBytes, mailboxesItems } = noisyTransferLimits
  const log = core.telemetry.logFor(lines)
  const origins = core.originsOf(settings.origins)
  const living = (kind: string) => core.supervisor(kind).getSnapshot().children

  const seated = () => {
    let peers = 0
    for (const room of living(roomKind).values()) {
      const sitters = contextOf<RoomContext>(room)?.sitters
      if (sitters !== undefined) peers += sides.filter((side) => sitters[side] !== null).length
    }
    return peers
  }
  const page = core.metricsPage("nt_")
  const metrics = createRelayMetrics({
    page,
    rooms: () => living(roomKind).size,
    peers: seated,
    modes: noisyTransferLimits.modes
  })
  const recording = core.recorder.of(events, {
    addressOf: (clientId) => connections.addressOf(clientId),
    afterwards: (event) => {
      if (event.name === "relay:room_ended") connections.links.forget(event.roomId)
      metrics.hear(event)
    }
  })
  const mail = createMailStore({ items: mailboxesItems, bytes: mailboxes.bytes })
  const connections = createConnections({
    mount: core.mount,
    supervisor: () => core.supervisor(connectionKind),
    node: core.node,
    registry: core.registry,
    deadlines,
    record: recording.record,
    mail,
    metrics,
    frames: core.frames,
    admitsUpgrade: origins.admitsUpgrade,
    maxPayloadBytes: settings.maxPayloadBytes,
    replayUnsentBytes,
    now
  })

  const store = core.traced("database", createCodeRows(core.database, noisyTransferLimits.liveCodes))
  const readiness = createReadiness({
    probe: store.probe,
    onFault: (error) => log("error", "rendezvous:error", describeError(error)),
    ...noisyTransferLimits.readiness
  })
  const desk = createCodeDesk({
    store,
    budgets: createNoisyTransferBudgets(core.budget, { settings: settings.budgets, ...noisyTransferLimits }),
    alarm: createAlarm({ ...noisyTransferLimits.alarm, now: () => performance.now() }),
    record: recording.record,
    codeMs,
    drawsOfALength: noisyTransferLimits.drawsOfALength,
    now
  })

  return {
    kinds: noisyTransferKinds({
      ...connections.machines,
      settings: {
        connection: { mark: core.node.mark, askTimeoutMs, replay },
        room: { mailbox: mailboxes.each, contestMs }
      }
    }),
    endpoints: { [socketKind]: connections.endpoint },
    sockets: connections.sockets,
    http: noisyTransferPart({
      mount: core.mount,
      version: core.version,
      desk,
      addressOf: (request) => core.addressOf(request).address,
      log,
      readiness: readiness.check,
      page,
      allowsOrigin: origins.allows,
      close: readiness.stop
    }),
    jobs: { rendezvousCodeCleanup: { schedule: { everyMinutes: 1 }, work: createCodeCleanup({ store, log, now }) } },
    tower: createTowerRows(connections.links, () => living(connectionKind).size),
    heartbeat: () => ({ activeRelayRooms: living(roomKind).size })
  }
}
