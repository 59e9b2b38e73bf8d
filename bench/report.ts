/** Figures as a table, and as a page. */
import { cpus } from "node:os"
import type { Figure } from "./rounds.ts"
import type { Size } from "./setting.ts"

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2))

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`

const outcomeOf = ({ compared, outcome, spread }: Figure): string => {
  const write = compared === "difference" ? signed : number
  return spread === undefined ? write(outcome) : `${write(outcome)} (${write(spread[0])} to ${write(spread[1])})`
}

const aimOf = ({ compared, aim }: Figure): string =>
  aim === undefined ? "" : `≤ ${compared === "difference" ? signed(aim) : number(aim)}`

const isMet = ({ outcome, aim }: Figure): string => (aim === undefined ? "" : outcome <= aim ? "yes" : "no")

const header = ["figure", "unit", "silktower", "bare", "ratio or difference (spread)", "aim", "met"]

const rowOf = (figure: Figure): readonly string[] => [
  figure.name,
  figure.unit,
  number(figure.silktower),
  figure.reference === undefined ? "" : number(figure.reference),
  outcomeOf(figure),
  aimOf(figure),
  isMet(figure)
]

/** For a terminal. */
export const figureLine = (figure: Figure): string => {
  const [name, unit, silktower, bare, outcome, aim, met] = rowOf(figure)
  const against = bare === "" ? "" : ` against ${bare}`
  const wanted = aim === "" ? "" : `, aim ${aim}: ${met}`
  return `${name}: ${silktower}${against} ${unit}, ${outcome}${wanted}`
}

/** In Markdown. */
export const table = (figures: readonly Figure[]): string => {
  const rows = [header, ...figures.map(rowOf)]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`)
  return [lines[0], `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...lines.slice(1)].join("\n")
}

/** docs/performance.md. */
export const page = (figures: readonly Figure[], size: Size, postgres: boolean): string => `# Performance

Written by \`npm run bench -- --write\`. \`npm run bench\` prints the same table, \`-- --quick\` takes a shorter look, and
\`-- --only=relay\` measures one part.

${table(figures)}

Run on ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}, Node ${
  process.versions.node
}${postgres ? ", PostgreSQL on the same machine" : ", without a PostgreSQL: the figures that need one are missing"}.

## How it is measured

- Every figure compares silktower with a bare server (\`bench/bareServer.js\`: \`node:http\`, \`ws\` and \`pg\` doing the least
  that gets the same job done), in the same run. The two take turns, ${size.rounds} rounds unless said otherwise, after
  one that does not count; the outcome is the median of the rounds' own ratios or differences, and the spread is
  between which the middle half of them lies. Milliseconds on one machine mean little on another; the ratios mean more.
- Both run in processes of their own, silktower by its \`src/main.js\` as an operator starts it (production settings on
  PostgreSQL). CPU time is what the operating system has counted for that process, its garbage collector's threads
  included and PostgreSQL's processes not. The load comes from a third process over 127.0.0.1.
- **Relay**: frames are a description and candidates as browsers send them, brought to 800 bytes, in both directions of
  50 flights, eight under way in each; the bare server relays without looking at them. For latency they are sent at an
  even rate, in ${size.latencyRounds} short rounds, and the time is from one client's write to the other client's read.
- **Poll**: both participants of 100 rooms, over 32 kept-alive connections with the fewest headers; the bare server
  answers 400 fixed bytes. Writes are counted by PostgreSQL, while each participant polls once a second: a room that is
  only polled is written once its life has been extended by a tenth of \`ROOM_TTL_MINUTES\`, every 3 minutes.
- **Making and joining**: two requests; the bare server's two answers wait for one INSERT and one UPDATE.
- **A flight**: two clients on different networks connect, create, join, and leave one after the other; the bare server
  does the same with a Map.
- **Connecting**: CPU of five times 100 more clients, each on a network of its own, ${size.connectRounds} rounds; the reference is a second
  server with few clients that has seen as many come and go. The bare server's own growth is shown beside it.
- **Watching**: what the server uses in 10 s with a watcher, less what it uses in 10 s without; the median of
  ${Math.ceil(size.rounds / 3)} rounds. The page in the browser is not part of it.
- **Memory**: of ${size.idleConnections.toLocaleString("en")} idle connections, each on a network of its own, after a garbage collection,
  5 rounds; of an idle server one second after its first answer, without one.
`
