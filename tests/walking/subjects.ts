/** Every machine in src/machines, each with what it takes to walk it. */

import { job } from "../core/machines/subjects/job.ts"
import { tower } from "../core/machines/subjects/tower.ts"
import { connection } from "../protocols/dropsilk/machines/subjects/connection.ts"
import { flight } from "../protocols/dropsilk/machines/subjects/flight.ts"
import { network } from "../protocols/dropsilk/machines/subjects/network.ts"
import { room } from "../protocols/dropsilk/machines/subjects/room.ts"
import { story } from "../protocols/dropsilk/machines/subjects/story.ts"
import type { Subject } from "./subject.ts"

export const subjects: readonly Subject[] = [connection, flight, job, network, room, story, tower]
