/** A node in a process of its own: prints a line of JSON for each thing that it is told. Its options are its first argument. */
import * as Redacted from "effect/Redacted"
import { createChannels, type PeerNode } from "../../../../src/io/cluster/channels.ts"

const { secret, peers, ...options } = JSON.parse(process.argv[2] as string)
const tell = (what: string) => (peer?: PeerNode) => console.log(JSON.stringify({ what, from: peer?.address }))

const channels = await createChannels({
  ...options,
  secret: Redacted.make(secret),
  onMessage: (peer) => tell("message")(peer),
  onFrame: (peer) => tell("frame")(peer),
  onOpen: tell("open"),
  onDead: tell("dead"),
  onReborn: tell("reborn"),
  onSilent: tell("silent"),
  onBuried: tell("buried"),
  log: () => {}
})
channels.know(peers)
tell("listens")()
