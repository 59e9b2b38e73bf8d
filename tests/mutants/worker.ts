/** Walks mutants: told a subject and the number of a mutation, answers how it was caught, or null. */
import { parentPort } from "node:worker_threads"
import { subjects } from "../walking/subjects.ts"
import { walk } from "../walking/walk.ts"
import { mutationsOf } from "./mutations.ts"

export interface MutantTask {
  readonly subject: string
  /** Absent: the chart as it is, which nothing should be said against. */
  readonly mutation?: number
}

/** Random walks first: nine in ten mutants are caught on them, and then the long way along all edges is not needed. */
const options = { seed: 1, randomFirst: true, randomWalks: 20, randomLength: 60 }

const judge = ({ subject: name, mutation }: MutantTask): string | null => {
  const subject = subjects.find((each) => each.name === name)!
  const mutate = mutation === undefined ? () => {} : mutationsOf(subject.machine)[mutation]!.apply
  try {
    const { coverage, untried } = walk(subject, {
      ...options,
      machine: (machine) => {
        mutate(machine)
        return machine
      }
    })
    const missing = [coverage.states, coverage.transitions, coverage.guards].flatMap(({ missing }) => missing)
    if (missing.length > 0) return "not walked"
    return untried.length > 0 ? "law untried" : null
  } catch (error) {
    return (error as Error).name === "LawBroken" ? "law broken" : "fault"
  }
}

// A machine that has failed is reported once more, later, when its mutant has been judged already.
process.on("uncaughtException", () => {})

parentPort?.on("message", (task: MutantTask) => parentPort?.postMessage(judge(task)))
