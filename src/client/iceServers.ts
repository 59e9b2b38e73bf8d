/** The servers that help two peers to find a way, as the signaling server names them, fetched anew before they end. */
import { isTowerError } from "./errors.ts"
import type { Ask } from "./http.ts"
import type { IceServer } from "./web.ts"

/** A connection does not wait longer for them: on one network it needs none, and they are added when they come. */
const patienceMs = 5000
/** When none could be had, they are asked for again: soon where nobody answered, late where the server has said that it has none. */
const againMs = 30_000
const refusedAgainMs = 300_000
/** The part of their life after which they are fetched anew. */
const renewedAt = 0.8

interface Known {
  readonly servers: IceServer[]
  /** As `Date.now()` has it; undefined: they do not end. */
  readonly renewAt: number | undefined
}

export class IceServers {
  readonly #ask: Ask
  #known: Known | undefined
  #coming: Promise<Known> | undefined
  readonly #followers = new Set<(servers: IceServer[]) => void>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Those that are good now; none where the server has none to name, or cannot be asked. */
  async current(): Promise<IceServer[]> {
    const known = this.#known
    const isGood = known !== undefined && (known.renewAt === undefined || known.renewAt > Date.now())
    return (isGood ? known : await this.#fetch()).servers
  }

  /** Calls with new ones before those of now end, until the answer is called. */
  follow(follower: (servers: IceServer[]) => void): () => void {
    this.#followers.add(follower)
    this.#arm()
    return () => {
      this.#followers.delete(follower)
      this.#arm()
    }
  }

  #fetch(): Promise<Known> {
    this.#coming ??= this.#askServer().then((known) => {
      this.#known = known
      this.#coming = undefined
      this.#arm()
      return known
    })
    return this.#coming
  }

  async #askServer(): Promise<Known> {
    try {
      const { iceServers, ttl } = await this.#ask<{ iceServers: IceServer[]; ttl?: number }>("/api/turn-credentials", {
        signal: AbortSignal.timeout(patienceMs)
      })
      return { servers: iceServers, renewAt: ttl === undefined ? undefined : Date.now() + ttl * 1000 * renewedAt }
    } catch (error) {
      const waitMs = isTowerError(error, "ServerFault") ? refusedAgainMs : againMs
      return { servers: this.#known?.servers ?? [], renewAt: Date.now() + waitMs }
    }
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const renewAt = this.#known?.renewAt
    if (this.#followers.size === 0 || renewAt === undefined) return
    this.#timer = setTimeout(() => void this.#renew(), Math.max(0, renewAt - Date.now()))
  }

  async #renew(): Promise<void> {
    const { servers } = await this.#fetch()
    for (const follower of this.#followers) follower(servers)
  }
}
