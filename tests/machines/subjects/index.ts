/** Every machine in src/machines, each with what it takes to walk it. */
import type { Subject } from "../walking/subject.ts"
import { connection } from "./connection.ts"
import { flight } from "./flight.ts"
import { job } from "./job.ts"
import { network } from "./network.ts"
import { room } from "./room.ts"
import { story } from "./story.ts"
import { tower } from "./tower.ts"

export const subjects: readonly Subject[] = [connection, flight, job, network, room, story, tower]
