/** What it costs an actor that it could be inspected: nothing, unless somebody does. */
import { createActor, type InspectionEvent } from "xstate"
import { flightMachine } from "../../src/machines/dropsilk/flight/flight.ts"
import { compare, type Figure, takeTurns } from "../rounds.ts"
import type { Setting } from "../setting.ts"

/** Events of one turn. */
const events = 20_000

/** CPU µs an event. */
const turn = async (options: { readonly inspect?: (event: InspectionEvent) => void }): Promise<number> => {
  const flight = createActor(flightMachine, {
    ...options,
    input: { id: "ABC234", code: "ABC234", channel: "transfer", ofRoom: false, graceMs: 0 }
  }).start()
  const before = process.cpuUsage()
  for (let at = 0; at < events; at++) flight.send({ type: "member.renamed", id: "ann", name: "Ann" })
  const { user, system } = process.cpuUsage(before)
  flight.stop()
  return (user + system) / events
}

export const inspect = async ({ size }: Setting): Promise<readonly Figure[]> => {
  // As application.ts has it: with `npm start` nobody inspects.
  const nobody: { readonly inspect?: (event: InspectionEvent) => void } = {}
  const figure = async (name: string, options: typeof nobody, aim?: number): Promise<Figure> =>
    compare(
      name,
      "µs an event",
      "ratio",
      aim,
      await takeTurns(
        size.rounds * 3,
        () => turn(options),
        () => turn({})
      )
    )
  return [
    await figure("an actor's event, inspector off, over an actor nobody can inspect", nobody, 1.05),
    await figure("an actor's event, watched by an inspector that does nothing", { inspect: () => {} })
  ]
}
