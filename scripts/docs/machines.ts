/** The machines that are drawn, by name; the names are those of their files. */
import type { AnyStateMachine } from "xstate"
import { connectionMachine } from "../../src/machines/dropsilk/connection/connection.ts"
import { flightMachine } from "../../src/machines/dropsilk/flight/flight.ts"
import { networkMachine } from "../../src/machines/dropsilk/network/network.ts"
import { roomMachine } from "../../src/machines/dropsilk/room/room.ts"
import { storyMachine } from "../../src/machines/dropsilk/story.ts"
import { jobMachine } from "../../src/machines/job.ts"
import { towerMachine } from "../../src/machines/tower.ts"

export const machines: Readonly<Record<string, AnyStateMachine>> = {
  tower: towerMachine,
  connection: connectionMachine,
  flight: flightMachine,
  room: roomMachine,
  network: networkMachine,
  story: storyMachine,
  job: jobMachine
}

/** The folder of a machine's file, below src/machines; "" for those of the core. */
export const folderOf = (name: string): string => {
  if (name === "tower" || name === "job") return ""
  return name === "story" ? "dropsilk/" : `dropsilk/${name}/`
}
