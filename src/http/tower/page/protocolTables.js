/** Lists that the page has no view of its own for: each becomes a table of the columns that its protocol names. */
import { byId, counted, duration, givenText, keepRows, make, makeRow, setText } from "./elements.js"
import { endingButton } from "./ending.js"
import { setCaption } from "./tables.js"

const classOf = ({ shows }) => (shows === "text" ? "" : "number")

const textOf = { text: givenText, number: counted, age: (began, now) => duration(now - began) }

/** Away from what else the page has names for. */
const idOf = ({ name }) => `list-${name}`

/** The section of a list, and a link to it. */
const addSection = (id, { title, columns }, canEnd) => {
  const heads = columns.map((column) => make("th", classOf(column), column.title))
  if (canEnd) heads.push(make("th", "act", make("span", "unseen", "By hand")))
  for (const head of heads) head.scope = "col"
  const caption = make("caption", "")
  const body = make("tbody", "")
  const total = make("span", "total")
  const heading = make("h2", "", `${title} `, total)
  const table = make("table", "", caption, make("thead", "", make("tr", "", ...heads)), body)
  const frame = make("div", "scroll", table)
  frame.role = "region"
  frame.tabIndex = 0
  const section = make("section", "", heading, frame)
  section.id = id
  heading.id = `${id}-title`
  caption.id = `${id}-caption`
  total.id = `${id}-total`
  body.id = `${id}-rows`
  section.setAttribute("aria-labelledby", heading.id)
  frame.setAttribute("aria-labelledby", heading.id)
  byId("protocol-tables").append(section)

  const link = make("a", "", title)
  link.href = `#${id}`
  byId("events-link").before(make("li", "", link))
}

/** `now`: the server's clock. `askToEnd(what)`: somebody wants to end one. */
export const showTables = (view, now, askToEnd) => {
  for (const table of view.tables) {
    const { name, title, caption, columns } = table
    const id = idOf(table)
    const meaning = view.endings[name]
    if (byId(id) === null) addSection(id, table, meaning !== undefined)
    setCaption(id, view[name], `${title}: none at the moment.`, caption)
    keepRows(
      byId(`${id}-rows`),
      view[name].rows,
      (row) => row.id,
      () => {
        const row = makeRow(...columns.map(classOf))
        if (meaning === undefined) return row
        const ask = () =>
          askToEnd({
            id: row.dataset.key,
            label: `${columns[0].title.toLowerCase()} ${row.cells[0].textContent}`,
            meaning
          })
        row.append(make("td", "act", endingButton(ask)))
        return row
      },
      (row, { cells }) =>
        columns.forEach(({ shows }, index) => setText(row.cells[index], textOf[shows](cells[index], now)))
    )
  }
}

/** Hides the views of lists that nobody brings. */
export const hideMissing = (view, names) => {
  for (const name of names) {
    const isMissing = view[name] === undefined
    byId(name).hidden = isMissing
    byId(`${name}-link`).hidden = isMissing
  }
}
