/**
 * A registry that takes its time: everything that one actor says to another arrives some turns of the event loop later,
 * and what different pairs say overtakes each other. Between two it arrives in the order in which it was said, and what was
 * said in one moment in one moment, as the charts are promised (see src/machines/registry.ts). With it, what holds for actors in one process must hold for actors
 * in several.
 */
import { createRegistry, type RegistryEvent, type RegistryLogic, registryId } from "../../src/machines/registry.ts"
import type { SupervisorRef } from "../../src/machines/supervisor.ts"
import { randomNumbers } from "./random.ts"

type Tell = Extract<RegistryEvent, { type: "tell" | "start" }>
type Turn = { readonly type: "registry.turn" }

/** What one has said to another in one moment. */
interface Saying {
  readonly moment: object
  readonly messages: Tell[]
}

/** What one has said to another and has not arrived, oldest first, and how many turns the next of it takes. */
interface Pair {
  readonly sayings: Saying[]
  turns: number
}

/** What is said takes up to so many turns, less one. */
const slowest = 4

/** Messages under way in all registries of this process, and who waits until there are none. */
let underWay = 0
let waiting: (() => void)[] = []

const arrived = (count: number) => {
  underWay -= count
  if (underWay > 0) return
  const all = waiting
  waiting = []
  for (const resolve of all) resolve()
}

/** Resolves when no registry has anything to deliver. */
export const quiet = (): Promise<void> =>
  underWay === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))

const keyOf = ({ from, to }: Tell): string => `${from.kind} ${from.id} → ${to.kind} ${to.id}`

export const createShuffledRegistry = (seed: number): RegistryLogic => {
  const inner = createRegistry()
  const random = randomNumbers(seed)
  const pairs = new Map<string, Pair>()
  const turnsOfNext = () => Math.floor(random() * slowest)

  const shuffled = <Item>(items: Item[]): Item[] => {
    for (let last = items.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1))
      ;[items[last], items[other]] = [items[other] as Item, items[last] as Item]
    }
    return items
  }

  let moment = {}
  /** What is said until everything of this moment has happened. */
  const thisMoment = (): object => {
    const now = moment
    queueMicrotask(() => {
      if (moment === now) moment = {}
    })
    return now
  }

  /** What arrives in this turn, at most the words of one moment of each pair. */
  const arriving = (): readonly Tell[] =>
    shuffled([...pairs]).flatMap(([key, pair]) => {
      if (pair.turns-- > 0) return []
      const { messages } = pair.sayings.shift() as Saying
      if (pair.sayings.length === 0) pairs.delete(key)
      else pair.turns = turnsOfNext()
      return messages
    })

  return {
    ...inner,
    transition: (snapshot, event: RegistryEvent | Turn, scope) => {
      const nextTurn = () =>
        setImmediate(() => {
          // The server may have gone meanwhile.
          if (scope.system.get(registryId) === scope.self) return scope.self.send({ type: "registry.turn" } as never)
          const lost = [...pairs.values()].flatMap(({ sayings }) => sayings.flatMap(({ messages }) => messages))
          pairs.clear()
          arrived(lost.length)
        })
      const send = (message: Tell) => {
        underWay++
        if (pairs.size === 0) nextTurn()
        const now = thisMoment()
        const pair = pairs.get(keyOf(message))
        const last = pair?.sayings.at(-1)
        if (last?.moment === now) last.messages.push(message)
        else if (pair !== undefined) pair.sayings.push({ moment: now, messages: [message] })
        else pairs.set(keyOf(message), { sayings: [{ moment: now, messages: [message] }], turns: turnsOfNext() })
      }
      switch (event.type) {
        case "tell":
        case "start":
          send(event)
          return snapshot
        case "tellAll": {
          // To each in the order of what else it is told by the same.
          const supervisor = scope.system.get(event.kind) as SupervisorRef | undefined
          for (const id of supervisor?.getSnapshot().children.keys() ?? []) {
            send({ type: "tell", from: event.from, to: { kind: event.kind, id }, event: event.event })
          }
          return snapshot
        }
        case "registry.turn": {
          const messages = arriving()
          if (pairs.size > 0) nextTurn()
          const after = messages.reduce((before, message) => inner.transition(before, message, scope), snapshot)
          // Not before what they lead to is under way.
          queueMicrotask(() => arrived(messages.length))
          return after
        }
        default:
          return inner.transition(snapshot, event, scope)
      }
    }
  }
}
