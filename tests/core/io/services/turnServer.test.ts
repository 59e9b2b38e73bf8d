import { createRequire } from "node:module"
import { Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { createIceServers, type IceServer } from "../../../../src/io/services/turnCredentials.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { hasCoturn, startCoturn } from "./coturn.ts"
import { allocate, type Login } from "./turnClient.ts"

const secret = "a secret that two servers share"
const wrongCredentials = 401

const suite = () => {
  const coturn = useThroughout(
    () => startCoturn(secret),
    (coturn) => coturn.stop()
  )

  const iceServers = async (now: number, sharedSecret: string): Promise<readonly IceServer[]> => {
    const issued = createIceServers({
      stunUrls: [],
      own: { urls: [`turn:127.0.0.1:${coturn.port}?transport=udp`], secret: Redacted.make(sharedSecret) },
      timeToLiveSeconds: 60,
      userId: () => "0123456789",
      now: () => now,
      elapsed: () => now,
      log: () => {}
    })
    return (issued && (await Effect.runPromise(issued))?.iceServers) ?? []
  }

  /** What a client would have got at this moment. */
  const issue = async (now: number, sharedSecret = secret): Promise<Login> => {
    const [server] = await iceServers(now, sharedSecret)
    return { username: server?.username ?? "", credential: server?.credential ?? "" }
  }

  it("lets in whoever has credentials of ours", async () => {
    expect(await allocate(coturn.port, await issue(Date.now()))).toBe("allocated")
  })

  it("lets nobody in with credentials whose time is over", async () => {
    expect(await allocate(coturn.port, await issue(Date.now() - 120_000))).toBe(wrongCredentials)
  })

  it("lets nobody in with credentials that were made to last longer", async () => {
    const { username, credential } = await issue(Date.now() - 120_000)
    const later = Math.floor(Date.now() / 1000) + 3600
    expect(await allocate(coturn.port, { username: username.replace(/^\d+/, String(later)), credential })).toBe(
      wrongCredentials
    )
  })

  it("lets nobody in with another's name", async () => {
    const { username, credential } = await issue(Date.now())
    expect(await allocate(coturn.port, { username: `${username}x`, credential })).toBe(wrongCredentials)
  })

  it("lets nobody in with credentials made with another secret", async () => {
    expect(await allocate(coturn.port, await issue(Date.now(), `${secret}.`))).toBe(wrongCredentials)
  })

  it("carries two peers of WebRTC that may use nothing but the relay", async () => {
    const { RTCPeerConnection } = createRequire(import.meta.url)("@roamhq/wrtc")
    const settings = { iceTransportPolicy: "relay", iceServers: await iceServers(Date.now(), secret) }
    const [caller, callee] = [new RTCPeerConnection(settings), new RTCPeerConnection(settings)]
    const candidates: string[] = []
    const passOn = (to: typeof caller) => (event: { candidate: { candidate: string } | null }) => {
      if (event.candidate === null) return
      candidates.push(event.candidate.candidate)
      to.addIceCandidate(event.candidate)
    }
    caller.onicecandidate = passOn(callee)
    callee.onicecandidate = passOn(caller)
    try {
      const received = new Promise((resolve) => {
        callee.ondatachannel = (event: any) => {
          event.channel.onmessage = (message: { data: string }) => resolve(message.data)
        }
      })
      const channel = caller.createDataChannel("files")
      channel.onopen = () => channel.send("hello")
      await caller.setLocalDescription(await caller.createOffer())
      await callee.setRemoteDescription(caller.localDescription)
      await callee.setLocalDescription(await callee.createAnswer())
      await caller.setRemoteDescription(callee.localDescription)
      expect(await received).toBe("hello")
      expect(candidates.filter((candidate) => !candidate.includes("typ relay"))).toEqual([])
    } finally {
      caller.close()
      callee.close()
    }
  })
}

const name = "a real coturn"
if (hasCoturn()) describe(name, suite)
else if (process.env["CI"]) describe(name, () => it("is installed", () => expect.fail("turnserver is not on PATH")))
else {
  console.warn(`SKIPPED ${name}: turnserver is not on PATH. Install coturn to run it.`)
  describe.skip(name, suite)
}
