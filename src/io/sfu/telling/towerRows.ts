/**
 * The SFU on the tower page: its conferences, who takes part, and the media workers. What they leave out: addresses, what
 * people call themselves by id, and the second half of every room's name.
 */
import type { AnyActorRef } from "xstate"
import type { ConferenceContext } from "../../../machines/sfu/conference/conferenceContext.ts"
import type { WorkerContext } from "../../../machines/sfu/mediaWorker/mediaWorkerContext.ts"
import type { ParticipantContext } from "../../../machines/sfu/participant/participantContext.ts"
import { contextOf, stateNames } from "../../tower/actorSnapshots.ts"
import type { Column, TowerPart } from "../../tower/towerPart.ts"
import { halfOfRoom } from "./events.ts"
import type { Usage } from "./usage.ts"

const text = (title: string): Column => ({ title, shows: "text" })
const number = (title: string): Column => ({ title, shows: "number" })
const kilobits = (bits: number): number => Math.round(bits / 1000)

/** `people`: how many take part. */
export const createTowerRows = (usage: Usage, people: () => number): TowerPart => ({
  tally: () => ({ people: people() }),
  sections: [
    {
      name: "conferences",
      kind: "conferences",
      table: {
        title: "Conferences",
        caption: "Calls that media workers carry.",
        columns: [text("Room"), text("State"), text("Worker"), number("Participants"), number("Audio"), number("Video")]
      },
      cells: (actor) => {
        const { id, worker, members, producers } = contextOf<ConferenceContext>(actor) as ConferenceContext
        const ofKind = (wanted: "audio" | "video") => producers.filter(({ kind }) => kind === wanted).length
        return [halfOfRoom(id), stateOf(actor), worker, members.length, ofKind("audio"), ofKind("video")]
      },
      ending: {
        event: { type: "operator.ends" },
        meaning:
          "Everybody in it is closed with code 1008, after which a client does not come back by itself. Whoever comes begins another one."
      }
    },
    {
      name: "participants",
      kind: "participants",
      table: {
        title: "Participants",
        caption: "Who is connected, with transports by their state and what flows over them.",
        columns: [
          ...[
            text("Participant"),
            text("Room"),
            text("State"),
            number("New"),
            number("Connecting"),
            number("Connected")
          ],
          ...[number("Producers"), number("Consumers"), number("kbit/s up"), number("kbit/s down")]
        ]
      },
      cells: (actor) => {
        const context = contextOf<ParticipantContext>(actor) as ParticipantContext
        const { userName, roomId, transports, producers, consumers } = context
        const inState = (wanted: string) => transports.filter(({ state }) => state === wanted).length
        const { up, down } = usage.rate(transports.map(({ id }) => id))
        return [
          ...[userName, halfOfRoom(roomId), stateOf(actor)],
          ...[inState("new"), inState("connecting"), inState("connected")],
          ...[producers.length, consumers.length, kilobits(up), kilobits(down)]
        ]
      },
      ending: {
        event: { type: "operator.ends" },
        meaning:
          "Its socket is closed with code 1008, after which a client does not come back by itself, and its media end for the others."
      }
    },
    {
      name: "mediaWorkers",
      kind: "mediaWorkers",
      table: {
        title: "Media workers",
        caption: "Processes that carry media.",
        columns: [text("Worker"), text("State"), number("Process"), number("Conferences"), number("CPU seconds")]
      },
      cells: (actor) => {
        const { worker, pid, guests } = contextOf<WorkerContext>(actor) as WorkerContext
        const used = usage.workers().find((each) => each.worker === worker)?.cpuSeconds ?? 0
        return [worker, stateOf(actor), pid ?? 0, guests.length, Math.round(used * 10) / 10]
      }
    }
  ],
  shownIds: { conferences: halfOfRoom }
})

/** The first region's, which says where somebody is. */
const stateOf = (actor: AnyActorRef): string => stateNames(actor)[0] ?? ""
