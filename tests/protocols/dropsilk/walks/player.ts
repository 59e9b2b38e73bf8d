/** Plays a walk against a started server over real sockets and HTTP, and compares what everybody gets and sees. */
import { isDeepStrictEqual } from "node:util"
import {
  connect,
  everybodyKnows,
  type Frame,
  startServer,
  type TestClient,
  type TestServer,
  withoutBudgets
} from "../../../support/server.ts"
import type { Walk } from "./paths.ts"
import type { Rule } from "./rules.ts"
import {
  type Channel,
  type Expected,
  inWords,
  isUp,
  listOf,
  mayReturn,
  nameAtHome,
  nameOnVisit,
  type Outcome,
  ownParticipant,
  type Participant,
  type Person,
  partnerOf,
  people,
  type Seat,
  type Step,
  startingWorld,
  take,
  type World
} from "./world.ts"

interface Answer {
  readonly status: number
  readonly body: any
}

/** Something else came than should have; the message has the walk up to there, a step a line. */
export class WalkFailed extends Error {
  override readonly name = "WalkFailed"
  /** The steps taken, the last of which went wrong. */
  readonly taken: Walk

  constructor(taken: Walk, difference: string) {
    const lines = taken.map((step, at) => `  ${at + 1}. ${inWords(step)}`)
    super([`At step ${taken.length}:`, ...lines, difference].join("\n"))
    this.taken = taken
  }
}

/** The machine was too slow to do something while a socket that broke off is not missed yet: that shows nothing. */
export class TooSlow extends Error {
  override readonly name = "TooSlow"
}

/** Milliseconds for something that must come; nothing is ever waited for that need not come. */
const fullPatience = 8_000

/** The data of signals as text, which must arrive byte for byte: what writing anew would change is in it. */
const signalData = [
  (count: number) => `{"type":"offer","sdp":"v=0\\r\\no=- ${count}"}`,
  (count: number) => `{"n":${count}.0, "exact":12345678901234567890 }`,
  (count: number) => `[ ${count} , null , false , "ünï \\u2028 \\/" ]`,
  (count: number) => `"candidate ${count} \\ud83e\\udd8a"`
]
const signalText = (count: number): string =>
  `{"type":"signal","data":${(signalData[count % signalData.length] as (count: number) => string)(count)}}`

/** What the older of two sockets of one participant is told. */
const seatTaken = { type: "error", message: "Seat taken by another connection" }

/** What somebody who is ready offers. */
const offer = { fileCount: 3, totalBytes: 5_000_000_000 }

const addresses: Readonly<Record<Person, string>> = { ann: "192.168.7.1", bob: "192.168.7.2", cid: "203.0.113.9" }

/** For how long a socket that broke off is not missed: long enough to do something meanwhile. */
const graceMs = 300

/**
 * All that the server is told but its database: who falls silent is found out soon, who has left may return as long as
 * a walk lasts, and no budget is ever spent.
 */
const environment = {
  ...withoutBudgets,
  LOG_LEVEL: "error",
  WS_HEALTH_CHECK_INTERVAL_MS: "1500",
  SEAT_RETURN_SECONDS: "3600",
  ABRUPT_GRACE_SECONDS: String(graceMs / 1000)
}

export const createPlayer = async (databaseUrl: string) => {
  const start = () => startServer({ ...environment, DATABASE_URL: databaseUrl }, {}, [], "slow")
  let server: TestServer = await start()
  const followed = new Set<Rule>()

  /** Plays a walk from an empty world; throws WalkFailed, also when something has not come within `patience` ms. */
  const play = async (walk: Walk, patience = fullPatience): Promise<void> => {
    let world = startingWorld
    const clients = new Map<Person, TestClient>()
    const opened: TestClient[] = []
    /** Frames of each client that have been compared, lists left out. */
    const compared = new Map<TestClient, number>()
    const lists = new Map<TestClient, { seen: number; last: unknown }>()
    const codes = new Map<string, string>()
    const ids = new Map<Person, string>()
    /** Participants' ids, which only their owners may ever be told. */
    const secrets = new Map<string, Person>()
    let signals = 0
    let connections = 0
    let requests = 0
    /** When the socket of the last step that broke off had not broken off yet. */
    let brokenOffAt = 0

    /** Of several servers that are one each connection and each request is for the next, the same ones whenever it is played. */
    const nodeFor = (count: number): string => server.nodes[count % server.nodes.length] as string
    const clientOf = (who: Person): TestClient => clients.get(who) as TestClient
    const open = async (who: Person): Promise<TestClient> => {
      const client = await connect(nodeFor(connections++), { headers: { "x-forwarded-for": addresses[who] } })
      clients.set(who, client)
      opened.push(client)
      return client
    }
    /** The server has noticed who has gone; `more` have a second socket. Gives back a time when it had not. */
    const othersAreGone = async (within = patience, more = 0): Promise<number> => {
      let before = performance.now()
      const areGone = () => {
        if (server.actors().connections === clients.size + more) return true
        before = performance.now()
        return false
      }
      await expectSoon(areGone, "the server to notice who has gone", within)
      await everybodyKnows()
      return before
    }
    const codeOf = (place: string): string => codes.get(place) ?? "ZZZZZZ"
    const roomPath = (who: Person): string => `/${codeOf(`room ${world.tickets[who]}`)}`
    const ask = async (who: Person, path: string, body?: unknown): Promise<Answer> => {
      await everybodyKnows()
      const response = await fetch(`${nodeFor(requests++)}/api/rooms${path}`, {
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
        headers: { "content-type": "application/json", "x-forwarded-for": addresses[who] }
      })
      return { status: response.status, body: (await response.json()) as any }
    }
    const change = (who: Person, what: string, body: unknown) =>
      ask(who, `${roomPath(who)}/participants/${ids.get(who)}/${what}`, body)
    const own = (who: Person, { self }: { readonly self: { readonly participantId: string } }) => {
      ids.set(who, self.participantId)
      secrets.set(self.participantId, who)
    }
    const keepSecrets = (who: Person, text: string) => {
      for (const [secret, owner] of secrets) {
        if (owner !== who && text.includes(secret)) throw new Error(`${who} was told the participant's id of ${owner}`)
      }
    }

    const attach = (client: TestClient, who: Person, channel: Channel) =>
      client.send({
        type: "attach-room",
        roomCode: codeOf(`room ${world.tickets[who]}`),
        participantId: ids.get(who),
        channel
      })
    /** All this was done before anybody was told of a socket that broke off later than `since`. */
    const wasInTime = (since: number) => {
      if (performance.now() - since >= graceMs) throw new TooSlow()
    }
    /** Nobody has heard or seen yet that somebody's socket has broken off. */
    const expectNotMissed = async (who: Person, since: number) => {
      const partner = partnerOf(world, who) as Person
      const client = clientOf(partner)
      await client.settled()
      const heard = framesOf(client).map(({ text }) => text)
      const isInRoom = ownParticipant(world, partner) !== null
      const answer = isInRoom ? await pollOf(partner, world) : null
      // Later than that the other one may well be missed.
      if (performance.now() - since >= graceMs) return
      if (heard.length > 0) throw new Error(`${partner} got ${heard.join()} too early`)
      if (answer !== null) expectSummary(answer, partner, world)
    }

    /** Does what the step says; gives back the answer to an HTTP request. */
    const act = async (step: Step, { late }: Outcome): Promise<Answer | void> => {
      switch (step.does) {
        case "connect":
          return void (await open(step.who))
        case "register":
          return void clientOf(step.who).send({ type: "register-details", name: step.name })
        case "create flight":
          return void clientOf(step.who).send({ type: "create-flight" })
        case "join flight":
          return void clientOf(step.who).send({
            type: "join-flight",
            flightCode: codeOf(world.seats[step.of]?.place ?? "")
          })
        case "invite": {
          // Who sits nowhere tries with the place of the invitee.
          const place = {
            "its seat": (world.seats[step.who] ?? world.seats[step.of])?.place,
            "its room": `room ${world.tickets[step.who]}`,
            "the room of the other": `room ${world.tickets[step.of]}`
          }[step.into]
          const flightCode = codeOf(place ?? "")
          const inviteeId = clients.get(step.of)?.id ?? "nobody"
          return void clientOf(step.who).send({ type: "invite-to-flight", inviteeId, flightCode })
        }
        case "ping":
          return void clientOf(step.who).send({ type: "ping" })
        case "signal":
          return void clientOf(step.who).send(signalText(++signals))
        case "attach":
          return attach(clientOf(step.who), step.who, step.channel)
        case "leave":
          await clientOf(step.who).close()
          clients.delete(step.who)
          return void (await othersAreGone())
        case "kill":
          clientOf(step.who).socket.terminate()
          clients.delete(step.who)
          brokenOffAt = await othersAreGone()
          return late !== undefined ? expectNotMissed(step.who, brokenOffAt) : undefined
        case "blip": {
          const old = clientOf(step.who)
          const client = await open(step.who)
          const at = performance.now()
          old.socket.terminate()
          await othersAreGone()
          attach(client, step.who, (world.seats[step.who] as Seat).channel)
          await client.settled()
          return wasInTime(at)
        }
        case "break off": {
          const partner = partnerOf(world, step.who) as Person
          const { channel } = world.seats[step.who] as Seat
          const old = clientOf(partner)
          const newer = step.partner === "is replaced" ? await open(partner) : null
          const at = performance.now()
          clientOf(step.who).socket.terminate()
          clients.delete(step.who)
          brokenOffAt = await othersAreGone(patience, newer === null ? 0 : 1)
          if (step.partner !== "closes") {
            const client = newer ?? old
            attach(client, partner, channel)
            await client.settled()
            wasInTime(at)
            if (newer === null) return
          }
          await old.close()
          wasInTime(at)
          if (newer === null) clients.delete(partner)
          await othersAreGone()
          const heard = framesOf(old).map(({ frame }) => frame)
          if (!isDeepStrictEqual(heard, newer === null ? [] : [seatTaken])) {
            throw new Error(`${partner} got ${JSON.stringify(heard)} with the socket that it has closed`)
          }
          return
        }
        case "fall silent": {
          // Reads nothing any more, so that pings go unanswered until the server ends it.
          const { socket } = clientOf(step.who)
          socket.pause()
          clients.delete(step.who)
          brokenOffAt = await othersAreGone(fullPatience)
          return void socket.terminate()
        }
        case "reload":
          await clientOf(step.who).close()
          await open(step.who)
          return void (await othersAreGone())
        case "replace": {
          const old = clientOf(step.who)
          const client = await open(step.who)
          attach(client, step.who, (world.seats[step.who] as Seat).channel)
          await client.settled()
          // Its signals go nowhere, and as it has no seat it may look for a flight.
          old.send(signalText(++signals))
          old.send({ type: "join-flight", flightCode: "ZZZZZZ" })
          await old.settled()
          const toOld = framesOf(old).map(({ frame }) => frame)
          if (!isDeepStrictEqual(toOld, [seatTaken, { type: "error", message: "Flight not found or full" }])) {
            throw new Error(`the replaced socket of ${step.who} got ${JSON.stringify(toOld)}`)
          }
          await old.close()
          return void (await othersAreGone())
        }
        case "create room": {
          const answer = await ask(step.who, "", { name: nameAtHome(step.who) })
          codes.set(`room ${step.who}`, answer.body.roomCode)
          own(step.who, answer.body)
          return answer
        }
        case "join room": {
          const code = codeOf(`room ${world.tickets[step.of]}`)
          const answer = await ask(step.who, `/${code}/join`, { name: nameOnVisit(step.who) })
          if (answer.status === 200) own(step.who, answer.body)
          return answer
        }
        case "poll":
          return pollOf(step.who, world)
        case "ready":
          return change(step.who, "ready", offer)
        case "chat":
          return change(step.who, "chat", { active: step.active })
        case "share":
          return change(step.who, "screen-share", { active: step.active })
        case "restart":
          await server.stop()
          server = await start()
      }
    }

    /** What has come and is not compared yet, lists left out, each with its text. */
    const framesOf = (client: TestClient) =>
      client.frames
        .map((frame, at) => ({ type: frame.type, frame, text: client.texts[at] as string }))
        .filter(({ type }) => type !== "users-on-network-update")
        .slice(compared.get(client) ?? 0)

    const nameOf = (place: string | undefined): string | undefined =>
      [...codes].findLast(([, code]) => code === place)?.[0]

    /** A frame in the model's words. */
    const inModel = ({ type, ...rest }: Frame, text: string, expected: Expected | undefined): unknown => {
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
          const role = rest["role"]
          const known = expected?.type === "room-attached" ? expected.peer : null
          const other = known && showParticipant(known, role === "host" ? "guest" : "host")
          const isKnown = isDeepStrictEqual(rest["peer"] && withoutAlias(rest["peer"]), other)
          return { type, code: nameOf(rest["flightCode"]), role, peer: isKnown ? known : rest["peer"] }
        }
        case "signal":
          return text === signalText(signals) ? { type } : { text }
        case "error":
          return { type, message: rest["message"] }
        default:
          return { type }
      }
    }

    const expectSoon = async (holds: () => boolean | Promise<boolean>, what: string, within = patience) => {
      const until = performance.now() + within
      while (!(await holds())) {
        if (performance.now() > until) throw new Error(`waited in vain for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }

    const compareFrames = async (step: Step, { frames, late }: Outcome, before: ReadonlyMap<Person, TestClient>) => {
      // Who took the step comes first: when its frames are handled, those of the others have been sent.
      const watched = [...(step.does === "restart" ? before : clients)]
      const first = watched.filter(([who]) => "who" in step && who === step.who)
      for (const [who, client] of new Map([...first, ...watched])) {
        const expected = frames[who]
        if (late === "its peer-left" || step.does === "restart") {
          await expectSoon(() => framesOf(client).length >= expected.length, "its frames").catch(() => {})
        }
        if (late === "its peer-left" && expected.length > 0 && performance.now() - brokenOffAt < graceMs) {
          throw new Error(
            `${who} got ${framesOf(client)
              .map(({ text }) => text)
              .join()} too early`
          )
        }
        // All that it is told of the step has been sent, and comes before the answer to a frame that is sent now.
        if (client.socket.readyState === client.socket.OPEN) await client.settled()
        const got = framesOf(client).map(({ frame, text }, at) => {
          keepSecrets(who, text)
          return inModel(frame, text, expected[at])
        })
        if (!isDeepStrictEqual(got, expected)) {
          throw new Error(`${who} got ${JSON.stringify(got)}\n  and should have got ${JSON.stringify(expected)}`)
        }
        compared.set(client, (compared.get(client) ?? 0) + expected.length)
      }
    }

    const listsOf = (client: TestClient): readonly unknown[] =>
      client.frames.filter(({ type }) => type === "users-on-network-update").map(({ users }) => users)

    /** None while on a side channel, never the same twice, and the right one in the end. */
    const compareLists = async (next: World) => {
      for (const [who, client] of clients) {
        const list = listOf(next, who)
        const known = lists.get(client)
        const stays = known !== undefined && (listOf(world, who) === null) === (list === null)
        if (list !== null) {
          const expected = list.map((other) => ({ id: clientOf(other).id, name: next.names[other] }))
          await expectSoon(() => isDeepStrictEqual(listsOf(client).at(-1), expected), "a list").catch(() => {
            const last = JSON.stringify(listsOf(client).at(-1))
            throw new Error(`${who}'s list is ${last}\n  and should be ${JSON.stringify(expected)}`)
          })
        }
        const all = listsOf(client)
        const fresh = all.slice(known?.seen ?? 0)
        if (stays && list === null && fresh.length > 0) {
          throw new Error(`${who} got a list on a side channel: ${JSON.stringify(fresh)}`)
        }
        const before = (at: number): unknown => (at === 0 && stays ? known.last : fresh[at - 1])
        const repeated = fresh.find((each, at) => isDeepStrictEqual(each, before(at)))
        if (repeated !== undefined) throw new Error(`${who} got the same list twice: ${JSON.stringify(repeated)}`)
        lists.set(client, { seen: all.length, last: all.at(-1) })
      }
    }

    const showParticipant = ({ name, ready }: Participant, role: "host" | "guest") => ({
      role,
      name,
      ready,
      ...(ready ? offer : { fileCount: 0, totalBytes: 0 })
    })
    const withoutAlias = ({ participantId: _, ...rest }: Record<string, unknown>) => rest
    const summaryOf = (participants: readonly Participant[], who: Person) => {
      const self = participants.find((each) => each.who === who)
      if (self === undefined) return { status: 404 }
      const peer = participants.find((each) => each.who !== who)
      const someReady = participants.some(({ ready }) => ready)
      const status = peer === undefined ? "waiting" : someReady ? "ready" : "paired"
      return {
        status: 200,
        room: status,
        shouldConnect: status === "ready",
        self: showParticipant(self, participants[0] === self ? "host" : "guest"),
        peer: peer === undefined ? null : showParticipant(peer, participants[0] === peer ? "host" : "guest"),
        chat: [self.chat, peer?.chat ?? false],
        share: [self.share, peer?.share ?? false]
      }
    }
    const shown = ({ status, body }: Answer) => {
      if (status !== 200) return { status }
      return {
        status,
        room: body.status,
        shouldConnect: body.shouldConnect,
        self: withoutAlias(body.self),
        peer: body.peer && withoutAlias(body.peer),
        chat: [body.chat.requestedBySelf, body.chat.requestedByPeer],
        share: [body.screenShare.requestedBySelf, body.screenShare.requestedByPeer]
      }
    }
    const pollOf = (who: Person, { tickets }: World): Promise<Answer> =>
      ask(who, `/${codeOf(`room ${tickets[who]}`)}?participantId=${ids.get(who)}`)
    const expectSummary = (answer: Answer, who: Person, { rooms, tickets }: World) => {
      const expected = summaryOf(rooms[tickets[who] as string] ?? [], who)
      if (!isDeepStrictEqual(shown(answer), expected)) {
        const got = JSON.stringify(shown(answer))
        throw new Error(`${who}'s room says ${got}\n  and should say ${JSON.stringify(expected)}`)
      }
      keepSecrets(who, JSON.stringify(answer))
    }
    /** Nobody who has been told of the step sees the room as it was before; so nothing is waited for here. */
    const compareRooms = async (next: World, { late }: Outcome) => {
      for (const who of people) {
        // The poll of somebody who could return would bring it back.
        if (next.tickets[who] === null || mayReturn(next, who)) continue
        let answer = await pollOf(who, next)
        // Nobody is told of this.
        if (late === "its leaving the room") {
          const expected = summaryOf(next.rooms[next.tickets[who] as string] ?? [], who)
          const fits = async () => isDeepStrictEqual(shown((answer = await pollOf(who, next))), expected)
          await expectSoon(fits, "a summary").catch(() => {})
        }
        expectSummary(answer, who, next)
      }
    }

    try {
      for (const [at, step] of walk.entries()) {
        const outcome = take(world, step)
        if (outcome === null) throw new Error(`step ${at + 1} is not possible: ${inWords(step)}`)
        outcome.rules.forEach((rule) => followed.add(rule))
        try {
          const before = new Map(clients)
          const answer = await act(step, outcome)
          const { status, error } = outcome
          if (answer?.status !== status || (error !== undefined && answer?.body.error !== error)) {
            const got = answer && `${answer.status} ${answer.body.error ?? ""}`
            throw new Error(`was answered ${got} and should have been ${status} ${error ?? ""}`)
          }
          await compareFrames(step, outcome, before)
          if ("who" in step && (status === 200 || status === 201)) {
            expectSummary({ ...(answer as Answer), status: 200 }, step.who, outcome.world)
          }
          if (step.does === "restart") clients.clear()
          const odd = [...clients.keys()].filter((who) => !isUp(outcome.world, who))
          if (odd.length > 0) throw new Error(`${odd.join()} should not be connected`)
          await compareRooms(outcome.world, outcome)
          await compareLists(outcome.world)
          world = outcome.world
        } catch (error) {
          if (error instanceof TooSlow) throw error
          throw new WalkFailed(walk.slice(0, at + 1), (error as Error).message)
        }
      }
    } finally {
      for (const client of opened) client.socket.terminate()
      await expectSoon(() => server.actors().connections === 0, "everybody to be gone").catch(() => {})
    }
  }

  return {
    play,
    /** What of the contract has been tried so far. */
    followed: followed as ReadonlySet<Rule>,
    stop: () => server.stop()
  }
}
