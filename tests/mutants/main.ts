/**
 * npm run test:mutants: breaks every chart in every single place, one at a time, and sees whether the walks notice.
 * Writes docs/mutants.md, unless it is asked about one chart only; fails below 95 of 100 caught, or with a survivor that
 * nobody has explained.
 */
import { writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { commandLineOf, oneOf, valueFlag } from "../../src/config/commandLine.ts"
import { subjects } from "../walking/subjects.ts"
import { equivalent } from "./equivalent.ts"
import { mutationsOf } from "./mutations.ts"
import type { MutantTask } from "./worker.ts"

/** ms after which a mutant counts as one that never ends. */
const patience = 180_000
const wanted = 0.95

const { only } = await commandLineOf({
  command: "npm run test:mutants --",
  purpose: "Breaks every statechart in every single place, one at a time, and sees whether the walks notice.",
  flags: {
    only: valueFlag({
      ...oneOf(subjects.map(({ name }) => name)),
      placeholder: "CHART",
      description: "One chart only; docs/mutants.md is not written then"
    })
  }
})
const mutants = subjects
  .filter(({ name }) => only === undefined || name === only)
  .flatMap(({ name, machine }) =>
    mutationsOf(machine).map((mutation, index) => ({ subject: name, mutation: index, name: mutation.name }))
  )
const verdicts = new Map<(typeof mutants)[number], string | null>()
const queue = [...mutants]

const ask = (worker: Worker, task: MutantTask): Promise<string | null> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => answer("never ends"), patience)
    const answer = (verdict: string | null) => {
      clearTimeout(timer)
      worker.off("message", answer).off("error", fail)
      resolve(verdict)
    }
    const fail = () => answer("fault")
    worker.once("message", answer).once("error", fail)
    worker.postMessage(task)
  })

/** One that runs out of memory may say so when its mutant has been judged already. */
const start = (): Worker => new Worker(new URL("./worker.ts", import.meta.url)).on("error", () => {})

const work = async () => {
  let worker = start()
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const verdict = await ask(worker, mutant)
    verdicts.set(mutant, verdict)
    if (verdict === "never ends" || verdict === "fault") {
      await worker.terminate()
      worker = start()
    }
    if (verdict === null) console.log(`survives: ${mutant.name}`)
  }
  await worker.terminate()
}

const startedAt = performance.now()
const sound = start()
for (const { name } of subjects.filter(({ name }) => only === undefined || name === only)) {
  const complaint = await ask(sound, { subject: name })
  if (complaint === null) continue
  console.error(`The ${name} chart is not sound as it is (${complaint}): npm test says more.`)
  process.exit(1)
}
await sound.terminate()
await Promise.all(Array.from({ length: availableParallelism() }, work))

const survivors = mutants.filter((mutant) => verdicts.get(mutant) === null)
const unexplained = survivors.filter(({ name }) => equivalent[name] === undefined)
const caught = mutants.length - survivors.length
const share = (part: number, all: number) => `${((100 * part) / Math.max(1, all)).toFixed(1)} %`
const rows = subjects.flatMap(({ name }) => {
  const all = mutants.filter(({ subject }) => subject === name)
  if (all.length === 0) return []
  const count = (...reasons: readonly (string | null)[]) =>
    all.filter((mutant) => reasons.includes(verdicts.get(mutant) ?? null)).length
  const alive = count(null)
  return [
    `| ${name} | ${all.length} | ${count("law broken")} | ${count("not walked", "law untried")} | ${count("fault", "never ends")} | ${alive} | ${share(all.length - alive, all.length)} |`
  ]
})
const report = `# The tests, tested

Made by \`npm run test:mutants\`. Every chart is broken in every single place, one at a time: a transition is missing or
leads elsewhere, a guard is not asked, an action of a transition, an entry or an exit is not done. Then the walks of
\`tests/walking\` run over it. A mutant is caught when a law is broken, when a part of the chart is not walked any more (or
a law not tried), or when the chart fails or never comes to rest.

| chart | mutants | law broken | not walked | fault | survive | caught |
|---|---|---|---|---|---|---|
${rows.join("\n")}
| all | ${mutants.length} | | | | ${survivors.length} | ${share(caught, mutants.length)} |

## Survivors

${survivors.length === 0 ? "None." : survivors.map(({ name }) => `- \`${name}\`: ${equivalent[name] ?? "not explained"}`).join("\n")}
`
console.log(`${report}\n${Math.round((performance.now() - startedAt) / 1000)} s`)
if (only === undefined) writeFileSync(new URL("../../docs/mutants.md", import.meta.url), report)
if (caught / mutants.length < wanted || unexplained.length > 0) process.exitCode = 1
