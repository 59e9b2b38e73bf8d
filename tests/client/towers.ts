/** Clients of a started server, on real sockets and real WebRTC, which are gone after each test. */
import { createRequire } from "node:module"
import { afterEach, expect, onTestFinished } from "vitest"
import type { Events } from "../../src/client/events.ts"
import {
  createTower,
  type PeerConnectionConstructor,
  type Peering,
  type Seat,
  type Tower
} from "../../src/client/index.ts"
import type { Web } from "../../src/client/web.ts"
import type { TestServer } from "../support/server.ts"

/** The package has no types of its own. */
export const { RTCPeerConnection } = createRequire(import.meta.url)("@roamhq/wrtc") as {
  readonly RTCPeerConnection: PeerConnectionConstructor
}

/** For the time of one test, within which this is called. */
export const towerAt = (url: string, name: string): Tower => {
  const tower = createTower({ url, name, RTCPeerConnection })
  onTestFinished(() => tower.close())
  return tower
}

/** Towers of `server`. After each test they are closed, and the server must have forgotten them. */
export const useTowers = (server: TestServer): ((name: string, web?: Web) => Promise<Tower>) => {
  const towers: Tower[] = []
  afterEach(async () => {
    for (const tower of towers.splice(0)) tower.close()
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0, flights: 0, networks: 0 })
  })
  return async (name, web = {}) => {
    const tower = createTower({ url: server.http, name, RTCPeerConnection, ...web })
    towers.push(tower)
    await tower.opened()
    return tower
  }
}

/** The next such event, if it fits. */
export const next = <Values extends object, Name extends keyof Values>(
  events: Events<Values>,
  name: Name,
  fits: (value: Values[Name]) => boolean = () => true
): Promise<Values[Name]> =>
  new Promise((resolve) => {
    const stop = events.on(name, (value) => {
      if (!fits(value)) return
      stop()
      resolve(value)
    })
  })

/** Both of them, with an open connection. */
export const connected = (one: Seat, other: Seat): Promise<[Peering, Peering]> =>
  Promise.all([one.connect(), other.connect()])

/** The text of the next message. */
export const nextMessage = ({ channel }: Peering): Promise<string> =>
  new Promise((resolve) => channel.addEventListener("message", ({ data }: { data: string }) => resolve(data)))

/** Says something each way, the one who was told of the other first. */
export const greetEachOther = async (one: Peering, other: Peering): Promise<void> => {
  const heard = [nextMessage(one), nextMessage(other)]
  other.channel.send("to one")
  one.channel.send("to the other")
  expect(await Promise.all(heard)).toEqual(["to one", "to the other"])
}
