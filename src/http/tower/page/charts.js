/** Statecharts with a heat map of where the actors are. A table says the same, also where there is no drawing. */
import { byId, counted, keepRows, make, makeRow, setAttribute, setText } from "./elements.js"
import { makeZoom } from "./zoom.js"

const heats = 5

/** From nobody (0) to all of its kind; the square root lets a few among many be seen. */
const heatOf = (count, total) => (count === 0 ? 0 : Math.max(1, Math.round(heats * Math.sqrt(count / total))))

const svg = "http://www.w3.org/2000/svg"

/** The drawing's states that have no states inside, each with its path and a place for its number. */
const statesOf = (drawing) => {
  const groups = [...drawing.querySelectorAll("g.state[data-state]")]
  const paths = groups.map((group) => group.dataset.state)
  const isOuter = (own) => paths.some((path) => path !== own && (own === "" || path.startsWith(`${own}.`)))
  return groups
    .filter(({ dataset: { state } }) => !isOuter(state))
    .map((group) => {
      const rect = group.querySelector("rect")
      const number = document.createElementNS(svg, "text")
      number.setAttribute("x", Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) - 5)
      number.setAttribute("y", Number(rect.getAttribute("y")) + 14)
      number.setAttribute("text-anchor", "end")
      number.setAttribute("class", "count")
      group.append(number)
      return { path: group.dataset.state, rect, number }
    })
}

const numberSheet = new CSSStyleSheet()
numberSheet.replaceSync(`
  :host { display: block }
  svg { display: block; max-width: none; height: auto }
  .count { font: 700 12px system-ui, sans-serif; fill: var(--ink) }
`)

/** One picture of a chart, in a shadow tree, so that ids of two drawings do not meet. */
const createDrawing = (machine, template) => {
  const { region } = template.dataset
  const title = region === "" ? machine : `${machine}, region ${region}`
  const drawing = make("div", "drawing")
  drawing.role = "group"
  drawing.tabIndex = 0
  drawing.ariaLabel = `Statechart of ${title}. Plus and minus change its size; the table below has the numbers`
  const shadow = drawing.attachShadow({ mode: "open" })
  shadow.append(document.importNode(template.content, true))
  shadow.adoptedStyleSheets = [numberSheet]
  const picture = shadow.querySelector("svg")
  const width = Number(picture.getAttribute("width"))
  const head = make("div", "chart-head", make("h4", "", region === "" ? "All of it" : region))
  return { element: make("div", "piece", head, drawing), drawing, picture, width, head, states: statesOf(shadow) }
}

/** One machine's place on the page. Its pictures are made when somebody looks at them. */
const createChart = (machine, showNow) => {
  const title = make("h3", "", machine)
  const total = make("span", "total")
  const table = make("table", "")
  const head = make("tr", "", make("th", "", "State"), make("th", "number", "Actors"))
  for (const cell of head.cells) cell.scope = "col"
  const body = make("tbody", "")
  const caption = make("caption", "unseen", `States of ${machine} and how many actors are in each`)
  table.append(caption, make("thead", "", head), body)

  const templates = [...document.querySelectorAll(`template[data-chart="${machine}"]`)]
  const content = make("div", "chart")
  content.append(templates.length === 0 ? table : make("details", "plain", make("summary", "", "As a table"), table))
  const details = make("details", "", make("summary", "", title, " ", total), content)
  details.id = `chart-${machine}`
  byId("charts").append(details)

  const chart = { total, body, details, states: [], known: new Set() }
  details.addEventListener(
    "toggle",
    () => {
      const pieces = templates.map((template) => createDrawing(machine, template))
      content.prepend(...pieces.map(({ element }) => element))
      for (const { head, drawing, picture, width } of pieces) head.append(makeZoom(drawing, picture, width))
      chart.states = pieces.flatMap(({ states }) => states)
      for (const { path } of chart.states) chart.known.add(path)
      showNow()
    },
    { once: true }
  )
  return chart
}

/** Of a state, and of a region that is folded up in its drawing. */
const countOf = (inState, path) =>
  Object.entries(inState).reduce(
    (sum, [each, count]) => (each === path || each.startsWith(`${path}.`) ? sum + count : sum),
    0
  )

const charts = new Map()
let newest

const show = (machine) => {
  const { charts: counts, branches } = newest
  const { total, body, details, states, known } = charts.get(machine)
  const actors = branches.find(({ chart }) => chart === machine)?.actors ?? 1
  setText(total, actors === 1 ? "1 actor" : `${counted(actors)} actors`)
  if (!details.open) return
  const inState = counts[machine]
  for (const path of Object.keys(inState)) known.add(path)
  for (const { path, rect, number } of states) {
    const count = countOf(inState, path)
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
      const count = countOf(inState, path)
      setText(cells[0], path)
      setText(cells[1], counted(count))
      setAttribute(cells[1], "data-heat", heatOf(count, actors))
    }
  )
}

export const showCharts = (view) => {
  newest = view
  for (const machine of Object.keys(view.charts)) {
    if (!charts.has(machine))
      charts.set(
        machine,
        createChart(machine, () => show(machine))
      )
    show(machine)
  }
}
