/** Plays a walk against a started server over real sockets and HTTP, and compares what everybody gets and sees. */
import { isDeepStrictEqual } from "node:util"
import { connect, startServer, type Frame, type TestClient, type TestServer } from "../support/server.ts"
import {
  inWords,
  isUp,
  listOf,
  people,
  startingWorld,
  take,
  type Expected,
  type Outcome,
  type Participant,
  type Person,
  type Step,
  type World
} from "./world.ts"
import type { Walk } from "./paths.ts"

/** Something else came than should have; the message has the walk. */
export class WalkFailed extends Error {
  override readonly name = "WalkFailed"
}

/** ms for something that must come; nothing is ever waited for that need not come. */
const patience = 8_000

const addresses: Readonly<Record<Person, string>> = { ann: "192.168.7.1", bob: "192.168.7.2", cid: "203.0.113.9" }

export const createPlayer = async (environment: Readonly<Record<string, string>>) => {
  const start = () => startServer({ LOG_LEVEL: "error", ...environment })
  let server: TestServer = await start()
  let steps = 0

  /** Plays a walk from an empty world; throws WalkFailed. */
  const play = async (walk: Walk): Promise<void> => {
    let world = startingWorld
    const clients = new Map<Person, TestClient>()
    /** Frames of each client that have been compared, lists left out. */
    const compared = new Map<TestClient, number>()
    const codes = new Map<string, string>()
    const ids = new Map<Person, string>()
    let signals = 0

    const clientOf = (who: Person): TestClient => clients.get(who) as TestClient
    const open = async (who: Person): Promise<TestClient> => {
      const client = await connect(server.ws, { headers: { "x-forwarded-for": addresses[who] } })
      clients.set(who, client)
      return client
    }
    const codeOf = (place: string): string => codes.get(place) ?? "ZZZZZZ"
    const roomUrl = (who: Person): string => `${server.http}/api/rooms/${codeOf(`room ${world.tickets[who]}`)}`
    const ask = async (url: string, body?: unknown) => {
      const response = await fetch(url, {
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
        headers: { "content-type": "application/json" }
      })
      return { status: response.status, body: (await response.json()) as any }
    }
    const change = (who: Person, what: string, body: unknown) => ask(`${roomUrl(who)}/participants/${ids.get(who)}/${what}`, body)

    /** Does what the step says; gives back the status of an HTTP request. */
    const act = async (step: Step): Promise<number | undefined> => {
      switch (step.does) {
        case "connect":
          return void (await open(step.who))
        case "register":
          return void clientOf(step.who).send({ type: "register-details", name: step.name })
        case "create flight":
          return void clientOf(step.who).send({ type: "create-flight" })
        case "join flight":
          return void clientOf(step.who).send({ type: "join-flight", flightCode: codeOf(world.seats[step.of]?.place ?? "") })
        case "invite": {
          const flightCode = codeOf(world.seats[step.who]?.place ?? "")
          const inviteeId = clients.get(step.of)?.id ?? "nobody"
          return void clientOf(step.who).send({ type: "invite-to-flight", inviteeId, flightCode })
        }
        case "signal":
          return void clientOf(step.who).send({ type: "signal", data: { candidate: `candidate ${++signals}` } })
        case "attach":
          return void clientOf(step.who).send({
            type: "attach-room",
            roomCode: codeOf(`room ${world.tickets[step.who]}`),
            participantId: ids.get(step.who),
            channel: step.channel
          })
        case "leave":
          await clientOf(step.who).close()
          return void clients.delete(step.who)
        case "kill":
          clientOf(step.who).socket.terminate()
          return void clients.delete(step.who)
        case "fall silent": {
          // Reads nothing any more, so that pings go unanswered until the server ends it.
          const { socket } = clientOf(step.who)
          socket.pause()
          clients.delete(step.who)
          await expectSoon(() => server.actors().connections === clients.size, "the server to end who fell silent")
          return void socket.terminate()
        }
        case "reload":
          await clientOf(step.who).close()
          return void (await open(step.who))
        case "replace": {
          const old = clientOf(step.who)
          const { channel } = world.seats[step.who]!
          const client = await open(step.who)
          client.send({
            type: "attach-room",
            roomCode: codeOf(`room ${world.tickets[step.who]}`),
            participantId: ids.get(step.who),
            channel
          })
          await client.settled()
          return void (await old.close())
        }
        case "create room": {
          const { status, body } = await ask(`${server.http}/api/rooms`, { name: `${step.who} at home` })
          codes.set(`room ${step.who}`, body.roomCode)
          ids.set(step.who, body.self.participantId)
          return status
        }
        case "join room": {
          const code = codeOf(`room ${world.tickets[step.of]}`)
          const { status, body } = await ask(`${server.http}/api/rooms/${code}/join`, { name: `${step.who} on a visit` })
          if (status === 200) ids.set(step.who, body.self.participantId)
          return status
        }
        case "ready":
          return (await change(step.who, "ready", { fileCount: 3, totalBytes: 70 })).status
        case "chat":
          return (await change(step.who, "chat", { active: step.active })).status
        case "share":
          return (await change(step.who, "screen-share", { active: step.active })).status
        case "restart":
          await server.stop()
          server = await start()
          return undefined
      }
    }

    const framesOf = (client: TestClient): readonly Frame[] =>
      client.frames.filter(({ type }) => type !== "users-on-network-update").slice(compared.get(client) ?? 0)

    const nameOf = (place: string | undefined): string | undefined =>
      [...codes].findLast(([, code]) => code === place)?.[0]

    /** A frame in the model's words. */
    const inModel = ({ type, ...rest }: Frame, expected: Expected | undefined): unknown => {
      switch (type) {
        case "flight-created":
          if (expected?.type === "flight-created") codes.set(expected.code, rest["flightCode"])
          return { type, code: nameOf(rest["flightCode"]) }
        case "peer-joined": {
          const peer = people.find((who) => clients.get(who)?.id === rest["peer"].id)
          return {
            type,
            code: nameOf(rest["flightCode"]),
            peer,
            name: rest["peer"].name,
            connectionType: rest["connectionType"]
          }
        }
        case "flight-invitation":
          return { type, code: nameOf(rest["flightCode"]), fromName: rest["fromName"] }
        case "room-attached": {
          const peer = rest["peer"]
          const known = expected?.type === "room-attached" ? expected.peer : null
          // Of the peer's own wishes this frame says nothing.
          const model = peer && { ...known, name: peer.name, ready: peer.ready }
          return { type, code: nameOf(rest["flightCode"]), role: rest["role"], peer: model }
        }
        case "signal":
          return isDeepStrictEqual(rest["data"], { candidate: `candidate ${signals}` }) ? { type } : { type, ...rest }
        case "error":
          return { type, message: rest["message"] }
        default:
          return { type }
      }
    }

    const expectSoon = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
      const until = performance.now() + patience
      while (!(await holds())) {
        if (performance.now() > until) throw new Error(`waited in vain for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }

    const compareFrames = async (step: Step, { frames }: Outcome, before: ReadonlyMap<Person, TestClient>) => {
      const watched = step.does === "restart" ? before : clients
      for (const [who, client] of watched) {
        const expected = frames[who]
        await expectSoon(() => framesOf(client).length >= expected.length, `${expected.length} frames of ${who}'s`).catch(() => {})
        // A frame too many would have come before the answer to one that is sent now.
        if (client.socket.readyState === client.socket.OPEN) await client.settled()
        const got = framesOf(client).map((frame, at) => inModel(frame, expected[at]))
        if (!isDeepStrictEqual(got, expected)) {
          throw new Error(`${who} got ${JSON.stringify(got)}\n  and should have got ${JSON.stringify(expected)}`)
        }
        compared.set(client, (compared.get(client) ?? 0) + expected.length)
      }
    }

    const compareLists = async (world: World) => {
      for (const [who, client] of clients) {
        const list = listOf(world, who)
        if (list === null) continue
        const expected = list.map((other) => ({ id: clientOf(other).id, name: world.names[other] }))
        const last = () => client.frames.findLast(({ type }) => type === "users-on-network-update")?.["users"]
        await expectSoon(() => isDeepStrictEqual(last(), expected), "a list").catch(() => {
          throw new Error(`${who}'s list is ${JSON.stringify(last())}\n  and should be ${JSON.stringify(expected)}`)
        })
      }
    }

    const summaryOf = (participants: readonly Participant[], who: Person) => {
      const self = participants.find((each) => each.who === who)
      if (self === undefined) return { status: 404 }
      const peer = participants.find((each) => each.who !== who)
      const show = (each: Participant) => ({
        role: participants[0] === each ? "host" : "guest",
        name: each.name,
        ready: each.ready
      })
      const someReady = participants.some(({ ready }) => ready)
      const status = peer === undefined ? "waiting" : someReady ? "ready" : "paired"
      return {
        status: 200,
        room: status,
        shouldConnect: status === "ready",
        self: show(self),
        peer: peer === undefined ? null : show(peer),
        chat: [self.chat, peer?.chat ?? false],
        share: [self.share, peer?.share ?? false]
      }
    }
    const shown = ({ status, body }: { status: number; body: any }) => {
      if (status !== 200) return { status }
      const show = (each: any) => each && { role: each.role, name: each.name, ready: each.ready }
      return {
        status,
        room: body.status,
        shouldConnect: body.shouldConnect,
        self: show(body.self),
        peer: show(body.peer),
        chat: [body.chat.requestedBySelf, body.chat.requestedByPeer],
        share: [body.screenShare.requestedBySelf, body.screenShare.requestedByPeer]
      }
    }
    const compareRooms = async (world: World) => {
      for (const who of people) {
        const room = world.tickets[who]
        if (room === null) continue
        const expected = summaryOf(world.rooms[room] ?? [], who)
        let got: unknown
        await expectSoon(async () => {
          got = shown(await ask(`${roomUrl(who)}?participantId=${ids.get(who)}`))
          return isDeepStrictEqual(got, expected)
        }, "a summary").catch(() => {
          throw new Error(`${who}'s room says ${JSON.stringify(got)}\n  and should say ${JSON.stringify(expected)}`)
        })
      }
    }

    try {
      for (const [at, step] of walk.entries()) {
        const outcome = take(world, step)
        if (outcome === null) throw new WalkFailed(`step ${at + 1} is not possible: ${inWords(step)}`)
        steps++
        try {
          const before = new Map(clients)
          const status = await act(step)
          if (status !== outcome.status) throw new Error(`was answered ${status} and should have been ${outcome.status}`)
          await compareFrames(step, outcome, before)
          if (step.does === "restart") clients.clear()
          world = outcome.world
          const odd = [...clients.keys()].filter((who) => !isUp(world, who))
          if (odd.length > 0) throw new Error(`${odd.join()} should not be connected`)
          await compareLists(world)
          await compareRooms(world)
        } catch (error) {
          const path = walk.slice(0, at + 1).map((step, at) => `  ${at + 1}. ${inWords(step)}`)
          throw new WalkFailed([`At step ${at + 1}:`, ...path, (error as Error).message].join("\n"))
        }
      }
    } finally {
      for (const client of clients.values()) client.socket.terminate()
      await expectSoon(() => server.actors().connections === 0, "everybody to be gone").catch(() => {})
    }
  }

  return { play, steps: () => steps, stop: () => server.stop() }
}
