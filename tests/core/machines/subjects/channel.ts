import { channelMachine } from "../../../../src/machines/cluster/channel/channel.ts"
import type { ChannelContext, ChannelSettings } from "../../../../src/machines/cluster/channel/channelContext.ts"
import { type Law, type Step, type Subject, same } from "../../../walking/subject.ts"

const settings: ChannelSettings = {
  ...{ deadAfter: 3, silentAfter: 2, dialMs: 11, greetingMs: 12 },
  againMs: { soon: 1, later: 2, unfit: 3 }
}

const wayOf = (snapshot: any): string | undefined => snapshot?.value.way
const nodeOf = (snapshot: any): string | undefined => snapshot?.value.node
const ways: Readonly<Record<string, { readonly timer: string; readonly ms: number; readonly next: string }>> = {
  dialling: { timer: "dial", ms: settings.dialMs, next: "resting" },
  greeting: { timer: "greeting", ms: settings.greetingMs, next: "resting" },
  pausing: { timer: "soon", ms: settings.againMs.soon, next: "dialling" },
  resting: { timer: "later", ms: settings.againMs.later, next: "dialling" },
  refused: { timer: "unfit", ms: settings.againMs.unfit, next: "dialling" }
}
const timerOf = (way: string) => `xstate.after.${ways[way]?.timer}.channel.way.${way}`

const isAlive = ({ before }: Step) => before?.status === "active"
const is =
  (...types: string[]) =>
  (step: Step) =>
    isAlive(step) && types.includes(step.event.type)
const was = (step: Step, ...states: string[]) => states.includes(wayOf(step.before) ?? "")
const wasNode = (step: Step, ...states: string[]) => states.includes(nodeOf(step.before) ?? "")
const count = (step: Step, action: string): number => step.did(action).length

const isLastTick = (step: Step): boolean =>
  is("tick")(step) && step.before.context.unanswered + 1 >= settings.silentAfter
const isLastRefusal = (step: Step): boolean =>
  is("way.refused")(step) && was(step, "dialling") && step.before.context.refusals + 1 >= settings.deadAfter

/** Where the way is after this step. */
const expectedWay = (step: Step): string => {
  const before = wayOf(step.before) as string
  const { type } = step.event
  if (type === "channel.forget") return "forgotten"
  if (type === timerOf(before)) return ways[before]?.next as string
  switch (`${before} ${type}`) {
    case "dialling way.opened":
      return "greeting"
    case "dialling way.refused":
      return isLastRefusal(step) ? "resting" : "pausing"
    case "dialling way.ended":
    case "greeting way.ended":
      return "resting"
    case "greeting node.greeted":
      return "open"
    case "open way.ended":
    case "open node.parted":
      return "pausing"
    case "greeting node.unfit":
    case "open node.unfit":
      return "refused"
    case "open tick":
      return isLastTick(step) ? "pausing" : "open"
  }
  return before
}

/** How the node is after this step. */
const expectedNode = (step: Step): string => {
  const before = nodeOf(step.before) as string
  if (is("channel.forget")(step)) return "forgotten"
  if (is("node.greeted")(step) && was(step, "greeting")) return "answering"
  if (isLastRefusal(step)) return "dead"
  if (isLastTick(step) && wasNode(step, "answering")) return "silent"
  return before
}

const laws: readonly Law[] = [
  {
    sentence: "It is dialled from the start, and nothing is known of the node.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did }) =>
      same(after.value, { way: "dialling", node: "silent" }) &&
      did("dial").length === 1 &&
      same([after.context.refusals, after.context.unanswered], [0, 0])
  },
  {
    sentence: "Where the way is follows from the dial, the greeting, and what has become of the WebSocket.",
    when: isAlive,
    holds: (step) => wayOf(step.after) === expectedWay(step)
  },
  {
    sentence:
      "The node answers from its greeting on; it is silent after so many ticks without an answer, and dead when its machine has refused so many dials in a row.",
    when: isAlive,
    holds: (step) => nodeOf(step.after) === expectedNode(step)
  },
  {
    sentence: "It is dialled whenever the way comes to that, and at no other time.",
    when: isAlive,
    holds: (step) => count(step, "dial") === Number(wayOf(step.after) === "dialling" && !was(step, "dialling"))
  },
  {
    sentence: "Whoever may say something is told when it may, and when it may no longer.",
    when: isAlive,
    holds: (step) =>
      count(step, "tellOpen") === Number(wayOf(step.after) === "open" && !was(step, "open")) &&
      count(step, "tellClosed") === Number(wayOf(step.after) !== "open" && was(step, "open"))
  },
  {
    sentence: "No WebSocket is left behind: one that has not ended by itself is ended.",
    when: isAlive,
    holds: (step) => {
      const hadOne = was(step, "dialling", "greeting", "open")
      const hasOne = ["dialling", "greeting", "open"].includes(wayOf(step.after) ?? "")
      const endedItself = is("way.ended", "way.refused")(step)
      const expected = is("channel.forget")(step) || (hadOne && !hasOne && !endedItself)
      return count(step, "hangUp") === Number(expected)
    }
  },
  {
    sentence: "Its death is told once.",
    holds: (step) => count(step, "tellDead") === Number(nodeOf(step.after) === "dead" && !wasNode(step, "dead"))
  },
  {
    sentence: "It is pinged at each tick while the way is open.",
    holds: (step) => count(step, "ping") === Number(is("tick")(step) && was(step, "open") && !isLastTick(step))
  },
  {
    sentence: "Refused dials are counted in a row, until anything else comes of one.",
    when: isAlive,
    holds: (step) => {
      const { refusals } = step.before.context
      const hasMet = was(step, "dialling") && is("way.opened", "way.ended", timerOf("dialling"))(step)
      const isOne = is("way.refused")(step) && was(step, "dialling") && !isLastRefusal(step)
      return step.after.context.refusals === (hasMet ? 0 : isOne ? refusals + 1 : refusals)
    }
  },
  {
    sentence: "Ticks are counted from the last answer on, as long as the node answers.",
    when: isAlive,
    holds: (step) => {
      const { unanswered } = step.before.context
      const answers =
        (is("node.greeted")(step) && was(step, "greeting")) || (is("node.answered")(step) && wasNode(step, "answering"))
      const counts = is("tick")(step) && !isLastTick(step) && wasNode(step, "answering")
      return step.after.context.unanswered === (answers ? 0 : counts ? unanswered + 1 : unanswered)
    }
  },
  {
    sentence: "Each wait has its own time, and none is left behind.",
    holds: (step) => {
      const [before, after] = [wayOf(step.before), wayOf(step.after)]
      const began = after !== before ? ways[after ?? ""] : undefined
      const ended = after !== before && ways[before ?? ""] !== undefined
      return (
        same(step.did("setTimer"), began === undefined ? [] : [began.ms]) && count(step, "clearTimer") === Number(ended)
      )
    }
  },
  {
    sentence: "It ends when it is forgotten, and only then.",
    when: isAlive,
    holds: (step) => (step.after.status === "done") === is("channel.forget")(step)
  }
]

export const channel: Subject = {
  name: "channel",
  machine: channelMachine,
  adapters: {
    actions: ["dial", "hangUp", "ping", "tellOpen", "tellClosed", "tellDead"],
    // It is not read again from what was written down: its waits, which are the clock's, would not be there.
    promises: []
  },
  settings: () => [
    {
      name: "to another node",
      input: { node: "10.0.0.2:7946", settings },
      events: (snapshot) => [
        ...["way.opened", "way.refused", "way.ended"].map((type) => ({ type })),
        ...["node.greeted", "node.unfit", "node.answered", "node.parted"].map((type) => ({ type })),
        ...[{ type: "tick" }, { type: "channel.forget" }],
        ...Object.keys(ways)
          .filter((way) => wayOf(snapshot) === way)
          .map((way) => ({ type: timerOf(way) }))
      ]
    }
  ],
  facts: ({ context }: { context: ChannelContext }) => [context.refusals, context.unanswered],
  laws
}
