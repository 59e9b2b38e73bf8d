/**
 * The charts that are drawn, by name; the names are those of their files. Beside each stands what its code does not say:
 * what of the world reaches it, and which tests try it from outside.
 */
import type { AnyStateMachine } from "xstate"
import { channelMachine } from "../../src/machines/cluster/channel/channel.ts"
import { shardMachine } from "../../src/machines/cluster/shard/shard.ts"
import { connectionMachine } from "../../src/machines/dropsilk/connection/connection.ts"
import { flightMachine } from "../../src/machines/dropsilk/flight/flight.ts"
import { networkMachine } from "../../src/machines/dropsilk/network/network.ts"
import { roomMachine } from "../../src/machines/dropsilk/room/room.ts"
import { storyMachine } from "../../src/machines/dropsilk/story.ts"
import { jobMachine } from "../../src/machines/job.ts"
import { namedPeerMachine } from "../../src/machines/named-peers/namedPeer/namedPeer.ts"
import { nameSpaceMachine } from "../../src/machines/named-peers/nameSpace/nameSpace.ts"
import { relayConnectionMachine } from "../../src/machines/noisytransfer/relayConnection/relayConnection.ts"
import { relayRoomMachine } from "../../src/machines/noisytransfer/relayRoom/relayRoom.ts"
import { offerMachine } from "../../src/machines/rondevu/offer/offer.ts"
import { sessionMachine } from "../../src/machines/rondevu/session/session.ts"
import { conferenceMachine } from "../../src/machines/sfu/conference/conference.ts"
import { mediaWorkerMachine } from "../../src/machines/sfu/mediaWorker/mediaWorker.ts"
import { participantMachine } from "../../src/machines/sfu/participant/participant.ts"
import { towerMachine } from "../../src/machines/tower.ts"
import { type ClientFrame, clientFrames } from "../../src/wire/dropsilk/frames.ts"
import { RoomsGroup } from "../../src/wire/dropsilk/rooms.ts"
import type { ClientFrameType } from "../../src/wire/noisytransfer/frames.ts"
import { SessionsGroup } from "../../src/wire/rondevu/sessions/api.ts"
import { clientFrames as callFrames } from "../../src/wire/sfu/frames.ts"

export interface Drawn {
  readonly machine: AnyStateMachine
  /** The folder of its page below docs/statecharts, and of its subject below tests. */
  readonly protocol: "core" | "dropsilk" | "noisytransfer" | "named-peers" | "rondevu" | "sfu"
  /** What it is reached by: types of frames, requests as `METHOD /path`, and whatever else in words. */
  readonly reachedBy: readonly string[]
  /** Tests over sockets and HTTP. */
  readonly triedBy: readonly string[]
  /** Of one that no supervisor keeps and that is not the root: what a crash in it means. */
  readonly crash?: string
}

const frames = (...types: readonly ClientFrame["type"][]): readonly string[] => types
/** A signal goes over a link, from socket to socket, and reaches no actor. */
const everyFrame = Object.keys(clientFrames).filter((type) => type !== "signal")
/** What a client says to the other side goes over a link here, too. */
const relayFrames = (...types: readonly ClientFrameType[]): readonly string[] => types
/** An upgrade with a token begins one. */
const sfuFrames = ["an upgrade with a token", ...Object.keys(callFrames)]
const everyRoomRequest = Object.values(RoomsGroup.endpoints).map(({ method, path }) => `${method} ${path}`)

const { answer: sessionAnswer, poll: sessionPoll } = SessionsGroup.endpoints

export const machines: Readonly<Record<string, Drawn>> = {
  tower: {
    machine: towerMachine,
    protocol: "core",
    reachedBy: ["the start and the stop of the process", "GET /tower"],
    triedBy: ["tests/core/server/shutdown.test.ts", "tests/core/http/tower.test.ts"]
  },
  channel: {
    machine: channelMachine,
    protocol: "core",
    reachedBy: ["the WebSocket to another node, and its end", "a clock that stands still when the process does"],
    triedBy: ["tests/core/io/cluster/meetings.test.ts", "tests/core/io/cluster/deaths.test.ts"],
    crash:
      "When it crashes, the process ends as with any fault that nobody catches: no supervisor keeps it but its adapter, which catches the faults of whoever listens to it."
  },
  shard: {
    machine: shardMachine,
    protocol: "core",
    reachedBy: ["what the engine says of its owner", "what other nodes say of it"],
    triedBy: ["tests/protocols/dropsilk/cluster/nodes.test.ts", "tests/protocols/dropsilk/cluster/failures.test.ts"]
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
  relayRoom: {
    machine: relayRoomMachine,
    protocol: "noisytransfer",
    reachedBy: ["an upgrade at /ws", ...relayFrames("send", "hello", "delivered", "telemetry")],
    triedBy: [
      "tests/protocols/noisytransfer/seats.test.ts",
      "tests/protocols/noisytransfer/mailbox.test.ts",
      "tests/protocols/noisytransfer/walks/walks.test.ts"
    ]
  },
  relayConnection: {
    machine: relayConnectionMachine,
    protocol: "noisytransfer",
    reachedBy: ["an upgrade at /ws", ...relayFrames("send", "hello", "delivered", "telemetry")],
    triedBy: ["tests/protocols/noisytransfer/relay.test.ts", "tests/protocols/noisytransfer/mailbox.test.ts"]
  },
  namedPeer: {
    machine: namedPeerMachine,
    protocol: "named-peers",
    reachedBy: ["login", "ping", "whatever else is sent before the login"],
    triedBy: ["tests/protocols/named-peers/login.test.ts", "tests/protocols/named-peers/endings.test.ts"]
  },
  nameSpace: {
    machine: nameSpaceMachine,
    protocol: "named-peers",
    reachedBy: ["login"],
    triedBy: ["tests/protocols/named-peers/login.test.ts", "tests/protocols/named-peers/routing.test.ts"]
  },
  offer: {
    machine: offerMachine,
    protocol: "rondevu",
    reachedBy: [
      "POST /offers",
      "DELETE /offers/:id",
      "POST /offers/:id/answer",
      "POST /offers/:id/ice-candidates",
      "GET /offers/:id/ice-candidates",
      "what other processes write"
    ],
    triedBy: ["tests/protocols/rondevu/offers/answering.test.ts", "tests/protocols/rondevu/offers/durable.test.ts"]
  },
  session: {
    machine: sessionMachine,
    protocol: "rondevu",
    reachedBy: [sessionAnswer, sessionPoll].map(({ method, path }) => `${method} ${path}`),
    triedBy: [
      "tests/protocols/rondevu/sessions/contract.test.ts",
      "tests/protocols/rondevu/sessions/durable.test.ts",
      "tests/protocols/rondevu/sessions/walks/walks.test.ts"
    ]
  },
  participant: {
    machine: participantMachine,
    protocol: "sfu",
    reachedBy: sfuFrames,
    triedBy: ["tests/protocols/sfu/requests.test.ts", "tests/protocols/sfu/notices.test.ts"]
  },
  conference: {
    machine: conferenceMachine,
    protocol: "sfu",
    reachedBy: ["join-room", "produce", "the media engine"],
    triedBy: ["tests/protocols/sfu/notices.test.ts", "tests/protocols/sfu/endings.test.ts"]
  },
  mediaWorker: {
    machine: mediaWorkerMachine,
    protocol: "sfu",
    reachedBy: ["the start of the server", "the end of its process", "GET /health"],
    triedBy: ["tests/protocols/sfu/endings.test.ts"]
  },
  job: {
    machine: jobMachine,
    protocol: "core",
    reachedBy: ["its schedule", "GET /api/status"],
    triedBy: ["tests/core/server/jobs.test.ts"]
  }
}
