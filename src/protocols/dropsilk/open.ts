/** DropSilk's parts, put together on what the core offers. */
import { dropSilkPart } from "../../http/dropsilk/part.ts"
import { tryPath } from "../../http/dropsilk/try/tryPage.ts"
import { createDropSilkBudgets } from "../../io/dropsilk/budgets.ts"
import { createPreviewCleanup, createRoomCleanup } from "../../io/dropsilk/cleanups.ts"
import { aliasOf, createIdentities } from "../../io/dropsilk/identities.ts"
import { dropSilkLimits } from "../../io/dropsilk/limits.ts"
import { openPreviews } from "../../io/dropsilk/previews/previews.ts"
import { createAround } from "../../io/dropsilk/rooms/around.ts"
import { createPolls } from "../../io/dropsilk/rooms/polls.ts"
import { createRoomRows } from "../../io/dropsilk/rooms/roomRows.ts"
import { createRoomDesk, createRoomMachine } from "../../io/dropsilk/rooms/rooms.ts"
import { createConnections } from "../../io/dropsilk/sockets/connections.ts"
import { listSizes } from "../../io/dropsilk/sockets/frames.ts"
import { createAfterRecording } from "../../io/dropsilk/telling/afterRecording.ts"
import { events, lines } from "../../io/dropsilk/telling/events.ts"
import { createStories } from "../../io/dropsilk/telling/stories.ts"
import { createTowerRows } from "../../io/dropsilk/telling/towerRows.ts"
import type { DropSilkEvent } from "../../machines/dropsilk/events.ts"
import { dropsilkKinds } from "../../machines/dropsilk/kinds.ts"
import { commands } from "../../places.ts"
import type { Core, Parts } from "../../protocol.ts"
import type { DropSilkSettings } from "./settings.ts"

export const open = (core: Core, settings: DropSilkSettings): Parts => {
  const { database, deadlines, now, registry, traced } = core
  const { rooms, previews, contact } = settings
  const hasTryPage = settings.tryPage === undefined ? core.environment !== "production" : settings.tryPage === "on"
  const log = core.telemetry.logFor(lines)
  const identities = createIdentities(core.node)
  const store = traced("database", createRoomRows(database, aliasOf))
  if (database.lacking.length > 0) {
    const warning =
      "The table rooms cannot keep who has left: nobody comes back to a room after a restart until " +
      `${commands.migrate} has been run`
    core.telemetry.log("warn", "system:startup", { warning })
  }

  const budgets = createDropSilkBudgets(core.budget, { settings: settings.budgets, ...dropSilkLimits })
  const recording = core.recorder.of<DropSilkEvent>(events, {
    addressOf: (clientId) => connections.addressOf(clientId),
    afterwards: (event, said) => afterRecording(event, said)
  })
  const connections = createConnections({
    supervisor: () => core.supervisor("connections"),
    node: core.node,
    registry,
    identities,
    deadlines,
    comeBackInMs: core.comeBackInMs,
    record: recording.record,
    budgets,
    frames: core.frames,
    now
  })
  const stories = createStories({
    supervisor: () => core.supervisor("stories"),
    links: connections.links,
    deadlines,
    log,
    limit: dropSilkLimits.stories,
    now
  })
  const afterRecording = createAfterRecording({ stories, links: connections.links })
  const livingRooms = () => core.supervisor("rooms")
  const polls = createPolls()
  const around = createAround({
    node: core.node,
    registry,
    socketsAt: connections.socketsAt,
    pollsOf: (code) => polls.of(livingRooms().getSnapshot().children.get(code)),
    askTimeoutMs: dropSilkLimits.aroundTimeoutMs,
    now
  })
  const desk = createRoomDesk({
    registry,
    node: core.node,
    rooms: livingRooms,
    identities,
    aliasOf,
    polls,
    lookAround: around.lookAround,
    codeAttempts: dropSilkLimits.roomCodeAttempts,
    askTimeoutMs: dropSilkLimits.askTimeoutMs,
    now
  })
  const { uploadThing, store: uploads } = openPreviews(core, previews, log)
  const living = (kind: string) => core.supervisor(kind).getSnapshot().children.size

  return {
    kinds: dropsilkKinds({
      ...connections.machines,
      room: createRoomMachine(store, deadlines, recording.record),
      story: stories.machine,
      settings: {
        connection: { askTimeoutMs: dropSilkLimits.askTimeoutMs, outlived: core.node.mark !== "" },
        flight: { graceMs: rooms.abruptGraceMs },
        room: {
          listeningSince: core.startedAt,
          returnMs: rooms.seatReturnMs,
          returners: dropSilkLimits.returners,
          reloadMs: dropSilkLimits.reloadSilenceMs,
          silenceMs: dropSilkLimits.goneSilenceMs,
          timeToLiveMs: rooms.timeToLiveMs,
          restMs: dropSilkLimits.roomRestMs,
          touchShare: dropSilkLimits.touchShare,
          retryMs: dropSilkLimits.roomRetryMs
        },
        network: {
          ...listSizes,
          listBytesPerSecond: dropSilkLimits.listBytesPerSecond,
          listRoundMs: dropSilkLimits.listRoundMs,
          listTurnBytes: dropSilkLimits.listTurnBytes,
          ...listSizes,
          crowd: dropSilkLimits.networkCrowd
        },
        story: { staleMs: dropSilkLimits.storyStaleMs, entries: dropSilkLimits.storyEntries }
      },
      whenCalm: core.whenCalm
    }),
    endpoints: { ...connections.endpoints, ...desk.endpoints, ...around.endpoints },
    sockets: connections.sockets,
    http: dropSilkPart({
      mount: core.mount,
      desk,
      budgets: { ...budgets, addressOf: (request) => core.addressOf(request).address },
      status: {
        activeConnections: () => living("connections"),
        activeFlights: () => living("flights"),
        turnConfigured: core.hasTurn,
        totals: () => ({
          totalConnections: recording.count("client:connected"),
          totalDisconnections: recording.count("client:disconnected"),
          totalFlightsCreated: recording.count("flight:created"),
          totalFlightsJoined: recording.count("flight:joined")
        }),
        jobs: core.jobs,
        version: core.version,
        startedAt: core.startedAt
      },
      iceServers: core.iceServers,
      uploads: { uploadThing, log },
      contact: {
        email: contact.email,
        recaptcha: contact.recaptchaSecretKey && {
          secretKey: contact.recaptchaSecretKey,
          endpoint: core.thirdParties["recaptcha"] as string | undefined
        },
        log
      },
      tryPage: hasTryPage
        ? {
            ...core,
            ice: { isConfigured: core.iceServers !== undefined, hasTurn: core.hasTurn }
          }
        : undefined
    }),
    ...(hasTryPage ? { pages: [{ name: "try", path: tryPath, about: "send a file from one device to another" }] } : {}),
    jobs: {
      previewCleanup: {
        schedule: previews.cleanup,
        work: createPreviewCleanup({
          store: uploads,
          files: uploadThing,
          retentionHours: previews.retentionHours,
          batch: dropSilkLimits.previewBatch,
          failedBatches: dropSilkLimits.previewFailedBatches,
          log,
          now
        })
      },
      roomCleanup: { schedule: rooms.cleanup, work: createRoomCleanup({ store, log, now }) }
    },
    tower: createTowerRows({
      stories: () => core.supervisor("stories"),
      people: () => living("connections"),
      links: connections.links
    }),
    heartbeat: () => ({ activeFlights: living("flights") }),
    close: () => {
      uploadThing?.close()
      desk.close()
      around.close()
    }
  }
}
