/** Charts that tell each other things which take their time: in order from one to another, and by chance among all. */
import { type AnyActorRef, type AnyStateMachine, createActor, createMachine, fromTransition } from "xstate"
import { registryId } from "../../src/machines/registry.ts"

export interface Letter {
  readonly type: string
  readonly from: { readonly kind: string; readonly id: string }
  readonly to: { readonly kind: string; readonly id: string }
  readonly [more: string]: any
}

export const createSlowPost = (random: () => number) => {
  /** What one says to another, oldest first. */
  const underWay = new Map<string, Letter[]>()
  const oneOf = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]

  const say = (letter: Letter) => {
    const key = `${letter.from.kind} ${letter.from.id} → ${letter.to.kind} ${letter.to.id}`
    underWay.set(key, [...(underWay.get(key) ?? []), letter])
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
  const take = (key: string | undefined): Letter | undefined => {
    const [letter, ...rest] = underWay.get(key ?? "") ?? []
    if (rest.length === 0) underWay.delete(key ?? "")
    else underWay.set(key ?? "", rest)
    return letter
  }

  return {
    oneOf,
    say,
    /** An actor that tells others things by this post. */
    begin: (machine: AnyStateMachine, id: string, input: object): AnyActorRef => {
      const actor = createActor(machine, { parent: root, id, input } as never)
      actor.start()
      return actor as AnyActorRef
    },
    /** The oldest of what one says to another; undefined: nothing is under way. */
    next: (isMeant: (letter: Letter) => boolean = () => true): Letter | undefined =>
      take(oneOf([...underWay].filter(([, [letter]]) => isMeant(letter as Letter)).map(([key]) => key))),
    isEmpty: () => underWay.size === 0,
    /** It is lost, with all behind it. */
    lose: (isMeant: (letter: Letter) => boolean) => {
      for (const [key, [letter]] of underWay) if (isMeant(letter as Letter)) underWay.delete(key)
    },
    /** What is said meanwhile, apart from what is under way already. */
    aside: (act: () => void): readonly Letter[] => {
      const before = new Map(underWay)
      underWay.clear()
      act()
      const said = [...underWay.values()].flat()
      underWay.clear()
      for (const [key, letters] of before) underWay.set(key, letters)
      return said
    }
  }
}
