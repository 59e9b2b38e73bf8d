/**
 * A node in a process of its own: prints a line of JSON for each thing that it is told, and sends each message back. Its
 * options are its first argument.
 */
import * as Redacted from "effect/Redacted"
import { createChannels, type PeerNode } from "../../../../src/io/cluster/channels.ts"

const { secret, peers, ...options } = JSON.parse(process.argv[2] as string)
const tell = (what: string) => (peer?: PeerNode, value?: unknown) =>
  console.log(JSON.stringify({ what, from: peer?.address, value }))

const channels = await createChannels({
  ...options,
  secret: Redacted.make(secret),
  isWord: () => true,
  onMessage: (peer, message) => {
    tell("message")(peer, message)
    channels.send(peer.address, message)
  },
  onFrame: () => {},
  onMet: tell("met"),
  onParted: tell("parted"),
  onDead: tell("dead"),
  log: () => {}
})
channels.know(peers)
tell("listens")()
