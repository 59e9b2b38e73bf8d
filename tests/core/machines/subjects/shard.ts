import { shardMachine } from "../../../../src/machines/cluster/shard/shard.ts"
import type { Owner, ShardContext } from "../../../../src/machines/cluster/shard/shardContext.ts"
import { type Law, type Step, type Subject, same } from "../../../walking/subject.ts"

const self = "here:1"
const [there, yonder] = ["there:1", "yonder:1"] as const
const first: Owner = { node: self, epoch: "here:1 first" }
const second: Owner = { node: self, epoch: "here:1 second" }
const owners: readonly Owner[] = [
  ...[first, second],
  { node: there, epoch: "there:1 first" },
  { node: there, epoch: "there:1 second" },
  { node: yonder, epoch: "yonder:1 first" }
]

const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const contextOf = (snapshot: any): ShardContext => snapshot.context
const wasIn = ({ before }: Step, ...values: string[]): boolean => values.includes(before?.value)
const isOurs = (owner: Owner | null): boolean => owner?.node === self
const isNew = (step: Step): boolean => {
  const { owner } = contextOf(step.before)
  return owner?.node !== step.event.node || owner?.epoch !== step.event.epoch
}
/** Of this very owner's time, and not of another's. */
const isCurrent = ({ before, event }: Step): boolean => contextOf(before).owner?.epoch === event.epoch

/** The node whose last words are waited for, where this step makes it be asked. */
const formerOf = (step: Step): string | null => {
  const { owner, former } = contextOf(step.before)
  const isAnother = is("owner.known")(step) && (wasIn(step, "doubtful") || (wasIn(step, "elsewhere") && isNew(step)))
  return isAnother ? (owner?.node ?? null) : former
}

/** Whoever is doubted has gone. */
const isDoubtOver = (step: Step): boolean =>
  is("node.parted")(step) && wasIn(step, "doubtful") && contextOf(step.before).owner?.node === step.event.node

/** The owner as it was told last; it is remembered, should nobody become it, by itself and by the others. */
const ownerOf = (step: Step): Owner | null => {
  if (step.before === undefined) return null
  if (is("owner.known")(step)) return { node: step.event.node, epoch: step.event.epoch }
  const isForgotten =
    isDoubtOver(step) || (is("owner.unknown")(step) && !wasIn(step, "open", "paused", "elsewhere", "doubtful"))
  return isForgotten ? null : contextOf(step.before).owner
}

/** Where a shard is with this owner, once nothing is on its way to another. */
const placeOf = (owner: Owner | null): string => {
  if (owner === null) return "unknown"
  return isOurs(owner) ? "gathering" : "elsewhere"
}
/** The same, where there may be something. */
const changedTo = (owner: Owner | null, former: string | null): string => (former === null ? placeOf(owner) : "fencing")

const stateAfterOwner = (step: Step): string => {
  const owner = ownerOf(step)
  if (wasIn(step, "fencing")) return "fencing"
  if (wasIn(step, "open", "paused")) {
    if (!isOurs(owner)) return "elsewhere"
    return isNew(step) ? "gathering" : "open"
  }
  if (wasIn(step, "gathering")) return placeOf(owner)
  if (!isNew(step) && !wasIn(step, "doubtful")) return step.before.value
  return changedTo(owner, formerOf(step))
}

const isFenceOver = (step: Step): boolean =>
  is("deadline")(step) ||
  (is("shard.fenced")(step) && isCurrent(step)) ||
  (is("node.parted")(step) && contextOf(step.before).former === step.event.node)

const stateAfter = (step: Step): string => {
  const { before, event } = step
  switch (event.type) {
    case "owner.known":
      return stateAfterOwner(step)
    case "owner.unknown":
      if (wasIn(step, "open")) return "paused"
      if (wasIn(step, "elsewhere")) return "doubtful"
      return wasIn(step, "fencing", "paused", "doubtful") ? before.value : "unknown"
    case "registry.away":
      if (wasIn(step, "doubtful")) return "elsewhere"
      return wasIn(step, "paused") ? "open" : before.value
    case "shard.left":
      return "left"
    case "shard.release":
      return wasIn(step, "open", "paused", "gathering") && isCurrent(step) ? "releasing" : before.value
    default:
      if (isDoubtOver(step)) return "unknown"
      if (wasIn(step, "fencing") && isFenceOver(step)) return placeOf(contextOf(before).owner)
      if (!wasIn(step, "gathering")) return before.value
      return event.type === "deadline" || contextOf(step.after).awaited.length === 0 ? "open" : "gathering"
  }
}

/** Whether the state has been entered in this step, be it anew. */
const enters = (step: Step, value: string): boolean => {
  if (step.after.value !== value) return false
  if (step.before === undefined || step.before.value !== value) return true
  if (!is("owner.known")(step)) return false
  // The same node under another epoch begins anew to gather.
  return ["gathering", "open"].includes(value) && isNew(step)
}
/** Last words that were not waited for have come, or will not. */
const isLateWord = (step: Step): boolean =>
  wasIn(step, "elsewhere", "gathering", "open") &&
  (is("shard.fenced")(step) || (is("node.parted")(step) && contextOf(step.before).lastWordsOf === step.event.node))
/** What it was is open again: what was said meanwhile was not heard. */
const isResumed = (step: Step): boolean => wasIn(step, "paused") && step.after.value === "open" && !isOwnedAnew(step)
const isMetAgain = (step: Step): boolean =>
  is("node.met")(step) && wasIn(step, "elsewhere") && contextOf(step.before).owner?.node === step.event.node
/** Its actors live here, and another node may have owned it meanwhile. */
const isOwnedAnew = (step: Step): boolean =>
  wasIn(step, "open", "paused") && is("owner.known")(step) && isOurs(step.event) && isNew(step)
/** It gathers in this step, if only for a moment. */
const gathers = (step: Step): boolean =>
  enters(step, "gathering") ||
  (step.after.value === "open" && step.before !== undefined && !wasIn(step, "open", "paused", "gathering")) ||
  (wasIn(step, "gathering") && is("owner.known")(step) && isOurs(step.event) && isNew(step)) ||
  isOwnedAnew(step)

/** The node has left, and nothing of it need be seen to any more. */
const hasLeft = ({ after }: Step): boolean => after.value === "left"

const count = (is: boolean): number => (is ? 1 : 0)

const laws: readonly Law[] = [
  {
    sentence: "It knows the owner that it was told last, until another comes or that one has gone.",
    holds: (step) => same(contextOf(step.after).owner, ownerOf(step))
  },
  {
    sentence:
      "It is where its owner says, once all that was on its way to another has passed: with another node, or here, first gathering and then open; who gives it away waits for the next.",
    holds: (step) => {
      if (step.before === undefined) return step.after.value === "unknown"
      const state = stateAfter(step)
      // Where nobody is waited for, who gathers has done so at once.
      const isAtOnce = state === "gathering" && contextOf(step.after).awaited.length === 0
      return step.after.value === (isAtOnce ? "open" : state)
    }
  },
  {
    sentence: "Events go where the state says, from the moment on in which it is entered.",
    holds: (step) => {
      const { owner } = contextOf(step.after)
      const routes = step.effects.flatMap((effect) =>
        "did" in effect && effect.did.startsWith("route")
          ? [effect.did === "routeAway" ? { to: "node", ...owner } : effect.with]
          : []
      )
      const expected = {
        unknown: { to: "nowhere" },
        fencing: { to: "nowhere" },
        elsewhere: { to: "node", ...owner },
        gathering: { to: "claims" },
        open: { to: "here" },
        paused: { to: "nowhere" },
        doubtful: { to: "nowhere" },
        releasing: { to: "nowhere" },
        left: undefined
      }[step.after.value as string]
      const isSaidAgain = isMetAgain(step) || (isLateWord(step) && wasIn(step, "elsewhere"))
      const begins = expected !== undefined && (enters(step, step.after.value) || isSaidAgain)
      return begins
        ? same(routes, [...(gathers(step) && step.after.value === "open" ? [{ to: "claims" }] : []), expected])
        : routes.length === 0
    }
  },
  {
    sentence:
      "Whoever owned it before is asked for its last words whenever another owner is heard of, and by its name.",
    holds: (step) => {
      const asksAnew = wasIn(step, "fencing") && is("owner.known")(step) && isNew(step)
      return step.did("fence").length === count(enters(step, "fencing") || asksAnew)
    }
  },
  {
    sentence: "The node to which something may be on its way is known until its last words have come or it has gone.",
    holds: (step) => {
      if (step.before === undefined) return contextOf(step.after).former === null
      const isOver = (wasIn(step, "fencing") && step.after.value !== "fencing") || isDoubtOver(step)
      return contextOf(step.after).former === (isOver ? null : formerOf(step))
    }
  },
  {
    sentence:
      "Whose last words were asked for and have not come is known, also when they are not waited for any longer.",
    holds: (step) => {
      if (step.before === undefined) return contextOf(step.after).lastWordsOf === null
      if (enters(step, "fencing")) return contextOf(step.after).lastWordsOf === contextOf(step.after).former
      const isSaid = isLateWord(step) || (wasIn(step, "fencing") && isFenceOver(step) && !is("deadline")(step))
      return contextOf(step.after).lastWordsOf === (isSaid ? null : contextOf(step.before).lastWordsOf)
    }
  },
  {
    sentence:
      "Everybody here who belongs there says so when its owner is another, when that is met again, and when a former one has had its last word late.",
    holds: (step) =>
      step.did("announce").length ===
      count(enters(step, "elsewhere") || gathers(step) || isMetAgain(step) || isResumed(step) || isLateWord(step))
  },
  {
    sentence:
      "It waits for the nodes that were there when it was told of its owner, until they have said all or have gone.",
    holds: (step) => {
      const { before, event, after } = step
      if (before === undefined) return same(contextOf(after).awaited, [])
      const told = is("owner.known")(step) && (isNew(step) || wasIn(step, "doubtful"))
      const awaited: readonly string[] = told ? event.nodes : contextOf(before).awaited
      const { owner } = contextOf(after)
      const early = contextOf(before).early.filter(({ epoch }) => epoch === owner?.epoch)
      const heard = [
        ...(gathers(step) ? early.map(({ node }) => node) : []),
        ...(wasIn(step, "gathering") && is("shard.announced")(step) && isCurrent(step) ? [event.node] : []),
        ...(wasIn(step, "fencing", "gathering") && is("node.parted")(step) ? [event.node] : [])
      ]
      return same(
        contextOf(after).awaited,
        awaited.filter((node) => !heard.includes(node))
      )
    }
  },
  {
    sentence:
      "What is said before this node knows that it is the owner is remembered until it gathers, the last of each node.",
    holds: (step) => {
      const { before, event, after } = step
      if (before === undefined) return same(contextOf(after).early, [])
      if (gathers(step)) return same(contextOf(after).early, [])
      const isHeard = wasIn(step, "open", "gathering") && isCurrent(step)
      return same(
        contextOf(after).early,
        is("shard.announced")(step) && !isHeard
          ? [
              ...contextOf(before).early.filter(({ node }) => node !== event.node),
              { node: event.node, epoch: event.epoch }
            ]
          : contextOf(before).early
      )
    }
  },
  {
    sentence: "Its actors hear that everybody has said so when it opens, and when somebody who was away has.",
    holds: (step) =>
      step.did("settle").length ===
      count(enters(step, "open") || (wasIn(step, "open") && is("shard.announced")(step) && isCurrent(step)))
  },
  {
    sentence:
      "Its actors are let go when another is the owner, or may have been, or it is given away, and only those that are here.",
    holds: (step) => {
      const livedHere = wasIn(step, "gathering", "open", "paused")
      const livesHere = ["gathering", "open", "paused"].includes(step.after.value)
      const mustGo = (livedHere && !livesHere && !hasLeft(step)) || isOwnedAnew(step)
      return step.did("letGo").length === count(mustGo)
    }
  },
  {
    sentence: "When the server goes, what the node owns is given away first, and the shard ends when that is done.",
    holds: (step) =>
      step.did("leave").length === count(is("server.draining")(step)) &&
      (step.after.status === "done") === hasLeft(step)
  },
  {
    sentence: "A shard of which nothing is known asks whose it is.",
    holds: (step) => step.did("askOwner").length === count(enters(step, "unknown"))
  },
  {
    sentence:
      "Neither last words nor the other nodes are waited for longer than so, and the clock stops when they have come.",
    holds: (step) => {
      const begins = [
        ...(enters(step, "fencing") ? [{ afterMs: 10 }] : []),
        ...(gathers(step) ? [{ afterMs: 30 }] : [])
      ]
      const leaves = ["fencing", "gathering"].filter(
        (state) => wasIn(step, state) && (step.after.value !== state || enters(step, state))
      )
      const isShort = gathers(step) && step.after.value !== "gathering"
      return (
        same(step.did("requestDeadline"), begins) &&
        step.did("cancelDeadline").length === leaves.length + count(isShort)
      )
    }
  }
]

export const shard: Subject = {
  name: "shard",
  machine: shardMachine,
  adapters: {
    actions: [
      ...["route", "routeAway", "askOwner", "fence", "announce", "settle", "letGo", "leave"],
      ...["requestDeadline", "cancelDeadline"]
    ]
  },
  settings: () => [
    {
      name: "one of three nodes",
      input: { index: 7, settings: { self, fenceMs: 10, gatherMs: 30 } },
      events: () => [
        ...owners.map((owner) => ({ type: "owner.known", ...owner, nodes: [self, there] })),
        { type: "owner.known", ...first, nodes: [] },
        { type: "owner.known", ...second, nodes: [there] },
        { type: "owner.unknown" },
        { type: "registry.away" },
        ...owners.map(({ epoch }) => ({ type: "shard.fenced", epoch })),
        ...[first, second].flatMap(({ epoch }) => [
          { type: "shard.release", epoch },
          { type: "shard.announced", node: self, epoch },
          { type: "shard.announced", node: there, epoch }
        ]),
        ...[there, yonder].flatMap((node) => [
          { type: "node.parted", node },
          { type: "node.met", node }
        ]),
        { type: "server.draining" },
        { type: "shard.left" },
        { type: "deadline", at: 90 }
      ]
    }
  ],
  facts: ({ context: { owner, former, lastWordsOf, awaited, early } }: { context: ShardContext }) => [
    owner,
    former,
    lastWordsOf,
    awaited,
    early.toSorted((one, other) => (one.node < other.node ? -1 : 1))
  ],
  laws
}
