/** Statecharts with a heat map of where the actors are. A table says the same, also where there is no drawing. */
import { byId, counted, keepRows, make, makeRow, setAttribute, setText } from "./elements.js"

const heats = 5

/** From nobody (0) to all of its kind; the square root lets a few among many be seen. */
const heatOf = (count, total) => (count === 0 ? 0 : Math.max(1, Math.round(heats * Math.sqrt(count / total))))

const svg = "http://www.w3.org/2000/svg"

/** The drawing's states that have no states inside, by path, each with a place for its number. */
const statesOf = (drawing) => {
  const groups = [...drawing.querySelectorAll("g.state[data-state]")]
  const paths = groups.map((group) => group.dataset.state)
  return new Map(
    groups
      .filter(({ dataset: { state } }) => !paths.some((path) => path.startsWith(`${state}.`)))
      .map((group) => {
        const rect = group.querySelector("rect")
        const number = document.createElementNS(svg, "text")
        number.setAttribute("x", Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) - 5)
        number.setAttribute("y", Number(rect.getAttribute("y")) + 13)
        number.setAttribute("text-anchor", "end")
        number.setAttribute("class", "count")
        group.append(number)
        return [group.dataset.state, { rect, number }]
      })
  )
}

const numberSheet = new CSSStyleSheet()
numberSheet.replaceSync(`
  :host { display: block }
  svg { display: block; min-width: 32rem; max-width: 100%; height: auto }
  .count { font: 700 11px system-ui, sans-serif; fill: var(--ink) }
`)

/** Pixels from which on a drawing has a row of its own, and how far it may shrink before one must scroll. */
const wideFrom = 1200
const smallest = 0.7

const open = new Set(["connection", "flight", "room"])

/** One machine's place on the page. Its drawing lives in a shadow tree, so that ids of two drawings do not meet. */
const createChart = (machine) => {
  const title = make("h3", "", machine)
  const total = make("span", "total")
  const table = make("table", "")
  const head = make("tr", "", make("th", "", "State"), make("th", "number", "Actors"))
  for (const cell of head.cells) cell.scope = "col"
  const body = make("tbody", "")
  const caption = make("caption", "unseen", `States of ${machine} and how many actors are in each`)
  table.append(caption, make("thead", "", head), body)

  const content = make("div", "chart")
  let states = new Map()
  let isWide = false
  const template = document.querySelector(`template[data-chart="${machine}"]`)
  if (template !== null) {
    const drawing = make("div", "drawing")
    drawing.role = "group"
    drawing.tabIndex = 0
    drawing.ariaLabel = `Statechart of ${machine}; the table below has the numbers`
    const shadow = drawing.attachShadow({ mode: "open" })
    shadow.append(document.importNode(template.content, true))
    shadow.adoptedStyleSheets = [numberSheet]
    states = statesOf(shadow)
    const width = Number(shadow.querySelector("svg").getAttribute("width"))
    isWide = width > wideFrom
    if (isWide) shadow.querySelector("svg").style.minWidth = `${Math.round(width * smallest)}px`
    content.append(drawing, make("details", "plain", make("summary", "", "As a table"), table))
  } else {
    content.append(table)
  }

  const details = make("details", "", make("summary", "", title, " ", total), content)
  details.id = `chart-${machine}`
  details.open = open.has(machine)
  details.classList.toggle("wide", isWide)
  byId("charts").append(details)
  return { total, body, states, known: new Set(states.keys()) }
}

const charts = new Map()

export const showCharts = ({ charts: counts, branches }) => {
  for (const machine of Object.keys(counts)) {
    if (!charts.has(machine)) charts.set(machine, createChart(machine))
    const { total, body, states, known } = charts.get(machine)
    const actors = branches.find(({ chart }) => chart === machine)?.actors ?? 1
    const inState = counts[machine]
    for (const path of Object.keys(inState)) known.add(path)
    setText(total, actors === 1 ? "1 actor" : `${counted(actors)} actors`)
    for (const [path, { rect, number }] of states) {
      const count = inState[path] ?? 0
      setText(number, count === 0 ? "" : counted(count))
      const heat = heatOf(count, actors)
      if (rect.dataset.heat === String(heat)) continue
      rect.dataset.heat = heat
      rect.style.fill = heat === 0 ? "" : `var(--heat-${heat})`
    }
    keepRows(
      body,
      [...known].sort(),
      (path) => path,
      () => makeRow("state", "number"),
      ({ cells }, path) => {
        const count = inState[path] ?? 0
        setText(cells[0], path)
        setText(cells[1], counted(count))
        setAttribute(cells[1], "data-heat", heatOf(count, actors))
      }
    )
  }
}
