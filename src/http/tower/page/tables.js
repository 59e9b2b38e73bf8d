/** Supervisors, flights, rooms and refused origins. */

import { byId, counted, duration, keepRows, make, makeRow, nameOf, setText } from "./elements.js"
import { endingButton } from "./ending.js"

const joinNames = (cell, names) => {
  const wanted = names.join("\n")
  if (cell.dataset.names === wanted) return
  cell.dataset.names = wanted
  cell.replaceChildren(...names.flatMap((name, index) => (index === 0 ? [nameOf(name)] : [", ", nameOf(name)])))
}

const showCount = (cell, count) => {
  setText(cell, counted(count))
  cell.classList.toggle("bad", count > 0)
}

/** The tree: the tower and its supervisors. */
export const showBranches = ({ branches, charts, crashCounts }) => {
  const towerState = Object.keys(charts.tower).join(", ")
  const rows = [
    { kind: "tower", leaf: "", mode: towerState },
    ...branches.map((branch, index) => ({
      ...branch,
      ...(crashCounts[branch.kind] ?? { crashed: 0, restarted: 0 }),
      leaf: index === branches.length - 1 ? "└─ " : "├─ "
    }))
  ]
  keepRows(
    byId("branches"),
    rows,
    ({ kind }) => kind,
    () => {
      const row = makeRow("", "number", "state", "number", "number")
      const leaf = make("span", "leaf")
      leaf.ariaHidden = "true"
      row.cells[0].append(leaf, make("span", ""), make("span", "quiet roomy"))
      return row
    },
    ({ cells }, { kind, leaf, actors, restart, mode, crashed, restarted }) => {
      const [branch, name, policy] = cells[0].children
      setText(branch, leaf)
      setText(name, kind)
      setText(policy, restart === undefined ? "" : ` ${restart}`)
      setText(cells[2], mode)
      cells[2].classList.toggle("bad", mode === "suspended")
      if (actors === undefined) return
      setText(cells[1], counted(actors))
      showCount(cells[3], crashed)
      setText(cells[4], counted(restarted))
    }
  )
}

/** What a list says of itself: `none` when it is empty. Of actors both ends are shown, of what is no actor the first. */
export const setCaption = (id, { total, rows, newest, oldest }, none, all) => {
  const shown = newest === undefined ? `The first ${rows.length}` : `The ${newest} newest and the ${oldest} oldest`
  const some = `${shown} of ${counted(total)}. ${all}`
  setText(byId(`${id}-caption`), total === 0 ? none : rows.length === total ? all : some)
  setText(byId(`${id}-total`), counted(total))
}

export const labelOf = ({ code, channel }) => (channel === null ? code : `${code} ${channel}`)

/** A button with a code, behind which a story is. */
const storyButton = (row, what, open) => {
  const button = make("button", "code")
  button.type = "button"
  button.ariaHasPopup = "dialog"
  button.addEventListener("click", () => open(row.dataset.key, `${what} ${button.textContent}`))
  row.cells[0].append(button)
}

/** `now`: the server's clock. `open(id, label)`: somebody wants to read the story; `askToEnd(what)`: to end it. */
export const showFlights = ({ flights, endings }, now, open, askToEnd) => {
  if (flights === undefined) return
  setCaption("flights", flights, "No flight is under way.", "Half of each code is shown; choose one to read its story.")
  keepRows(
    byId("flight-rows"),
    flights.rows,
    ({ id }) => id,
    () => {
      const row = makeRow("", "state", "", "number roomy", "number", "act")
      storyButton(row, "Flight", open)
      const label = () => `flight ${row.cells[0].textContent}`
      const ask = () => askToEnd({ id: row.dataset.key, label: label(), meaning: endings.flights })
      if (endings.flights !== undefined) row.cells[5].append(endingButton(ask))
      return row
    },
    ({ cells }, flight) => {
      setText(cells[0].firstChild, labelOf(flight))
      setText(cells[1], flight.connectionType === null ? flight.state : `${flight.state} ${flight.connectionType}`)
      joinNames(cells[2], flight.seats)
      setText(cells[3], counted(flight.signals))
      setText(cells[4], flight.startedAt === null ? "old" : duration(now - flight.startedAt))
    }
  )
}

export const showRooms = ({ rooms }, now, open) => {
  if (rooms === undefined) return
  setCaption(
    "rooms",
    rooms,
    "No room is awake.",
    "Choose one to read its story. Rooms nobody has asked for lately sleep in the database and are not here."
  )
  keepRows(
    byId("room-rows"),
    rooms.rows,
    ({ id }) => id,
    () => {
      const row = makeRow("", "state", "", "number", "number roomy", "number")
      storyButton(row, "Room", open)
      return row
    },
    ({ cells }, { code, states, participants, seated, signals, awakeSince, expiresAt }) => {
      setText(cells[0].firstChild, code)
      setText(cells[1], states.join(" · "))
      joinNames(cells[2], [
        ...participants.map(({ name, ready }) => (ready ? `${name} ✓` : name)),
        ...(seated > 0 ? [`${seated} attached`] : [])
      ])
      setText(cells[3], counted(signals))
      setText(cells[4], duration(now - awakeSince))
      setText(cells[5], seated > 0 ? "stays" : duration(expiresAt - now))
    }
  )
}

const accesses = { socket: "sockets", post: "changes", read: "reads" }

export const showOrigins = ({ refusedOrigins: { times, most, rows } }, now) => {
  const since = "since the start of the server"
  const told = "If one of these is your page, start the server with the setting beside it."
  const some = rows.length < most ? told : `At most ${most} origins are kept. ${told}`
  setText(byId("origins-caption"), times === 0 ? `No page has been refused for its origin ${since}.` : some)
  setText(byId("origins-total"), counted(times))
  keepRows(
    byId("origin-rows"),
    rows,
    ({ id }) => id,
    () => makeRow("", "roomy", "number", "number", ""),
    ({ cells }, { origin, where, times, lastAt, setting, hint }) => {
      if (!cells[0].hasChildNodes()) {
        cells[0].append(nameOf(origin))
        cells[4].append(setting === null ? hint : make("code", "setting", setting))
      }
      setText(cells[1], where.map((each) => accesses[each]).join(", "))
      setText(cells[2], counted(times))
      setText(cells[3], `${duration(now - lastAt)} ago`)
    }
  )
}
