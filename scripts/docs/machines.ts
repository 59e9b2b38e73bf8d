/** The machines that are drawn, by name; the names are those of their files. */
import type { AnyStateMachine } from "xstate"
import { connectionMachine } from "../../src/machines/connection.ts"
import { flightMachine } from "../../src/machines/flight.ts"
import { jobMachine } from "../../src/machines/job.ts"
import { networkMachine } from "../../src/machines/network.ts"
import { roomMachine } from "../../src/machines/room.ts"
import { storyMachine } from "../../src/machines/story.ts"
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
