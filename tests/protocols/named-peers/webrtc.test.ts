/** Two real WebRTC peers find each other by their names. */
import { describe, it } from "vitest"
import { exchangeMegabytes, newConnection } from "../../support/realPeers.ts"
import { useServer } from "../../support/useServer.ts"
import { type PeerClient, usePeers } from "./peerClient.ts"

/** A client that does what the public ones do: it answers offers, and sends a candidate as soon as it has one. */
class Caller {
  readonly #client: PeerClient
  readonly #name: string
  #connection = newConnection()
  #early: unknown[] = []
  /** Gets each data channel that somebody else has opened. */
  onChannel: (channel: any) => void = () => {}

  constructor(client: PeerClient, name: string) {
    this.#client = client
    this.#name = name
    // Until the client is closed.
    void this.#hear().catch(() => {})
  }

  /** Opens a data channel to somebody. */
  async call(target: string): Promise<any> {
    this.#begin(target)
    const channel = this.#connection.createDataChannel("file")
    const opened = new Promise<void>((resolve) => (channel.onopen = () => resolve()))
    await this.#connection.setLocalDescription(await this.#connection.createOffer())
    this.#send(target, { type: "offer", offer: this.#connection.localDescription })
    await opened
    return channel
  }

  #begin(other: string): void {
    this.#connection.close()
    this.#connection = newConnection()
    this.#early = []
    this.#connection.onicecandidate = ({ candidate }: { candidate: unknown }) => {
      if (candidate !== null) this.#send(other, { type: "candidate", candidate })
    }
    this.#connection.ondatachannel = ({ channel }: { channel: unknown }) => this.onChannel(channel)
  }

  #send(target: string, frame: object): void {
    this.#client.send({ ...frame, target, from: this.#name })
  }

  async #describeOther(description: unknown): Promise<void> {
    await this.#connection.setRemoteDescription(description)
    for (const candidate of this.#early.splice(0)) await this.#connection.addIceCandidate(candidate)
  }

  async #hear(): Promise<void> {
    for (;;) {
      const { type, from, ...frame } = await this.#client.next()
      if (type === "offer") {
        this.#begin(from)
        await this.#describeOther(frame["offer"])
        await this.#connection.setLocalDescription(await this.#connection.createAnswer())
        this.#send(from, { type: "answer", answer: this.#connection.localDescription })
      } else if (type === "answer") {
        await this.#describeOther(frame["answer"])
      } else if (type === "candidate") {
        if (this.#connection.remoteDescription === null) this.#early.push(frame["candidate"])
        else await this.#connection.addIceCandidate(frame["candidate"])
      }
    }
  }
}

describe("two real WebRTC peers", () => {
  const server = useServer()
  const peer = usePeers(server)

  const callerAs = async (name: string) => {
    const client = await peer({ name })
    return { client, caller: new Caller(client, name) }
  }

  const transfer = async (from: Caller, to: Caller, name: string) => {
    const announced = new Promise<any>((resolve) => (to.onChannel = resolve))
    const channel = await from.call(name)
    await exchangeMegabytes(channel, await announced)
  }

  it("send each other a megabyte each way, and find each other again when one was cut", async () => {
    const [nantes, paris] = [await callerAs("nantes"), await callerAs("paris")]
    await transfer(nantes.caller, paris.caller, "paris")
    nantes.client.cut()
    const again = await callerAs("nantes")
    await transfer(paris.caller, again.caller, "nantes")
  })
})
