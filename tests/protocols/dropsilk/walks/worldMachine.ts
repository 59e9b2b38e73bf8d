/** The world as a statechart: each person is away, in the lobby, alone or paired, and steps move them. */
import { assign, setup } from "xstate"
import {
  type Person,
  type Place,
  people,
  placeOf,
  places,
  type Step,
  startingWorld,
  take,
  type World
} from "./world.ts"

export interface WorldEvent {
  readonly type: "step"
  readonly step: Step
}

const base = setup({
  types: { context: {} as World, events: {} as WorldEvent },
  guards: {
    isPossible: ({ context, event }) => take(context, event.step) !== null,
    is: ({ context }, { who, place }: { who: Person; place: Place }) => placeOf(context, who) === place
  },
  actions: {
    take: assign(({ context, event }) => take(context, event.step)?.world ?? context)
  }
})

const region = (who: Person) => ({
  initial: "away" as const,
  states: Object.fromEntries(
    places.map((place) => [
      place,
      {
        always: places
          .filter((other) => other !== place)
          .map((other) => ({ guard: { type: "is" as const, params: { who, place: other } }, target: other }))
      }
    ])
  )
})

export const worldMachine = base.createMachine({
  id: "world",
  description: "Three people in front of the server.",
  type: "parallel",
  context: startingWorld,
  on: { step: { guard: "isPossible", actions: "take" } },
  states: Object.fromEntries(people.map((who) => [who, region(who)])) as Record<Person, ReturnType<typeof region>>
})
