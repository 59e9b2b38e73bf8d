/**
 * The charts that are drawn, by name; the names are those of their files. Beside each stands what its code does not say:
 * what of the world reaches it, and which tests try it from outside.
 */
import type { AnyStateMachine } from "xstate"
import { connectionMachine } from "../../src/machines/dropsilk/connection/connection.ts"
import { flightMachine } from "../../src/machines/dropsilk/flight/flight.ts"
import { networkMachine } from "../../src/machines/dropsilk/network/network.ts"
import { roomMachine } from "../../src/machines/dropsilk/room/room.ts"
import { storyMachine } from "../../src/machines/dropsilk/story.ts"
import { jobMachine } from "../../src/machines/job.ts"
import { towerMachine } from "../../src/machines/tower.ts"
import { type ClientFrame, clientFrames } from "../../src/wire/dropsilk/frames.ts"
import { RoomsGroup } from "../../src/wire/dropsilk/rooms.ts"

export interface Drawn {
  readonly machine: AnyStateMachine
  /** The folder of its page below docs/statecharts, and of its subject below tests. */
  readonly protocol: "core" | "dropsilk"
  /** What it is reached by: types of frames, requests as `METHOD /path`, and whatever else in words. */
  readonly reachedBy: readonly string[]
  /** Tests over sockets and HTTP. */
  readonly triedBy: readonly string[]
}

const frames = (...types: readonly ClientFrame["type"][]): readonly string[] => types
/** A signal goes over a link, from socket to socket, and reaches no actor. */
const everyFrame = Object.keys(clientFrames).filter((type) => type !== "signal")
const everyRoomRequest = Object.values(RoomsGroup.endpoints).map(({ method, path }) => `${method} ${path}`)

export const machines: Readonly<Record<string, Drawn>> = {
  tower: {
    machine: towerMachine,
    protocol: "core",
    reachedBy: ["the start and the stop of the process", "GET /tower"],
    triedBy: ["tests/core/server/shutdown.test.ts", "tests/core/http/tower.test.ts"]
  },
  connection: {
    machine: connectionMachine,
    protocol: "dropsilk",
    reachedBy: everyFrame,
    triedBy: ["tests/protocols/dropsilk/flights.test.ts", "tests/protocols/dropsilk/rooms.test.ts"]
  },
  flight: {
    machine: flightMachine,
    protocol: "dropsilk",
    reachedBy: frames("create-flight", "join-flight", "attach-room"),
    triedBy: ["tests/protocols/dropsilk/flights.test.ts", "tests/protocols/dropsilk/returning.test.ts"]
  },
  room: {
    machine: roomMachine,
    protocol: "dropsilk",
    reachedBy: [...frames("attach-room", "invite-to-flight"), ...everyRoomRequest],
    triedBy: ["tests/protocols/dropsilk/rooms.test.ts", "tests/protocols/dropsilk/http/rooms.test.ts"]
  },
  network: {
    machine: networkMachine,
    protocol: "dropsilk",
    reachedBy: frames("register-details", "invite-to-flight"),
    triedBy: ["tests/protocols/dropsilk/discovery.test.ts", "tests/protocols/dropsilk/crowd.test.ts"]
  },
  story: {
    machine: storyMachine,
    protocol: "dropsilk",
    reachedBy: ["what is recorded of its flight", "GET /tower/story"],
    triedBy: ["tests/protocols/dropsilk/stories.test.ts"]
  },
  job: {
    machine: jobMachine,
    protocol: "core",
    reachedBy: ["its schedule", "GET /api/status"],
    triedBy: ["tests/core/server/jobs.test.ts"]
  }
}
