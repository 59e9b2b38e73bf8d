/** What is looked at first: tiles with a number, a short graph and where the number comes from. */
import { byId, counted, make, setAttribute, setText } from "./elements.js"

const svg = "http://www.w3.org/2000/svg"
/** Readings that a graph holds: five minutes, at one every 2 s. */
const longest = 150
/** Readings that it has room for from the beginning. */
const shortest = 30

const megabytes = (bytes) => `${Math.round(bytes / 1_048_576).toLocaleString("en")} MB`
const milliseconds = (value) => `${value.toLocaleString("en", { maximumFractionDigits: 1 })} ms`
const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** `requests 10, frames 2`: the largest first. */
const listed = (counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${counted(count)}`)
    .join(", ")

const places = { socket: "sockets", post: "changes", read: "reads" }
const named = (origins) => Object.fromEntries(Object.entries(origins).map(([where, count]) => [places[where], count]))

/** Of those that are decided: a meeting that has just begun is neither a success nor a failure. */
const rateOf = ({ answered, faulted, vain }) =>
  answered + vain === 0 ? null : (100 * (answered - faulted)) / (answered + vain)

const meetingsText = ({ paired, answered, faulted, vain }) =>
  paired === 0
    ? "Nobody has met yet."
    : `${counted(paired)} paired, ${counted(answered)} with signals both ways, ${counted(vain)} over before that, ${counted(faulted)} ended by a fault`

const refusedOf = ({ refusals }) => total(refusals.budgets) + total(refusals.origins)

/** `value`: what the graph shows, null for nothing; `grows`: the graph shows how much it has grown. */
const tiles = [
  {
    id: "people",
    title: "People here now",
    value: ({ people }) => people,
    figure: counted,
    note: ({ protocols }) => listed(Object.fromEntries(protocols.map(({ protocol, people }) => [protocol, people])))
  },
  {
    id: "pairs",
    title: "Pairs",
    value: ({ pairs }) => pairs,
    figure: counted,
    note: () => "Two whose signals pass through the server."
  },
  {
    id: "meetings",
    title: "Meetings that worked",
    value: ({ meetings }) => rateOf(meetings),
    figure: (rate) => `${rate.toLocaleString("en", { maximumFractionDigits: 1 })} %`,
    note: ({ meetings }) => meetingsText(meetings)
  },
  {
    id: "memory",
    title: "Memory",
    value: ({ memory }) => memory.rss,
    figure: megabytes,
    note: ({ memory }) => `${megabytes(memory.heap)} of it in JavaScript's heap`
  },
  {
    id: "delay",
    title: "Event loop late by",
    value: ({ delayMs }) => delayMs.p99,
    figure: milliseconds,
    note: ({ delayMs }) => `In 99 of 100 looks no more; at worst ${milliseconds(delayMs.worst)}`
  },
  {
    id: "budgets",
    title: "Refused by budget",
    value: ({ refusals }) => total(refusals.budgets),
    figure: counted,
    grows: true,
    note: ({ refusals }) => listed(refusals.budgets) || "Nobody since the start."
  },
  {
    id: "refused-origins",
    title: "Refused by origin",
    value: ({ refusals }) => total(refusals.origins),
    figure: counted,
    grows: true,
    note: ({ refusals }) => listed(named(refusals.origins)) || "No page since the start."
  }
]

const created = new Map()

const create = ({ id, title }) => {
  const figure = make("p", "figure")
  const note = make("p", "quiet")
  const graph = document.createElementNS(svg, "svg")
  graph.setAttribute("viewBox", "0 0 100 24")
  graph.setAttribute("preserveAspectRatio", "none")
  graph.setAttribute("role", "img")
  const line = document.createElementNS(svg, "path")
  graph.append(line)
  const tile = make("li", "tile", make("h3", "", title), figure, graph, note)
  tile.id = `tile-${id}`
  byId("tiles").append(tile)
  return { figure, note, graph, line, history: [], before: undefined }
}

/** A line from the left to the right, which leaves room for a minute at least. */
const pathOf = (history) => {
  const highest = Math.max(...history, 0)
  const lowest = Math.min(...history)
  const span = highest - lowest || 1
  const across = Math.max(shortest, history.length) - 1
  return history
    .map((value, index) => {
      const x = (index / across) * 100
      const y = highest === lowest && highest === 0 ? 23 : 22 - ((value - lowest) / span) * 20
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join("")
}

export const showVitals = (vitals) => {
  for (const tile of tiles) {
    if (!created.has(tile.id)) created.set(tile.id, create(tile))
    const place = created.get(tile.id)
    const value = tile.value(vitals)
    setText(place.figure, value === null ? "–" : tile.figure(value))
    setText(place.note, tile.note(vitals))
    if (value === null) continue
    place.history.push(tile.grows ? value - (place.before ?? value) : value)
    place.before = value
    if (place.history.length > longest) place.history.shift()
    setAttribute(place.line, "d", pathOf(place.history))
    const [lowest, highest] = [Math.min(...place.history), Math.max(...place.history)]
    const between = `between ${tile.figure(lowest)} and ${tile.figure(highest)}`
    setAttribute(place.graph, "aria-label", `${tile.title}, ${tile.grows ? "growing by " : ""}${between}`)
  }
  setAttribute(byId("tile-delay"), "data-alarm", vitals.delayMs.p99 >= 100)
  setAttribute(byId("tile-budgets"), "data-seen", refusedOf(vitals) > 0)
}
