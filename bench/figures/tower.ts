/** What one watcher of the tower page costs. */

import { once } from "node:events"
import { get } from "node:http"
import { addressOf, openMany } from "../benchSocket.ts"
import { type Figure, median } from "../rounds.ts"
import type { Server } from "../servers.ts"
import type { Setting } from "../setting.ts"

const key = "bench"
/** Milliseconds of one turn, with and without the watcher. */
const turnMs = 10_000
/** No pings: those of 10,000 connections come in one burst, into this turn or that. */
const environment = { LOG_ACCESS_KEY: key, WS_HEALTH_CHECK_INTERVAL_MS: "3600000" }

/** The share of a core that the server uses in one turn, percent. */
const share = async (server: Server): Promise<number> => {
  const before = (await server.usage()).cpuMicroseconds
  const since = performance.now()
  await new Promise((resolve) => setTimeout(resolve, turnMs))
  const used = (await server.usage()).cpuMicroseconds - before
  return used / 10 / (performance.now() - since)
}

/** Watches as the page does, and counts what comes. */
const watch = async (port: number) => {
  const request = get({ host: "127.0.0.1", port, path: `/tower/events?key=${key}` })
  const [response] = await once(request, "response")
  let bytes = 0
  response.on("data", (chunk: Buffer) => (bytes += chunk.length))
  response.on("error", () => {})
  if (response.statusCode !== 200) throw new Error(`The stream was answered with ${response.statusCode}`)
  return { bytes: () => bytes, leave: () => request.destroy() }
}

export const tower = async (setting: Setting): Promise<readonly Figure[]> => {
  const server = await setting.start("silktower", environment)
  try {
    const open = setting.size.openConnections
    const sockets = await openMany(server.port, open, addressOf)
    await server.usage({ collect: true })
    const rounds: { readonly idle: number; readonly quiet: number; readonly busy: number }[] = []
    let bytes = 0
    for (let round = 0; round < Math.ceil(setting.size.rounds / 3); round++) {
      const idle = await share(server)
      const watcher = await watch(server.port)
      const quiet = await share(server)
      // Somebody says a name every 20 ms, so that every update differs from the one before.
      let said = 0
      const talk = setInterval(() => sockets[said % open]?.send(`{"type":"register-details","name":"${said++}"}`), 20)
      const before = watcher.bytes()
      const busyWatched = await share(server)
      bytes = watcher.bytes() - before
      watcher.leave()
      const busyAlone = await share(server)
      clearInterval(talk)
      rounds.push({ idle, quiet: quiet - idle, busy: busyWatched - busyAlone })
    }
    if (bytes === 0) throw new Error("The watcher was told nothing")
    const figure = (name: string, pick: (round: (typeof rounds)[number]) => number): Figure => ({
      name: `${name}, ${open.toLocaleString("en")} connections`,
      unit: "% of a core",
      silktower: median(rounds.map(pick)),
      compared: "value",
      outcome: median(rounds.map(pick)),
      aim: 2
    })
    return [
      figure("one watcher of the tower page, nothing happens", ({ quiet }) => quiet),
      figure("one watcher of the tower page, 50 events a second", ({ busy }) => busy)
    ]
  } finally {
    await server.stop()
  }
}
