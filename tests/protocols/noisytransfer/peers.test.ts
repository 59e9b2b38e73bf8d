import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { exchangeMegabytes, newConnection } from "../../support/realPeers.ts"
import { useServer } from "../../support/useServer.ts"
import { figures, newCode, type RelayClient, redeem, useRelay } from "./relayClient.ts"

/** One side as NoisyTransfer's own transport is one: `{type, sdp}` and `{type: "ice", cand}`, with null as the last. */
const peerOn = (client: RelayClient) => {
  const connection = newConnection()
  const early: unknown[] = []
  connection.onicecandidate = ({ candidate }: { candidate: unknown }) => client.send({ type: "ice", cand: candidate })
  const listen = async () => {
    for (;;) {
      const frame = JSON.parse(await client.next())
      if (frame.type === "ice" && frame.cand !== null) {
        if (connection.remoteDescription) await connection.addIceCandidate(frame.cand)
        else early.push(frame.cand)
      } else if (frame.type === "offer" || frame.type === "answer") {
        await connection.setRemoteDescription(frame.sdp)
        for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate)
        if (frame.type === "answer") continue
        await connection.setLocalDescription(await connection.createAnswer())
        client.send({ type: "answer", sdp: connection.localDescription })
      }
    }
  }
  // It ends with the socket.
  listen().catch(() => {})
  return connection
}

describeOnPostgres("two real WebRTC peers", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const { meet } = useRelay(server)

  it("agree on a code, meet by it and send a megabyte each way", async () => {
    const { code, appID } = await newCode(server)
    const redeemed = JSON.parse((await redeem(server, JSON.stringify({ code }))).text)
    expect(redeemed.appID).toBe(appID)
    const [a, b] = await meet(redeemed.appID)
    const [caller, callee] = [peerOn(a), peerOn(b)]
    const answered = new Promise<any>((resolve) => {
      callee.ondatachannel = ({ channel }: { channel: any }) => resolve(channel)
    })
    const channel = caller.createDataChannel("files")
    const opened = new Promise<void>((resolve) => {
      channel.onopen = () => resolve()
    })
    await caller.setLocalDescription(await caller.createOffer())
    a.send({ type: "offer", sdp: caller.localDescription })
    const other = await answered
    await opened
    await exchangeMegabytes(channel, other)
    for (const client of [a, b]) client.send({ type: "telemetry", event: "ice-connected", mode: "direct" })
    await expect.poll(async () => (await figures(server)).get('nt_session_established_total{mode="direct"}')).toBe(1)
  }, 30_000)
})
