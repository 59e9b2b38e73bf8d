/**
 * Named peers and spaces that move while words are under way, by chance: a node ends, a space goes on elsewhere, the way
 * between two nodes is broken for a while, readers are slow, answers come late or never. When everything that was said has
 * arrived, what each peer and its client believe is what their space knows.
 */
import { describe } from "vitest"
import type { AnyActorRef } from "xstate"
import { markIn } from "../../../../src/machines/cluster/homes.ts"
import { namedPeersHomes } from "../../../../src/machines/named-peers/homes.ts"
import type { PeerContext } from "../../../../src/machines/named-peers/namedPeer/namedPeerContext.ts"
import type { SpaceContext } from "../../../../src/machines/named-peers/nameSpace/nameSpaceContext.ts"
import { believeWhatIsSo, type MovingWorld, marks } from "../../../support/movingWorlds.ts"
import { createSlowPost, type Letter } from "../../../support/slowPost.ts"
import { createMovingNode, type MovingNode, type TestClient } from "./movingNode.ts"

const spaceNames = ["red", "blue"]
const names = ["ann", "bob", "cid"]

const createWorld = (random: () => number): MovingWorld => {
  const log: string[] = []
  const nodes = new Map<string, MovingNode>()
  const actors = new Map<string, AnyActorRef>()
  const spaces = new Map<string, AnyActorRef>()
  /** Where each space lives, or would. */
  const homes = new Map(spaceNames.map((space) => [space, marks[0] as string]))
  /** Pairs of nodes between which there is no way. */
  const broken = new Set<string>()
  const due = new Set<AnyActorRef>()

  const pairOf = (one: string, other: string) => [one, other].sort().join(" ")
  const areApart = (one: string, other: string) => broken.has(pairOf(one, other))
  const isForSpace = ({ to }: Letter) => to.kind === "nameSpaces"
  const homeOf = (space: string) => homes.get(space) as string
  const targetOf = (letter: Letter) => (isForSpace(letter) ? homeOf(letter.to.id) : markIn(letter.to.id))
  /** `by`: the node that speaks, where that is not the one where the actor lives in whose name it does. */
  const speakerOf = ({ by, from }: Letter): string =>
    by ?? (from.kind === "nameSpaces" ? homeOf(from.id) : markIn(from.id))
  const isCut = (letter: Letter) => areApart(speakerOf(letter), targetOf(letter))

  const post = createSlowPost({
    random,
    claims: namedPeersHomes.claims,
    arrive: (letter) => arrive(letter),
    // All that a node hears of a space comes in one order.
    wayOf: (letter) =>
      `${letter["by"] ?? letter.from.id} → ${isForSpace(letter) ? letter.to.id : markIn(letter.to.id)}`,
    // What is for a space waits until there is a way to it.
    isLost: (letter) => !isForSpace(letter) && isCut(letter)
  })
  const { oneOf, say } = post

  const beginNode = (mark: string) =>
    nodes.set(
      mark,
      createMovingNode({
        mark,
        due,
        // Of readers that are slow their node says so itself.
        say: (event) => say(/^peer\.(paused|goesOn)$/.test(event.event.type) ? { ...event, by: mark } : event),
        begin: (id, input) => {
          const settings = { loginWithinMs: 1, answerWithinMs: 1, cutAfterMs: 1, outlived: true }
          const { peer } = (nodes.get(mark) as MovingNode).machines
          actors.set(id, post.begin(peer, id, { ...input, ...settings }))
        }
      })
    )
  for (const mark of marks) beginNode(mark)
  const everybody = (): readonly (readonly [MovingNode, TestClient])[] =>
    [...nodes.values()].flatMap((node) => [...node.clients.values()].map((client) => [node, client] as const))

  const tellSpace = (id: string, event: any, input?: object): boolean => {
    if (!spaces.has(id)) {
      if (input === undefined) return false
      const { space } = (nodes.get(homeOf(id)) as MovingNode).machines
      spaces.set(id, post.begin(space, id, { most: 3, probeWithinMs: 1, ...input }))
    }
    spaces.get(id)?.send(event)
    if (spaces.get(id)?.getSnapshot().status !== "active") spaces.delete(id)
    return true
  }
  const arrive = ({ from, to, event, input, replyTo, requestId }: Letter) => {
    log.push(`${from.id} → ${to.id}: ${JSON.stringify(event)}`)
    if (to.kind === "namedPeerSockets") return nodes.get(markIn(to.id))?.hear(to.id, event)
    if (to.kind === "namedPeers") return actors.get(to.id)?.send(event)
    if (!tellSpace(to.id, event, input) && replyTo !== undefined) {
      say({ type: "tell", from: to, to: replyTo, event: { type: "child.missing", id: to.id, requestId } })
    }
  }
  const deliver = (isMeant: (letter: Letter) => boolean = () => true) =>
    post.deliver((letter) => !isCut(letter) && isMeant(letter))
  const isFrom = (space: string) => (letter: Letter) =>
    letter.from.kind === "nameSpaces" && letter.from.id === space && letter["by"] === undefined

  const contextOf = (id: string) => actors.get(id)?.getSnapshot().context as PeerContext
  const gather = (space: string, isMeant: (mark: string) => boolean) => {
    const members = everybody()
      .filter(([{ mark }]) => isMeant(mark) && !areApart(mark, homeOf(space)))
      .filter(([, { id }]) => contextOf(id).space === space && contextOf(id).login !== null)
    post.gather(
      members.flatMap(([, { id }]) => actors.get(id) ?? []),
      { type: "space.moved" }
    )
    log.push(`${space}: home.settled`)
    tellSpace(space, { type: "home.settled" })
  }
  /** It ends where it is without a word, and begins elsewhere with those who belong to it. */
  const move = (space: string, to: string) => {
    log.push(`${space} moves to ${to}`)
    // What its node has still said is heard before, unless that has gone.
    while (deliver(isFrom(space)));
    post.lose(isFrom(space))
    spaces.delete(space)
    homes.set(space, to)
    gather(space, () => true)
  }
  const lose = (mark: string) => {
    for (const node of nodes.values()) if (node.mark !== mark) node.hear(node.mark, { type: "node.gone", mark })
    for (const [space] of spaces) if (homeOf(space) !== mark) tellSpace(space, { type: "node.gone", mark })
  }
  const breakWay = (one: string, other: string) => {
    log.push(`the way between ${one} and ${other} breaks`)
    broken.add(pairOf(one, other))
    post.lose(isCut)
    nodes.get(one)?.hear(one, { type: "node.gone", mark: other })
    nodes.get(other)?.hear(other, { type: "node.gone", mark: one })
    for (const [space] of spaces) {
      const [home, away] = homeOf(space) === one ? [one, other] : [other, one]
      if (homeOf(space) === home) tellSpace(space, { type: "node.gone", mark: away })
    }
  }
  const makeWay = (one: string, other: string) => {
    log.push(`${one} and ${other} meet`)
    broken.delete(pairOf(one, other))
    for (const space of spaceNames) {
      const away = homeOf(space) === one ? other : homeOf(space) === other ? one : undefined
      if (away === undefined) continue
      // What has waited for the way comes first.
      while (deliver((letter) => isForSpace(letter) && letter.to.id === space && markIn(letter.from.id) === away));
      gather(space, (mark) => mark === away)
    }
  }
  const hangUp = (node: MovingNode, client: TestClient) => {
    node.hangUp(client)
    actors.delete(client.id)
  }
  const end = (mark: string) => {
    log.push(`${mark} ends`)
    post.lose((letter) => speakerOf(letter) === mark || (!isForSpace(letter) && targetOf(letter) === mark))
    for (const id of (nodes.get(mark) as MovingNode).clients.keys()) actors.delete(id)
    const moving = spaceNames.filter((space) => homeOf(space) === mark)
    beginNode(mark)
    for (const space of moving) move(space, oneOf(marks.filter((each) => each !== mark)) as string)
    lose(mark)
    for (const other of marks) if (areApart(mark, other)) broken.delete(pairOf(mark, other))
  }

  const speak = (node: MovingNode, client: TestClient) => {
    // The server holds its frames while it waits for an answer, or for a reader.
    if (client.isHeld || client.isPaused || client.isClosed) return
    const frame =
      client.name === null
        ? { type: "login", name: oneOf(names), ...(random() < 0.5 ? { key: "secret" } : {}) }
        : oneOf([{ type: "page_opened" }, { type: "offer", target: oneOf(names) }])
    log.push(`${client.id} says ${JSON.stringify(frame)}`)
    node.say(client, frame as object)
  }
  const doSomething = () => {
    post.passTime()
    const chance = random()
    const [node, client] = oneOf(everybody()) ?? []
    if (chance < 0.5 && deliver()) return
    if (node === undefined || client === undefined || (chance < 0.58 && everybody().length < 7)) {
      const space = oneOf(spaceNames) as string
      const newcomer = nodes.get(oneOf(marks) as string)?.connect(space)
      log.push(`${newcomer?.id} comes to ${space}`)
    } else if (chance < 0.72) speak(node, client)
    else if (chance < 0.75) client.answer(random() < 0.5)
    else if (chance < 0.82) {
      client.isSlow = !client.isSlow
      if (!client.isSlow) client.read()
    } else if (chance < 0.84 && due.has(actors.get(client.id) as AnyActorRef)) {
      log.push(`${client.id} has waited for too long`)
      actors.get(client.id)?.send({ type: "deadline", at: 1 })
    } else if (chance < 0.87) {
      log.push(`${client.id} goes`)
      hangUp(node, client)
    } else if (chance < 0.88) {
      log.push(`${client.id} is sent away`)
      actors.get(client.id)?.send({ type: "server.draining" })
    } else if (chance < 0.885) {
      const [space] = oneOf([...spaces]) ?? []
      if (space !== undefined) tellSpace(space, { type: "operator.ends" })
    } else if (chance < 0.93) move(oneOf(spaceNames) as string, oneOf(marks) as string)
    else if (chance < 0.98) {
      const one = oneOf(marks) as string
      const other = oneOf(marks.filter((each) => each !== one)) as string
      if (areApart(one, other)) makeWay(one, other)
      else breakWay(one, other)
    } else end(oneOf(marks) as string)
  }

  const arriveAll = () => {
    for (;;) {
      while (deliver());
      for (const [node, client] of everybody()) {
        client.read()
        client.answer(random() < 0.5)
        if (client.isClosed) hangUp(node, client)
      }
      if (post.isEmpty()) return
    }
  }
  /** Who has heard whom since that was last asked for. */
  const hearings = () => everybody().map(([, client]) => [client.id, client.heard.splice(0).sort()])
  let calls: readonly unknown[] = []
  const settle = () => {
    for (const pair of [...broken]) makeWay(...(pair.split(" ") as [string, string]))
    arriveAll()
    hearings()
    for (const [node, client] of everybody()) {
      if (client.name === null || client.isHeld || client.isPaused) continue
      node.say(client, { type: "page_opened" })
      for (const target of client.others) if (target !== client.name) node.say(client, { type: "offer", target })
    }
    arriveAll()
    calls = hearings()
  }

  const holders = () =>
    [...spaces].flatMap(([space, actor]) =>
      (actor.getSnapshot().context as SpaceContext).holders.map((holder) => ({ ...holder, space }))
    )
  const placesOf = (id: string) => holders().filter(({ peerId }) => peerId === id)
  /** Nobody waits, nobody is paused; a name, and who else is there, are as one has been told. */
  const beliefs = () =>
    everybody().map(([, client]) => {
      const { login } = contextOf(client.id)
      const { id, name, others } = client
      return {
        ...{ id, name, arrival: login?.arrival ?? null, others: [...others].sort() },
        ...{ isLoggedIn: name !== null, waits: client.isHeld || client.isPaused, faults: client.faults }
      }
    })
  const truths = () =>
    everybody().map(([, { id }]) => {
      const [place] = placesOf(id)
      const others = holders().filter(({ space }) => space === place?.space)
      return {
        ...{ id, name: place?.name ?? null, arrival: place?.arrival ?? null },
        ...{ others: others.map(({ name }) => name).sort() },
        ...{
          isLoggedIn: actors
            .get(id)
            ?.getSnapshot()
            .matches({ connected: { named: "loggedIn" } })
        },
        ...{ waits: false, faults: [] }
      }
    })
  /** Whom each should have heard: everybody else in its space, twice. */
  const expectedCalls = () =>
    everybody().map(([, { id }]) => {
      const [place] = placesOf(id)
      const others = holders().filter(({ space, peerId }) => space === place?.space && peerId !== id)
      return [id, others.flatMap(({ name }) => [name, name]).sort()]
    })

  return {
    log,
    doSomething,
    settle,
    beliefs: () => ({ peers: beliefs(), calls }),
    truths: () => ({ peers: truths(), calls: expectedCalls() }),
    remains: () => [
      // Who has a name or waits for one, and is not there any more; two for one name; who is asked still.
      ...holders().filter(({ peerId }) => !actors.has(peerId)),
      ...holders().filter(({ probe, claimants }) => probe !== null || claimants.length > 0),
      ...[...spaces].flatMap(([space, actor]) => (actor.getSnapshot().value === "resuming" ? [space] : [])),
      // Whom frames find though it has gone.
      ...[...nodes.values()].flatMap(({ mark, clients, count }) => {
        const loggedIn = [...clients.values()].filter(({ name }) => name !== null)
        return loggedIn.length === count() ? [] : [`${count()} of ${loggedIn.length} at ${mark}`]
      })
    ],
    sights: () => ({
      together: holders().length - spaces.size,
      apart: [...spaces.keys()].filter(
        (space) =>
          new Set(
            holders()
              .filter((each) => each.space === space)
              .map(({ peerId }) => markIn(peerId))
          ).size > 1
      ).length
    })
  }
}

describe("named peers and their spaces, while nodes come and go", () => believeWhatIsSo(createWorld))
