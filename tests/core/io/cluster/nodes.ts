/** Nodes with channels between them, in this process, and what each has heard. */
import { EventEmitter, once } from "node:events"
import { createServer } from "node:net"
import * as Redacted from "effect/Redacted"
import { onTestFinished } from "vitest"
import {
  type Channels,
  type ChannelsOptions,
  createChannels,
  type PeerNode
} from "../../../../src/io/cluster/channels.ts"
import { clusterLines } from "../../../../src/io/cluster/lines.ts"
import { createTelemetry } from "../../../../src/io/telemetry/telemetry.ts"

/** A port of this machine that is free, and the next one, too. */
export const freePortPair = async (host = "127.0.0.1"): Promise<number> => {
  for (;;) {
    const one = createServer()
    const other = createServer()
    try {
      await once(one.listen(0, host), "listening")
      const { port } = one.address() as { port: number }
      if (port === 65_535) continue
      await once(other.listen(port + 1, host), "listening")
      return port
    } catch {
      // Somebody has the next one.
    } finally {
      one.close()
      other.close()
    }
  }
}

export type Told = "open" | "dead" | "reborn" | "silent" | "buried" | "message" | "frame" | "line"

export interface TestNode {
  readonly address: string
  readonly mark: string
  readonly channels: Channels
  /** Everything that it was told, in order. */
  readonly told: readonly {
    readonly what: Told
    readonly from?: string
    readonly mark?: string
    readonly value?: any
  }[]
  /** Its log, as fields. */
  lines(message: string): readonly any[]
  /** Resolves as soon as this is true of what it was told. */
  until(isSo: (node: TestNode) => boolean): Promise<void>
  times(what: Told, from?: string): number
}

let marks = 0
export const nextMark = (): string => (marks++ + 36).toString(36).padStart(2, "0")

export const secret = Redacted.make("a secret of the cluster's")

type Listener = Pick<ChannelsOptions, "onMessage" | "onFrame" | "onOpen" | "onDead" | "onReborn">

/** `listener` hears of everything before it is noted. */
export const startNode = async ({
  listener,
  ...options
}: Partial<ChannelsOptions> & { readonly listener?: Listener } = {}): Promise<TestNode> => {
  const address = options.self ?? `127.0.0.1:${await freePortPair()}`
  const mark = options.mark ?? nextMark()
  const told: { what: Told; from?: string; mark?: string; value?: unknown }[] = []
  const news = new EventEmitter().setMaxListeners(0)
  const tell = (what: Told, peer?: PeerNode, value?: unknown) => {
    told.push({ what, ...(peer === undefined ? {} : { from: peer.address, mark: peer.mark }), value })
    news.emit("news")
  }
  const written: any[] = []
  const telemetry = createTelemetry({
    level: "trace",
    bufferSize: 10,
    lineUnits: 10_000,
    output: {
      write: (line: string) => {
        written.push(JSON.parse(line))
        tell("line", undefined, written.at(-1))
        return true
      }
    } as never
  })
  const channels = await createChannels({
    ...{ self: address, mark, secret, shards: 32, protocols: ["one /", "other /ws"] },
    ...{ silenceMs: 400, pingMs: 40, highBytes: 1024 * 1024, lowBytes: 256 * 1024 },
    onMessage: (peer, message) => {
      listener?.onMessage(peer, message)
      tell("message", peer, message)
    },
    onFrame: (peer, target, source, bytes) => {
      if (listener !== undefined) return listener.onFrame(peer, target, source, bytes)
      tell("frame", peer, { target, source, text: bytes.toString() })
    },
    onOpen: (peer) => {
      listener?.onOpen(peer)
      tell("open", peer)
    },
    onDead: (peer) => {
      listener?.onDead(peer)
      tell("dead", peer)
    },
    onReborn: (peer) => {
      listener?.onReborn(peer)
      tell("reborn", peer)
    },
    onSilent: (peer) => tell("silent", peer),
    onBuried: () => tell("buried"),
    log: telemetry.logFor(clusterLines),
    ...options
  })
  onTestFinished(() => channels.close())
  const node: TestNode = {
    ...{ address, mark, channels, told },
    lines: (message) => written.filter((line) => line.message === message),
    until: async (isSo) => {
      while (!isSo(node)) await once(news, "news")
    },
    times: (what, from) =>
      told.filter((each) => each.what === what && (from === undefined || each.from === from)).length
  }
  return node
}

/** Two or more that know each other, with open channels. */
export const meet = async (...nodes: readonly TestNode[]): Promise<void> => {
  for (const node of nodes) node.channels.know(nodes.map(({ address }) => address))
  await Promise.all(
    nodes.map((node) =>
      node.until(() =>
        nodes.every(({ address, channels }) => channels === node.channels || node.channels.isOpen(address))
      )
    )
  )
}
