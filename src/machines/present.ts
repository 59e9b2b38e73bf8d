/**
 * A value that is there in the state that asks for it, as its chart sees to and types cannot say. Throws a TypeError
 * that names it when it is not: the actor crashes at once, instead of going on with nothing.
 */
export const present = <Value>(value: Value | null | undefined, name: string): Value => {
  if (value === null || value === undefined) throw new TypeError(`There is no ${name} in this state`)
  return value
}
