/** What has happened: a list for the eyes, and now and then a sentence for those who listen. */
import { byId, counted, givenText, keepRows, make, nameOf, setText, timeOf } from "./elements.js"

/** Entries on the page. */
const longest = 100
/** Milliseconds between two sentences. */
const sentenceMs = 15_000

/** A line in the order in which it is read: who, what, where, how. */
const lineOf = ({ at, level, says, client, name, code, detail }) => {
  // A name without a place is what somebody is called now; a code without a client is what the line is about.
  const isNaming = name !== undefined && code === undefined
  const isSubject = code !== undefined && client === undefined
  const parts = [
    ...(isSubject ? [make("span", "code", code)] : []),
    ...(client !== undefined ? [make("span", "code", client)] : []),
    ...(name !== undefined && !isNaming ? [nameOf(`(${name})`)] : []),
    make("b", "", says),
    ...(isNaming ? [nameOf(name)] : []),
    ...(code !== undefined && !isSubject ? [make("span", "code", code)] : []),
    ...(detail !== undefined ? [make("span", "quiet", givenText(detail))] : [])
  ]
  const line = make("li", "new", timeOf(at), ...parts.flatMap((part) => [part, " "]))
  line.dataset.level = level
  return line
}

/** Heard since the last sentence. */
let happened = 0
let spokenAt = 0

const speak = (count) => {
  happened += count
  const now = performance.now()
  if (happened === 0 || now - spokenAt < sentenceMs) return
  setText(byId("spoken"), happened === 1 ? "One event." : `${counted(happened)} events.`)
  spokenAt = now
  happened = 0
}

export const addToFeed = ({ omitted, entries }) => {
  const list = byId("feed")
  const lines = entries.map(lineOf)
  if (omitted > 0) lines.unshift(make("li", "quiet", `… and ${counted(omitted)} before these`))
  list.prepend(...lines.reverse())
  while (list.children.length > longest) list.lastElementChild.remove()
  speak(omitted + entries.length)
}

export const showCrashes = ({ crashes, crashCounts }) => {
  const total = Object.values(crashCounts).reduce((sum, { crashed }) => sum + crashed, 0)
  const caption =
    total === 0
      ? "No actor has crashed since the start of the server."
      : total > crashes.length
        ? `The newest ${crashes.length} of ${counted(total)} since the start of the server.`
        : "Since the start of the server, the newest first."
  setText(byId("crashes-caption"), caption)
  keepRows(
    byId("crash-list"),
    // The first has number 1: it stays the same line when others come before it.
    crashes.map((crash, index) => ({ ...crash, number: total - index })),
    ({ number }) => number,
    () => make("li", ""),
    (line, { at, kind, id, error, restarted }) => {
      if (line.hasChildNodes()) return
      line.dataset.level = "error"
      const told = ` ${error}${restarted ? " (restarted)" : ""}`
      line.append(timeOf(at), make("b", "", kind), " ", make("span", "code", id), told)
    }
  )
}
