import { describe, expect, it, onTestFinished } from "vitest"
import { createAsk } from "../../src/client/http.ts"
import { IceServers } from "../../src/client/iceServers.ts"
import { createTower, type IceServer } from "../../src/client/index.ts"
import { useServer } from "../support/useServer.ts"
import { RTCPeerConnection, towerAt } from "./towers.ts"

describe("the ICE servers of a client", () => {
  const server = useServer({
    STUN_URLS: "stun:127.0.0.1:3478",
    TURN_URLS: "turn:127.0.0.1:3478",
    TURN_SECRET: "s3cret"
  })

  it("are those that its server names, in every connection", async () => {
    const given: IceServer[][] = []
    class Observed extends (RTCPeerConnection as any) {
      constructor(configuration: { iceServers: IceServer[] }) {
        super(configuration)
        given.push(configuration.iceServers)
      }
    }
    const ada = createTower({ url: server.http, name: "Ada", RTCPeerConnection: Observed as never })
    onTestFinished(() => ada.close())
    const flight = await ada.createFlight()
    const joined = await towerAt(server.http, "Grace").joinFlight(flight.code)
    await Promise.all([flight.connect(), joined.connect()])
    expect(given).toHaveLength(1)
    expect(given[0]?.flatMap(({ urls }) => urls)).toEqual(["stun:127.0.0.1:3478", "turn:127.0.0.1:3478"])
    expect(given[0]?.at(-1)?.credential).toEqual(expect.any(String))
  })

  it("are fetched once while they are good, and anew before they end, for as long as somebody follows", async () => {
    let asked = 0
    const ask = createAsk(server.http, fetch)
    /** The server's own answer, with a shorter life. */
    const servers = new IceServers(async (path, question) => {
      asked++
      return { ...(await ask<any>(path, question)), ttl: 0.5 }
    })
    const first = await Promise.all([servers.current(), servers.current()])
    expect(first[0]).toBe(first[1])
    expect(asked).toBe(1)
    const renewed: IceServer[][] = []
    const stop = servers.follow((each) => renewed.push(each))
    await expect.poll(() => renewed.length).toBeGreaterThan(2)
    expect(renewed[0]?.at(-1)?.username).toEqual(expect.any(String))
    stop()
    const askedUntilThen = asked
    await expect.poll(async () => (await servers.current()) !== renewed.at(-1)).toBe(true)
    expect(asked).toBe(askedUntilThen + 1)
  })

  it("are none where the server cannot be asked, and a connection does without", async () => {
    const servers = new IceServers(createAsk("http://127.0.0.1:1", fetch))
    expect(await servers.current()).toEqual([])
  })
})
