/** A network between two peers on this machine that can be changed: each candidate of the other side is reached by a way of its own. */
import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import { onTestFinished } from "vitest"
import { RTCPeerConnection } from "./towers.ts"

type Candidate = { readonly candidate: string }
type Words = [string, string, string, string, string, string, ...string[]]

/** Leads to one candidate: what comes from there goes to whoever has asked, and all else goes there. */
const openWay = async (address: string, port: number): Promise<Socket> => {
  const way = createSocket("udp4")
  let asker: { address: string; port: number } | undefined
  way.on("message", (packet, from) => {
    const isAnswer = from.port === port && from.address === address
    if (!isAnswer) asker = from
    if (!isAnswer) way.send(packet, port, address)
    else if (asker !== undefined) way.send(packet, asker.port, asker.address)
  })
  way.on("error", () => {})
  way.bind(0, address)
  await once(way, "listening")
  return way
}

/** For one test: connections that reach each other by such ways only. `cut` ends all that are there; new candidates have new ones. */
export const cuttableWays = () => {
  const ways = new Set<Socket>()
  const cut = () => {
    for (const way of ways) way.close()
    ways.clear()
  }
  onTestFinished(cut)

  class Connection extends (RTCPeerConnection as any) {
    setRemoteDescription({ type, sdp }: { type: string; sdp: string }) {
      // Whatever has been found when a description is made is told by it; here by its way only.
      return super.setRemoteDescription({ type, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, "") })
    }

    async addIceCandidate(init: Candidate) {
      const words = init.candidate.split(" ") as Words
      const [, , transport, , address, port] = words
      if (transport.toLowerCase() !== "udp" || address.includes(":")) return
      const way = await openWay(address, Number(port))
      ways.add(way)
      words[5] = String(way.address().port)
      return super.addIceCandidate({ ...init, candidate: words.join(" ") })
    }
  }
  return { RTCPeerConnection: Connection as unknown as typeof RTCPeerConnection, cut }
}
