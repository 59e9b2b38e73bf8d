/** Nodes with channels between them, in this process, and what each has heard. */
import { EventEmitter, once } from "node:events"
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
import { freePortPairs } from "../../../support/freePort.ts"

export type Told = "met" | "parted" | "dead" | "message" | "frame" | "line"

export interface News<What = Told> {
  readonly what: What
  readonly from?: string
  readonly mark?: string
  readonly value?: any
}

export interface TestNode {
  readonly address: string
  readonly mark: string
  readonly channels: Channels
  /** Everything that it was told, in order. */
  readonly told: readonly News[]
  /** Its log, as fields. */
  lines(message: string): readonly any[]
  /** Resolves as soon as this is true of what it was told. */
  until(isSo: (node: TestNode) => boolean): Promise<void>
  times(what: Told, from?: string): number
}

let marks = 0
export const nextMark = (): string => (marks++ + 36).toString(36).padStart(2, "0")

export const secret = Redacted.make("a secret of the cluster's")

type Listener = Partial<Pick<ChannelsOptions, "onMessage" | "onFrame" | "onMet" | "onParted">>

/** `listener` hears of everything before it is noted. */
export const startNode = async ({
  listener,
  ...options
}: Partial<ChannelsOptions> & { readonly listener?: Listener } = {}): Promise<TestNode> => {
  const address = options.self ?? `127.0.0.1:${await freePortPairs(1)}`
  const mark = options.mark ?? nextMark()
  const told: News[] = []
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
    isWord: () => true,
    onMessage: (peer, message) => {
      listener?.onMessage?.(peer, message)
      tell("message", peer, message)
    },
    onFrame: (peer, target, source, bytes) => {
      if (listener?.onFrame !== undefined) return listener.onFrame(peer, target, source, bytes)
      tell("frame", peer, { target, source, text: bytes.toString() })
    },
    onMet: (peer) => {
      listener?.onMet?.(peer)
      tell("met", peer)
    },
    onParted: (peer) => {
      listener?.onParted?.(peer)
      tell("parted", peer)
    },
    onDead: (peer) => tell("dead", peer),
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

/** What a node was told of another one, with what it was told by it, in order. */
export const story = (told: readonly News<string>[], from: string): readonly unknown[] =>
  told.filter((each) => each.from === from).map(({ what, value }) => (what === "message" ? value : what))

/** Two or more that know each other, and have met. */
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
