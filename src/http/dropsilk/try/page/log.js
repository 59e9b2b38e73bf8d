/** What was sent and what has arrived, the newest first. */
import { announce, byId, keepButtons, keepRows, make, nameOf, setText, sized } from "./elements.js"
import { askForPlace, canAskForPlace, openSink } from "./sink.js"

/** Entries that are shown; of those that are over, the oldest go. */
const mostEntries = 200

let entries = []
let lastKey = 0

const isOver = ({ transfer }) => transfer === undefined || ["done", "ended"].includes(transfer.state)

const add = (entry) => {
  entries = [{ key: ++lastKey, ...entry }, ...entries]
  const oldest = entries.length > mostEntries ? entries.findLast(isOver) : undefined
  if (oldest !== undefined) drop(oldest)
}

const drop = (entry) => {
  entry.transfer?.remove?.()
  entries = entries.filter((one) => one !== entry)
}

export const addMessage = (direction, name, text) => add({ direction, name, text })
export const addFile = (pair, transfer) => {
  if (!entries.some((entry) => entry.transfer === transfer)) {
    add({ direction: transfer.direction, name: pair.name, transfer, pair, told: "" })
  }
}

/** Bytes of files that were received into memory and are still held there. */
export const heldBytes = () =>
  entries
    .filter(({ transfer }) => transfer?.sink?.place === "memory" && transfer.state !== "ended")
    .reduce((sum, { transfer }) => sum + transfer.size, 0)

const speedOf = ({ pace, state }) => {
  const speed = state === "done" ? pace.whole : pace.now
  return speed === undefined ? "" : `, ${sized(speed)}/s`
}

const stateOf = ({ transfer, pair }) => {
  const { state, direction, size, bytes, why } = transfer
  const way = pair.route === undefined ? "" : `, ${pair.route.way}`
  if (state === "done") {
    const done = direction === "out" ? "Sent" : transfer.content === undefined ? "Saved" : "Received"
    return `${done}: ${sized(size)}${speedOf(transfer)}`
  }
  if (state === "ended") return why
  if (state === "moving") return `${sized(bytes)} of ${sized(size)}${speedOf(transfer)}${way}`
  if (state === "broken")
    return `${sized(bytes)} of ${sized(size)}: the connection broke off, and it goes on when it is back`
  if (state === "asked") return `${sized(size)}: more than is held in memory. Receive it?`
  if (state === "offered") return `${sized(size)}: waiting for the other side`
  return `${sized(size)}: waiting for its turn`
}

/** A file that is larger than memory may hold goes to a place that the person chooses, or where the browser keeps it. */
const receive = async (transfer) => {
  const sink = canAskForPlace() ? await askForPlace(transfer.name) : await openSink()
  if (sink !== undefined && transfer.state === "asked") transfer.accept(sink)
}

const buttonsOf = (entry, changed) => {
  const { transfer, pair } = entry
  if (transfer === undefined) return []
  const { state, direction } = transfer
  const cancel = () => {
    transfer.cancel()
    changed()
  }
  const remove = () => {
    drop(entry)
    changed()
  }
  if (state === "asked") {
    return [
      ["Receive", () => receive(transfer).catch(({ message }) => announce(message)), "primary"],
      ["Decline", () => transfer.cancel("declined")]
    ]
  }
  if (state === "ended" && direction === "out" && pair.state === "connected") {
    return [
      ["Send again", () => pair.again(transfer)],
      ["Remove", remove]
    ]
  }
  if (state === "ended") return [["Remove", remove]]
  if (state === "done") return direction === "in" ? [["Remove", remove]] : []
  return [["Cancel", cancel]]
}

const createRow = ({ direction, transfer }) => {
  const row = make("li", `entry ${direction}`, make("p", "title"))
  if (transfer !== undefined) {
    const bar = make("progress", "")
    bar.max = Math.max(1, transfer.size)
    row.append(make("p", "how"), bar, make("div", "buttons"))
  }
  return row
}

const updateRow = (row, entry, changed) => {
  const { direction, name, text, transfer } = entry
  const title = row.querySelector(".title")
  if (title.childElementCount === 0) {
    const what = make("bdi", transfer === undefined ? "text" : "file", transfer === undefined ? text : transfer.name)
    const whom = make("span", "quiet", direction === "out" ? "to " : "from ", nameOf(name))
    title.append(what, " ", whom)
  }
  if (transfer === undefined) return
  setText(row.querySelector(".how"), stateOf(entry))
  row.dataset.state = transfer.state
  const bar = row.querySelector("progress")
  bar.hidden = !["moving", "broken", "offered"].includes(transfer.state)
  bar.value = transfer.bytes
  bar.setAttribute("aria-label", transfer.name)
  keepButtons(row.querySelector(".buttons"), buttonsOf(entry, changed))
  offerContent(row, transfer)
  tell(entry)
}

/** A link to what has arrived, once. */
const offerContent = (row, transfer) => {
  if (transfer.state !== "done" || transfer.content === undefined || row.querySelector("a") !== null) return
  const link = make("a", "button primary", "Save")
  link.href = URL.createObjectURL(transfer.content)
  link.download = transfer.name
  link.setAttribute("aria-label", `Save ${transfer.name}`)
  row.querySelector(".buttons").prepend(link)
}

/** Says how it has ended, once. */
const tell = (entry) => {
  const { transfer, name, direction } = entry
  if (entry.told === transfer.state) return
  entry.told = transfer.state
  if (transfer.state === "done")
    announce(`${transfer.name} ${direction === "out" ? "was sent to" : "has arrived from"} ${name}.`)
  if (transfer.state === "asked") announce(`${name} wants to send ${transfer.name}, ${sized(transfer.size)}.`)
  if (transfer.state === "ended") announce(`${transfer.name}: ${transfer.why}`)
  if (transfer.state === "broken") announce(`${transfer.name}: the connection broke off.`)
}

export const showLog = (changed) => {
  const list = byId("log")
  for (const row of list.children) {
    const link = row.querySelector("a")
    if (link !== null && !entries.some(({ key }) => String(key) === row.dataset.key)) URL.revokeObjectURL(link.href)
  }
  keepRows(
    list,
    entries,
    ({ key }) => key,
    createRow,
    (row, entry) => updateRow(row, entry, changed)
  )
  byId("log-section").hidden = entries.length === 0
}
