/**
 * What one client address may have and do, so that nobody can take the server from the others. An address is the one
 * that trusted proxies tell; all that one customer has counts as one.
 */

import type { Config } from "../../config/config.ts"
import { limits } from "../../limits.ts"
import { customerOf } from "./address.ts"
import { createTokenBuckets, type TokenBuckets } from "./tokenBuckets.ts"

/** Which budget was spent. */
export type BudgetName =
  | "connections"
  | "upgrades"
  | "frames"
  | "invitations"
  | "requests"
  /** What orchestrators and Prometheus ask. */
  | "checks"
  | "rooms"
  | "guesses"
  | "polls"
  /** Requests that somebody else is asked for, who may want money for that. */
  | "thirdParties"

/** How many at once, and how many come back each second. */
export interface Rate {
  readonly atOnce: number
  readonly perSecond: number
}

export interface BudgetsOptions {
  readonly settings: Config["budgets"]
  /** Guesses of an address that never rests, in a day, and at once before that counts. */
  readonly guessesADay: number
  readonly guessesAtOnce: number
  /** Requests of one address at once, in seconds of what it may ask in the long run. */
  readonly requestBurstSeconds: number
  /** Invitations from one connection to another, and from one address to one connection. */
  readonly invitations: { readonly ofPair: Rate; readonly ofAddress: Rate }
  /** Polls of one participant at once, in seconds of what it may ask in the long run. */
  readonly pollBurstSeconds: number
  /** A connection that was there for so long, milliseconds, gives back the upgrade it has cost. */
  readonly stayMs: number
  /** Addresses, and participants, that each table remembers. */
  readonly keys: number
  /** Hears of every refusal. */
  readonly onRefused: (budget: BudgetName, address: string) => void
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number
}

/** Each of these takes from a budget, and gives back 0 or the milliseconds to wait. */
export interface Budgets {
  /** For a new connection. */
  connect(address: string): number
  /** One is there, until `disconnected`, which is told for how long it was, milliseconds. */
  connected(address: string): void
  disconnected(address: string, stayedMs: number): void
  /** For a request over HTTP. */
  request(address: string): number
  /** For a question about the server's health, instead: who floods must not make it look ill. */
  check(address: string): number
  /** For a request that somebody else is asked for, besides. */
  askOthers(address: string): number
  /** For an invitation, by the ids of the connections. */
  invite(inviter: string, invitee: string, address: string): number
  /** For a new room. */
  createRoom(address: string): number
  /** For giving a code or joining by one: a guess, unless it turns out to be right. */
  guess(address: string): number
  guessedRight(address: string): void
  /** For a poll; `participant` names room and participant. */
  poll(participant: string, address: () => string): number
  /** A connection has sent too many frames. */
  tooManyFrames(address: string): void
}

export const createBudgets = ({
  settings,
  guessesADay,
  guessesAtOnce,
  pollBurstSeconds,
  stayMs,
  requestBurstSeconds,
  invitations,
  keys,
  onRefused,
  now
}: BudgetsOptions): Budgets => {
  const buckets = (burst: number, perSecond: number): TokenBuckets =>
    createTokenBuckets({ burst, perSecond, keys, now })
  const perMinute = (count: number): TokenBuckets => buckets(count, count / 60)

  const connections = new Map<string, number>()
  const upgrades = perMinute(settings.upgradesPerMinute)
  const requestBuckets = () => buckets(settings.requestsPerSecond * requestBurstSeconds, settings.requestsPerSecond)
  const requests = requestBuckets()
  const checks = requestBuckets()
  const thirdParties = perMinute(settings.thirdPartyRequestsPerMinute)
  const pairs = buckets(invitations.ofPair.atOnce, invitations.ofPair.perSecond)
  const invitees = buckets(invitations.ofAddress.atOnce, invitations.ofAddress.perSecond)
  const rooms = perMinute(settings.roomsPerMinute)
  const guesses = perMinute(settings.guessesPerMinute)
  // Without a limit a minute there is none a day.
  const patientGuesses = buckets(settings.guessesPerMinute === 0 ? 0 : guessesAtOnce, guessesADay / 86_400)
  const polls = buckets(settings.pollsPerSecond * pollBurstSeconds, settings.pollsPerSecond)

  /** Passes the wait on, and tells of it. */
  const told = (budget: BudgetName, address: string, wait: number): number => {
    if (wait > 0) onRefused(budget, address)
    return wait
  }

  return {
    connect: (address) => {
      const key = customerOf(address)
      const isFull = settings.connectionsPerAddress > 0 && (connections.get(key) ?? 0) >= settings.connectionsPerAddress
      return isFull
        ? told("connections", address, limits.connectionsWaitMs)
        : told("upgrades", address, upgrades.take(key))
    },
    connected: (address) => {
      const key = customerOf(address)
      connections.set(key, (connections.get(key) ?? 0) + 1)
    },
    disconnected: (address, stayedMs) => {
      const key = customerOf(address)
      // Whoever stayed may come back at once, with all who stayed: what is stopped is opening and dropping.
      if (stayedMs >= stayMs) upgrades.give(key)
      const open = (connections.get(key) ?? 1) - 1
      if (open === 0) connections.delete(key)
      else connections.set(key, open)
    },
    request: (address) => told("requests", address, requests.take(customerOf(address))),
    check: (address) => told("checks", address, checks.take(customerOf(address))),
    askOthers: (address) => told("thirdParties", address, thirdParties.take(customerOf(address))),
    invite: (inviter, invitee, address) => {
      const wait = pairs.take(`${inviter} ${invitee}`)
      return told("invitations", address, wait > 0 ? wait : invitees.take(`${customerOf(address)} ${invitee}`))
    },
    createRoom: (address) => told("rooms", address, rooms.take(customerOf(address))),
    guess: (address) => {
      const key = customerOf(address)
      const wait = guesses.take(key)
      if (wait > 0) return told("guesses", address, wait)
      const longer = patientGuesses.take(key)
      if (longer > 0) guesses.give(key)
      return told("guesses", address, longer)
    },
    guessedRight: (address) => {
      const key = customerOf(address)
      guesses.give(key)
      patientGuesses.give(key)
    },
    poll: (participant, address) => {
      const wait = polls.take(participant)
      return wait === 0 ? 0 : told("polls", address(), wait)
    },
    tooManyFrames: (address) => onRefused("frames", address)
  }
}
