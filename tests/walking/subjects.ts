/** Every machine in src/machines, each with what it takes to walk it. */

import { channel } from "../core/machines/subjects/channel.ts"
import { job } from "../core/machines/subjects/job.ts"
import { shard } from "../core/machines/subjects/shard.ts"
import { tower } from "../core/machines/subjects/tower.ts"
import { connection } from "../protocols/dropsilk/machines/subjects/connection.ts"
import { flight } from "../protocols/dropsilk/machines/subjects/flight.ts"
import { network } from "../protocols/dropsilk/machines/subjects/network.ts"
import { room } from "../protocols/dropsilk/machines/subjects/room.ts"
import { story } from "../protocols/dropsilk/machines/subjects/story.ts"
import { namedPeer } from "../protocols/named-peers/machines/subjects/namedPeer.ts"
import { nameSpace } from "../protocols/named-peers/machines/subjects/nameSpace.ts"
import { relayConnection } from "../protocols/noisytransfer/machines/subjects/relayConnection.ts"
import { relayRoom } from "../protocols/noisytransfer/machines/subjects/relayRoom.ts"
import { offer } from "../protocols/rondevu/machines/subjects/offer.ts"
import { session } from "../protocols/rondevu/machines/subjects/session.ts"
import { conference } from "../protocols/sfu/machines/subjects/conference.ts"
import { mediaWorker } from "../protocols/sfu/machines/subjects/mediaWorker.ts"
import { participant } from "../protocols/sfu/machines/subjects/participant.ts"
import type { Subject } from "./subject.ts"

export const subjects: readonly Subject[] = [
  ...[job, tower],
  ...[channel, shard],
  ...[connection, flight, network, room, story],
  ...[relayConnection, relayRoom],
  ...[namedPeer, nameSpace],
  ...[offer, session],
  ...[participant, conference, mediaWorker]
]
