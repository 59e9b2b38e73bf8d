/**
 * Connections and flights that move while words are under way, by chance: a node ends, a flight goes on elsewhere and is
 * put together again, the way between two is broken for a moment, answers come late or never. When everything that was
 * said has arrived, what each connection believes is what its flight knows.
 */
import { describe } from "vitest"
import type { AnyActorRef } from "xstate"
import { connectionMachine } from "../../../../src/machines/dropsilk/connection/connection.ts"
import { belongsTo, type ConnectionContext } from "../../../../src/machines/dropsilk/connection/connectionContext.ts"
import { flightMachine } from "../../../../src/machines/dropsilk/flight/flight.ts"
import type { FlightContext } from "../../../../src/machines/dropsilk/flight/flightContext.ts"
import { dropSilkHomes } from "../../../../src/machines/dropsilk/homes.ts"
import { believeWhatIsSo, type MovingWorld, marks } from "../../../support/movingWorlds.ts"
import { createSlowPost, type Letter } from "../../../support/slowPost.ts"

const codes = ["ABC234", "XYZ345"]
const participants = ["p1", "p2"]

const createWorld = (random: () => number): MovingWorld => {
  const post = createSlowPost({ random, claims: dropSilkHomes.claims, arrive: (letter) => arrive(letter) })
  const { oneOf, say, deliver } = post
  const log: string[] = []
  const connections = new Map<string, AnyActorRef>()
  const flights = new Map<string, AnyActorRef>()
  /** The flights' questions that were handed on and whose answers have not arrived, by who has asked. */
  const unanswered = new Map<string, Letter>()
  const links = new Map<string, { readonly flightId: string; readonly peer: string }>()
  let born = 0

  const part = (id: string, flightId?: string) => {
    if (flightId === undefined || links.get(id)?.flightId === flightId) links.delete(id)
  }
  const partBoth = (id: string) => {
    const link = links.get(id)
    if (link === undefined) return
    // That one may have been joined with another one since.
    if (links.get(link.peer)?.peer === id) part(link.peer, link.flightId)
    part(id)
  }

  const belongs = (id: string, flightId: string): boolean => {
    const context = connections.get(id)?.getSnapshot().context as ConnectionContext | undefined
    return context !== undefined && belongsTo(context, flightId)
  }
  const tellLink = (flightId: string, id: string, link: object) =>
    say({ type: "tell", from: { kind: "flights", id: flightId }, to: { kind: "connections", id }, link })

  const connectionOf = connectionMachine.provide({
    actions: {
      drawFlightCode: ({ self }) =>
        self.send({ type: "code.drawn", code: oneOf([...codes, `NEW${born++}`]) as string }),
      tellPeerJoined: ({ context, self }, { peer }) => {
        if (!links.has(context.id)) self.send({ type: "link.broken", peer: peer.id })
      },
      dropLink: ({ context }) => partBoth(context.id),
      leaveLink: ({ context }, { flightId }) => {
        if (links.get(context.id)?.flightId === flightId) partBoth(context.id)
      }
    }
  })
  const flightOf = flightMachine.provide({
    actions: {
      openLink: (_, { flightId, first, second }) => {
        tellLink(flightId, first, { flightId, peer: second })
        tellLink(flightId, second, { flightId, peer: first })
      },
      closeLink: (_, { flightId, first, second }) => {
        tellLink(flightId, first, { flightId })
        tellLink(flightId, second, { flightId })
      }
    }
  })

  const tellFlight = (id: string, event: any, input?: object) => {
    if (!flights.has(id)) {
      if (input === undefined) return false
      flights.set(id, post.begin(flightOf, id, { graceMs: 5_000, ...input }))
    }
    flights.get(id)?.send(event)
    if (flights.get(id)?.getSnapshot().status !== "active") flights.delete(id)
    return true
  }

  const answer = ({ to, ["replyTo"]: asker, ["requestId"]: requestId }: Letter, type: string) =>
    say({ type: "tell", from: to, to: asker, event: { type, id: to.id, requestId } })

  const arrive = (message: Letter) => {
    const { type, to, from, event, input, replyTo, link } = message
    if (link !== undefined) {
      log.push(`${from.id} → link of ${to.id}: ${JSON.stringify(link)}`)
      if (link.peer === undefined) part(to.id, link.flightId)
      else if (belongs(to.id, link.flightId)) links.set(to.id, link)
      return
    }
    log.push(`${from.id} → ${to.id}: ${JSON.stringify(event)}`)
    if (to.kind === "connections") {
      if (from.kind === "flights" && unanswered.get(to.id)?.to.id === from.id) unanswered.delete(to.id)
      connections.get(to.id)?.send(event)
    }
    if (to.kind === "rooms" && event.type === "room.attach") {
      const { attempt, channel, participantId, at } = event
      const admitted = { type: "room.admitted", attempt, at, code: to.id, channel, role: "host", peer: null }
      const participant = { id: participantId, name: participantId }
      say({ type: "tell", from: to, to: event.replyTo, event: { ...admitted, participant, participants } })
    }
    if (to.kind !== "flights") return
    if (type === "start" && flights.has(to.id)) return answer(message, "child.exists")
    if (replyTo !== undefined) unanswered.set(from.id, message)
    if (!tellFlight(to.id, event, input) && replyTo !== undefined) answer(message, "child.missing")
  }

  /** Those who belong to it say so, before anything else is heard there. */
  const gather = (flightId: string, ids: readonly string[]) => {
    const members = ids.flatMap((id) => connections.get(id) ?? [])
    post.gather(members, { type: "flight.moved", flightId } as never)
    log.push(`${flightId}: home.settled`)
    tellFlight(flightId, { type: "home.settled" })
  }
  /** The flight ends where it is without a word, and begins elsewhere with those who sit in it. */
  const move = (flightId: string) => {
    log.push(`${flightId} moves`)
    flights.delete(flightId)
    post.lose(({ from }) => from.kind === "flights" && from.id === flightId)
    gather(flightId, [...connections.keys()])
    for (const [id, question] of unanswered) {
      if (question.to.id !== flightId) continue
      unanswered.delete(id)
      const context = connections.get(id)?.getSnapshot().context as ConnectionContext | undefined
      // It is asked again, or lost with its node.
      if (context?.asked?.attempt === question["requestId"] && random() >= 0.3) post.sayFirst(question)
    }
  }
  const placeOf = (actor: AnyActorRef): any => actor.getSnapshot().value.connected
  const end = (id: string) => {
    if (connections.get(id)?.getSnapshot().status === "active") return
    connections.delete(id)
    unanswered.delete(id)
    partBoth(id)
  }
  const steps: readonly ((actor: AnyActorRef) => void)[] = [
    (actor) => actor.send({ type: "flight.create" }),
    (actor) => actor.send({ type: "flight.join", code: oneOf(codes) }),
    (actor) => actor.send({ type: "flight.join", code: oneOf(codes) }),
    (actor) =>
      actor.send({
        type: "room.attach",
        code: "ROOM22",
        participantId: oneOf(participants),
        channel: oneOf(["transfer", "chat"]),
        at: 1
      })
  ]
  const doSomething = () => {
    post.passTime()
    const chance = random()
    const actor = oneOf([...connections.values()])
    if (chance < 0.55 && deliver()) return
    if (actor === undefined || (chance < 0.62 && connections.size < 5)) {
      const id = `${oneOf(marks)}${born++}`
      log.push(`${id} comes`)
      const input = { id, address: "192.0.2.1", group: "g", openedAt: 1, askTimeoutMs: 100, outlived: true }
      return void connections.set(id, post.begin(connectionOf, id, input))
    }
    const { id } = actor
    const request = placeOf(actor).request
    if (chance < 0.82) {
      // Its frames are held while it waits for an answer.
      if (request === "idle") {
        log.push(`${id} asks`)
        oneOf(steps)?.(actor)
      } else if (random() < 0.2) {
        log.push(`${id} has waited for too long`)
        actor.send({ type: "deadline", at: 5 })
      }
      return
    }
    if (chance < 0.87) {
      const event = oneOf([
        { type: "socket.closed", abrupt: true, at: 3 },
        { type: "socket.closed", abrupt: false, at: 3 },
        { type: "server.draining" }
      ])!
      log.push(`${id}: ${JSON.stringify(event)}`)
      actor.send(event)
      actor.send({ type: "socket.closed", abrupt: false, at: 4 })
      return end(id)
    }
    const flightId = oneOf([...flights.keys()])
    if (chance < 0.95) return flightId === undefined ? undefined : move(flightId)
    if (chance < 0.97) {
      const { peer, seat } = actor.getSnapshot().context as ConnectionContext
      if (peer === null || seat === null) return
      log.push(`the way between ${id} and ${peer} breaks`)
      actor.send({ type: "link.broken", peer })
      connections.get(peer)?.send({ type: "link.broken", peer: id })
      return gather(seat.flightId, [id, peer])
    }
    const mark = oneOf(marks) as string
    log.push(`${mark} ends`)
    for (const each of [...connections.keys()].filter((each) => each.startsWith(mark))) {
      post.lose(({ from, to }) => from.id === each || to.id === each)
      connections.delete(each)
      unanswered.delete(each)
      partBoth(each)
    }
    for (const each of [...flights.keys()]) {
      tellFlight(each, { type: "node.gone", mark })
      if (flights.has(each) && random() < 0.3) move(each)
    }
  }

  const settle = () => {
    for (;;) {
      while (deliver());
      const waiting = [...connections.values()].filter((actor) => placeOf(actor).request !== "idle")
      const missing = [...flights.keys()].filter((id) => flights.get(id)?.getSnapshot().value === "missing")
      if (waiting.length + missing.length === 0) return
      for (const actor of waiting) actor.send({ type: "deadline", at: 8 })
      for (const id of missing) tellFlight(id, { type: "deadline", at: 9 })
    }
  }

  const beliefs = () =>
    [...connections].map(([id, actor]) => {
      const { seat, peer } = actor.getSnapshot().context as ConnectionContext
      return { id, flight: seat?.flightId ?? null, attempt: seat?.attempt ?? null, peer, link: peer }
    })
  const truths = () =>
    [...connections.keys()].map((id) => {
      const flight = [...flights.values()].find((each) => {
        return (each.getSnapshot().context as FlightContext).seats.some((seat) => seat.id === id)
      })
      const { seats = [] } = (flight?.getSnapshot().context ?? {}) as Partial<FlightContext>
      const attempt = seats.find((seat) => seat.id === id)?.attempt ?? null
      const peer = seats.find((seat) => seat.id !== id)?.id ?? null
      // One that was opened by a flight that could not say so any more is in nobody's way.
      const link = peer === null ? null : links.get(id)?.peer
      return { id, flight: flight?.id ?? null, attempt, peer, link }
    })
  /** Who sits in a flight and is not there any more, and flights that are not put together yet. */
  const remains = () => [
    ...[...flights.values()]
      .flatMap((flight) => (flight.getSnapshot().context as FlightContext).seats)
      .filter(({ id }) => !connections.has(id)),
    ...[...flights.values()].filter((each) => each.getSnapshot().value === "resuming")
  ]
  const sights = () => ({
    together: beliefs().filter(({ peer }) => peer !== null).length,
    alone: beliefs().filter(({ flight, peer }) => flight !== null && peer === null).length
  })
  return { doSomething, settle, beliefs, truths, remains, sights, log }
}

describe("connections and their flights, while nodes come and go", () => believeWhatIsSo(createWorld))
