/**
 * Charts that tell each other things which take their time: in order from one to another, what is said in one moment in one
 * moment, and by chance among all.
 */
import { type AnyActorRef, type AnyStateMachine, createActor, createMachine, fromTransition } from "xstate"
import { registryId } from "../../src/machines/registry.ts"

export interface Letter {
  readonly type: string
  readonly from: { readonly kind: string; readonly id: string }
  readonly to: { readonly kind: string; readonly id: string }
  readonly [more: string]: any
}

export interface SlowPostOptions {
  readonly random: () => number
  /** Hands a letter over. */
  readonly arrive: (letter: Letter) => void
  /** Types of the events by which somebody says to whom it belongs: heard where that one is put together, before all else. */
  readonly claims: readonly string[]
  /** What is said on one way arrives in order. Absent: each has one of its own to each other. */
  readonly wayOf?: (letter: Letter) => string
  /** What cannot even be sent. */
  readonly isLost?: (letter: Letter) => boolean
}

const fromOneToAnother = ({ from, to }: Letter): string => `${from.kind} ${from.id} → ${to.kind} ${to.id}`

export const createSlowPost = ({ random, arrive, claims, ...options }: SlowPostOptions) => {
  const { wayOf = fromOneToAnother, isLost = () => false } = options
  /** What is said on each way, oldest first. */
  const underWay = new Map<string, Letter[]>()
  const oneOf = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]

  let moment = 0
  const say = (letter: Letter) => {
    if (!isLost(letter)) underWay.set(wayOf(letter), [...(underWay.get(wayOf(letter)) ?? []), { ...letter, moment }])
  }
  const root = createActor(
    createMachine({
      invoke: {
        id: registryId,
        systemId: registryId,
        src: fromTransition((state: null, event: any) => {
          if (event.type === "tell" || event.type === "start") say(event)
          return state
        }, null)
      }
    })
  ).start()
  const take = (way: string): Letter => {
    const [letter, ...rest] = underWay.get(way) as Letter[]
    if (rest.length === 0) underWay.delete(way)
    else underWay.set(way, rest)
    return letter as Letter
  }
  /** What is said meanwhile, apart from what is under way already. */
  const aside = (act: () => void): readonly Letter[] => {
    const before = new Map(underWay)
    underWay.clear()
    act()
    const said = [...underWay.values()].flat()
    underWay.clear()
    for (const [way, letters] of before) underWay.set(way, letters)
    return said
  }

  return {
    oneOf,
    say,
    /** Before all that is under way there. */
    sayFirst: (letter: Letter): void =>
      void underWay.set(wayOf(letter), [letter, ...(underWay.get(wayOf(letter)) ?? [])]),
    /** An actor that tells others things by this post. */
    begin: (machine: AnyStateMachine, id: string, input: object): AnyActorRef => {
      const actor = createActor(machine, { parent: root, id, input } as never)
      actor.start()
      return actor as AnyActorRef
    },
    /** What is said from now on is said in another moment. */
    passTime: (): void => void moment++,
    /** Hands over what was said first on some way, in one moment; false: nothing is under way. */
    deliver: (isMeant: (letter: Letter) => boolean = () => true): boolean => {
      const way = oneOf([...underWay].filter(([, [letter]]) => isMeant(letter as Letter)).map(([key]) => key))
      if (way === undefined) return false
      for (;;) {
        const letter = take(way)
        moment++
        arrive(letter)
        if (underWay.get(way)?.[0]?.["moment"] !== letter["moment"]) return true
      }
    },
    isEmpty: () => underWay.size === 0,
    /** It is lost, with all behind it. */
    lose: (isMeant: (letter: Letter) => boolean) => {
      for (const [way, [letter]] of underWay) if (isMeant(letter as Letter)) underWay.delete(way)
    },
    /** Those who belong to somebody say so, before anything else is heard there; what else they say takes its time. */
    gather: (members: readonly AnyActorRef[], moved: { readonly type: string }) => {
      for (const member of members.toSorted(() => random() - 0.5)) {
        for (const letter of aside(() => member.send(moved))) {
          if (claims.includes(letter["event"].type)) arrive(letter)
          else say(letter)
        }
      }
    }
  }
}
