import { expect, it } from "vitest"
import { initialTransition } from "xstate"
import { subjects } from "../../walking/subjects.ts"

/** From here on V8 makes a dictionary of a copy, which each assignment makes, and that takes twenty times as long. */
const dictionaryFrom = 20

it.each(subjects)("$name has a context that is copied fast", ({ machine, settings }) => {
  for (const { input } of settings()) {
    const [{ context }] = initialTransition(machine, input as never)
    expect(Object.keys(context).length).toBeLessThan(dictionaryFrom)
  }
})
