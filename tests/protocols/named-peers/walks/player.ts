/** Takes the steps of the model against a real server, over real sockets, and compares what everybody has heard. */
import { expect } from "vitest"
import { everybodyKnows, startServer, type TestServer } from "../../../support/server.ts"
import { clientCount, connectPeer, type PeerClient } from "../peerClient.ts"
import { mostNames, type Person, people, type Step, type Who, type World } from "./world.ts"

export const createPlayer = async (databaseUrl: string) => {
  const start = (): Promise<TestServer> =>
    startServer({
      DATABASE_URL: databaseUrl,
      NAMED_PEERS_MAX: String(mostNames),
      // Nobody is cut for its silence but by who wants its name.
      WS_HEALTH_CHECK_INTERVAL_MS: "600000"
    })
  let server = await start()
  const clients = new Map<Who, PeerClient>()
  const clientOf = (who: Who): PeerClient => clients.get(who) as PeerClient

  const act = async (step: Step): Promise<void> => {
    switch (step.does) {
      case "connect":
        return void clients.set(step.who, await connectPeer(server, { query: step.space }))
      case "log in": {
        const { name, key } = step
        return clientOf(step.who).send({ type: "login", name, key })
      }
      case "compete": {
        const login = { type: "login", name: step.name }
        clientOf(step.first).send(login)
        // The first has been read before the second is sent: an upgrade comes behind it.
        await (await connectPeer(server)).close()
        await everybodyKnows()
        return clientOf(step.second).send(login)
      }
      case "say":
        return clientOf(step.who).send({ type: "offer", target: step.target, value: step.value, from: "forged" })
      case "announce":
        return clientOf(step.who).send({ type: "stream_started", value: step.value })
      case "babble":
        return clientOf(step.who).send(step.text)
      case "close":
        return clientOf(step.who).close()
      case "cut":
        return clientOf(step.who).cut()
      case "fall silent":
        return clientOf(step.who).socket.pause()
      case "wake":
        return clientOf(step.who).socket.resume()
      case "restart":
        for (const { socket } of clients.values()) if (socket.isPaused) socket.resume()
        await server.stop()
        server = await start()
    }
  }

  /** What somebody has been sent since the last step, and how its socket ended. */
  const compare = async (who: Who, person: Person): Promise<void> => {
    if (!clients.has(who)) return
    const client = clientOf(who)
    if (person.code !== null) {
      if (client.socket.isPaused) client.socket.resume()
      const { code } = await client.closed()
      expect({ who, code, heard: client.frames.splice(0) }).toEqual({ who, code: person.code, heard: person.owed })
      clients.delete(who)
      Object.assign(person, { isSilent: false, owed: [] })
    } else if (!person.isSilent) {
      expect({ who, heard: await client.heard() }).toEqual({ who, heard: person.owed })
      person.owed = []
    }
  }

  return {
    play: async (world: World, step: Step): Promise<void> => {
      await act(step)
      world.take(step)
      // Who is cut is gone once the server has noticed.
      const logged = people.filter((who) => world.of(who).place === "peer").length
      await expect.poll(() => clientCount(server), { interval: 5 }).toBe(logged)
      // Who has lost its socket first, then who has asked for something: only then have the others heard of it. Who is silent
      // stays so until then.
      const rank = (who: Who) => {
        const { code, isSilent } = world.of(who)
        return code === null ? (Object.values(step).includes(who) ? 1 : 2) : isSilent ? 3 : 0
      }
      const ordered = people.toSorted((one, other) => rank(one) - rank(other))
      for (const who of ordered) await compare(who, world.of(who))
    },
    stop: async () => {
      for (const client of clients.values()) client.cut()
      await server.stop()
    }
  }
}
