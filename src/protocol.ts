/**
 * What a protocol is to the server: one value that names what can be set of it, what it keeps, and how its parts are put
 * together. The core knows no protocol; it asks each for the same things, in this order:
 *
 * 1. `settings`, when the configuration is read: its own variables, beside `<NAME>_PATH`, which says where it is served;
 * 2. `tables`, when the database is opened;
 * 3. `open`, once for each that is served: its kinds of actors, its sockets, its HTTP, its jobs, its rows on the tower page.
 *
 * The least that works:
 *
 * ```ts
 * export const echo: Protocol = defineProtocol({
 *   name: "echo",
 *   mount: "/echo",
 *   settings: protocolSettings({ variables: {}, read: () => ({}) }),
 *   open: (core) => ({
 *     kinds: [],
 *     sockets: { opened: () => {}, frame: (socket, bytes) => socket.send(bytes.toString()), closed: () => {}, failed: () => {} }
 *   })
 * })
 * ```
 *
 * To add one: write it, name it in protocols.ts. Nothing else is touched; tests/core/house.test.ts does so with a whole one.
 */
import type { IncomingMessage } from "node:http"
import type { Finding } from "./check/finding.ts"
import type { Configurable, ProtocolSettings } from "./config/protocolSettings.ts"
import type { HttpPart } from "./http/httpPart.ts"
import type { Deadlines } from "./io/actors/deadlines.ts"
import type { Job } from "./io/actors/jobs.ts"
import type { ClientAddress } from "./io/admission/address.ts"
import type { AddressExplanation } from "./io/admission/addressReasons.ts"
import type { MakeBudget } from "./io/admission/budgets.ts"
import type { SocketPart } from "./io/admission/doorkeeper.ts"
import type { OriginPolicy } from "./io/admission/origin.ts"
import type { OriginRule } from "./io/admission/originRule.ts"
import type { Database } from "./io/database/database.ts"
import type { Keeping } from "./io/database/tables.ts"
import type { IssueIceServers } from "./io/services/turnCredentials.ts"
import type { FrameMetrics } from "./io/sockets/frameMetrics.ts"
import type { Links } from "./io/sockets/link.ts"
import type { Linkable, Sender } from "./io/sockets/sender.ts"
import type { UpgradeTaken } from "./io/sockets/socketServer.ts"
import type { Recorder } from "./io/telemetry/events/recorder.ts"
import type { Metrics } from "./io/telemetry/metrics.ts"
import type { Telemetry } from "./io/telemetry/telemetry.ts"
import type { Tracing } from "./io/telemetry/tracing.ts"
import type { TowerPart } from "./io/tower/towerPart.ts"
import type { Address } from "./machines/address.ts"
import type { Homes } from "./machines/cluster/homes.ts"
import type { JobStatus } from "./machines/job.ts"
import type { Kind } from "./machines/kinds.ts"
import type { Endpoint, RegistryEvent } from "./machines/registry.ts"
import type { SupervisorRef } from "./machines/supervisor.ts"

export interface Protocol<Settings = unknown> extends Configurable, Keeping {
  readonly settings: ProtocolSettings<Settings>
  /**
   * Puts its parts together. What it takes hold of it gives back in `close`; when it rejects it holds nothing, and the
   * server does not start.
   */
  open(core: Core, settings: Settings): Parts | Absence | Promise<Parts | Absence>
  /** Where its actors live when several servers are one. */
  readonly homes: Homes
  /** What of its own would keep it from being served as is wanted, and what is well; starts nothing that stays. Never rejects. */
  check?(settings: Settings): Promise<readonly Finding[]>
}

/** Why a protocol cannot be served here after all, though everything else can. */
export interface Absence {
  /** One sentence for whoever runs the server: what is missing, and what to do. */
  readonly absent: string
}

/** With the type of its settings checked, and then forgotten. */
export const defineProtocol = <Settings>(protocol: Protocol<Settings>): Protocol => protocol as Protocol

/** What an open protocol brings. */
export interface Parts {
  /** Its actors. Their supervisors are there before any socket is let in, and `server.draining` ends them in their order. */
  readonly kinds: readonly Kind[]
  /** What it answers for that is no actor, by kind of address. */
  readonly endpoints?: Readonly<Record<string, Endpoint>>
  /** Absent: it speaks over no socket. */
  readonly sockets?: SocketPart
  /** Absent: it answers no request. */
  readonly http?: HttpPart
  /** Timed jobs by name. */
  readonly jobs?: Readonly<Record<string, Job>>
  readonly tower?: TowerPart
  /** Pages that whoever starts the server is told of, with paths below the mount. */
  readonly pages?: readonly PageOfProtocol[]
  /** What the heartbeat line says of it. */
  readonly heartbeat?: () => Readonly<Record<string, number>>
  /** Gives back what it holds, when its actors have ended. */
  readonly close?: () => void | Promise<void>
}

/** A page for people. */
export interface PageOfProtocol {
  /** One word. */
  readonly name: string
  readonly path: string
  /** What one does there, in a few words. */
  readonly about: string
}

/** What a server is to others that are one with it. */
export interface NodeOfCluster {
  /** With this the ids of its clients' actors begin, and of what waits for answers here; empty: it is alone. */
  readonly mark: string
  /** Whether an actor with this address lives here, or would: a new name is drawn until it does. */
  isHere(address: Address): boolean
  /** The marks of the other nodes that can be spoken to. */
  others(): readonly string[]
  /** Pauses a sender while too much of what actors are told is under way to where this one lives. */
  heed(address: Address, sender: Sender): void
  /** Bytes that nobody outside can guess, the same on all nodes for one purpose. */
  saltFor(purpose: string): Buffer
  /** Who takes an upgrade request that is for the node with this mark, as if it had come there; undefined: that node cannot be
   * spoken to. `lost`: how the client's socket is closed should the node be gone. */
  passOn(mark: string, request: IncomingMessage, client: ClientAddress, lost: Lost): UpgradeTaken | undefined
  /** Whether another node has passed this upgrade request on. */
  isPassed(request: IncomingMessage): boolean
  /** Lets links end at sockets of other nodes; undefined: there are none. */
  joinLinks(place: LinksOfProtocol): FarLinks | undefined
}

/** How a client's socket is closed whose node has gone. */
export interface Lost {
  readonly code: number
  readonly reason: string
}

/** The sockets of a protocol that may have links. */
export interface LinksOfProtocol {
  /** A socket of this node's, with the links it belongs to; undefined: it has gone. */
  find(id: string): { readonly socket: Linkable; readonly links: Links } | undefined
  /** The link that a socket had to one of another node has ended, as that is not reached any more. */
  broken(id: string, peer: string): void
}

/** Ends of links whose other end is a socket of another node's, `peer`. */
export interface FarLinks {
  /** `isFirst`: it is the first of the two, whose node counts the meeting. */
  open(linkId: string, own: string, peer: string, isFirst: boolean): void
  close(linkId: string, own: string, peer: string): void
  /** A socket of this node's has been told of a peer to whom it has no link: once there is a way, its actor says where it belongs. */
  missing(own: string, peer: string): void
  /** A socket of this node's has gone, and its link with it. */
  left(own: string): void
  /** Whether a socket of this node's has this id, of whichever protocol. */
  isTaken(id: string): boolean
}

/** What the core offers to a protocol. */
export interface Core {
  readonly environment: "development" | "production" | "test"
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly now: () => number
  /** Where the protocol is served: `/`, or a path without a slash at its end. */
  readonly mount: string
  /** Where the world reaches this protocol: an http(s) URL without a slash at its end, known once the server listens. */
  readonly publicUrl: () => string
  /** Where other machines of this one's networks reach the server itself, known once it listens; see ownUrls.ts. */
  readonly networkUrls: () => readonly string[]
  /** Whether an operator has said so, or it is this machine's. */
  readonly isPublic: boolean

  // What is told and counted
  readonly telemetry: Pick<Telemetry, "log" | "logFor">
  readonly recorder: Recorder
  readonly metrics: Metrics
  /** Another page of metrics, whose names begin with `prefix`, for a protocol whose dashboards know one. */
  readonly metricsPage: (prefix: string) => Metrics
  /** Of the frames of all protocols. */
  readonly frames: FrameMetrics
  readonly traced: Tracing["around"]

  // Actors
  /** Says something to whoever is at an address. */
  readonly registry: { send(event: RegistryEvent): void }
  /** The supervisor of a kind, for reading what is there. */
  readonly supervisor: (kind: string) => SupervisorRef
  /** This server among others; where it is alone, everything is here. */
  readonly node: NodeOfCluster
  readonly deadlines: Deadlines
  /** Does what can wait when there is no rush of newcomers. */
  readonly whenCalm: (work: () => void) => void
  /** In how many milliseconds a client that is sent away is asked to come back, another time each; undefined: as it likes. */
  readonly comeBackInMs: () => number | undefined
  readonly jobs: () => Readonly<Record<string, JobStatus>>

  // Who is there
  readonly addressOf: (request: IncomingMessage) => ClientAddress
  /** The same with all that led to it, for whoever wonders. */
  readonly explainAddress: (request: IncomingMessage) => AddressExplanation
  /** Whether a page of this origin may open a socket at this host, both as in headers, where the whole server's list counts. */
  readonly admitsUpgrade: OriginPolicy["admitsUpgrade"]
  readonly budget: MakeBudget
  /**
   * Which pages may use it, by a list of its own: full origins, bare host names, `*` for any. Undefined: any in development,
   * those of ALLOWED_ORIGINS in production.
   */
  readonly originsOf: (listed: readonly string[] | undefined) => OriginRule

  // What is kept, and who is asked
  readonly database: Pick<Database, "pool" | "schema" | "lacking">
  /** Undefined: neither STUN nor TURN is configured. */
  readonly iceServers: IssueIceServers | undefined
  /** Whether TURN credentials can be had. */
  readonly hasTurn: boolean
  /** Where third parties are, by name, without a slash at the end; absent: where they really are. For tests. */
  readonly thirdParties: Readonly<Record<string, unknown>>
}
