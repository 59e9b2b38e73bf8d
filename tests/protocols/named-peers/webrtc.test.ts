/** Two real WebRTC peers find each other by their names. */
import { createHash, randomBytes } from "node:crypto"
import { createRequire } from "node:module"
import { describe, expect, it, onTestFinished } from "vitest"
import { useServer } from "../../support/useServer.ts"
import { type PeerClient, usePeers } from "./peerClient.ts"

const { RTCPeerConnection } = createRequire(import.meta.url)("@roamhq/wrtc")

const chunkBytes = 16 * 1024

/** A client that does what the public ones do: it answers offers, and sends a candidate as soon as it has one. */
class Caller {
  readonly #client: PeerClient
  readonly #name: string
  #connection = new RTCPeerConnection({ iceServers: [] })
  #early: unknown[] = []
  /** Gets each data channel that somebody else has opened. */
  onChannel: (channel: any) => void = () => {}

  constructor(client: PeerClient, name: string) {
    this.#client = client
    this.#name = name
    // Until the client is closed.
    void this.#hear().catch(() => {})
  }

  close(): void {
    this.#connection.close()
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
    this.#connection = new RTCPeerConnection({ iceServers: [] })
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
  const file = randomBytes(1024 * 1024)
  const sha256 = createHash("sha256").update(file).digest("hex")

  const callerAs = async (name: string) => {
    const client = await peer({ name })
    const caller = new Caller(client, name)
    onTestFinished(() => caller.close())
    return { client, caller }
  }

  /** What comes over the next channel, as soon as the whole file has; it is answered with a word. */
  const receives = (caller: Caller): Promise<string> =>
    new Promise((resolve) => {
      const hash = createHash("sha256")
      let bytes = 0
      caller.onChannel = (channel) => {
        channel.binaryType = "arraybuffer"
        channel.onmessage = ({ data }: { data: ArrayBuffer }) => {
          hash.update(new Uint8Array(data))
          bytes += data.byteLength
          if (bytes < file.length) return
          channel.send("got it")
          resolve(hash.digest("hex"))
        }
      }
    })

  const transfer = async (from: Caller, to: Caller, name: string) => {
    const received = receives(to)
    const channel = await from.call(name)
    const answered = new Promise((resolve) => (channel.onmessage = ({ data }: { data: string }) => resolve(data)))
    for (let at = 0; at < file.length; at += chunkBytes)
      channel.send(new Uint8Array(file.subarray(at, at + chunkBytes)))
    expect(await received).toBe(sha256)
    expect(await answered).toBe("got it")
  }

  it("send each other a megabyte and a word, and find each other again when one was cut", async () => {
    const [nantes, paris] = [await callerAs("nantes"), await callerAs("paris")]
    await transfer(nantes.caller, paris.caller, "paris")
    nantes.client.cut()
    const again = await callerAs("nantes")
    await transfer(paris.caller, again.caller, "nantes")
  })
})
