/** One flight's story, in a dialog that follows the flight as long as it lives. */
import { byId, counted, duration, keepRows, make, nameOf, setText, timeOf } from "./elements.js"
import { labelOf } from "./tables.js"

/** The flight whose story is open, and how it was when the story was asked for. */
let opened = null
let seen = ""

const sentence = { peer_joined: "joined", participant_disconnected: "left" }

const showStory = (story, now) => {
  const { participants, timeline, omitted, state, connectionType, signals, startedAt } = story
  setText(byId("story-title"), `Flight ${labelOf(story)}`)
  const age = startedAt === null ? "older than its story" : `${duration(now - startedAt)} old`
  setText(
    byId("story-summary"),
    `${state}${connectionType === null ? "" : `, ${connectionType}`}, ${age}, signals exchanged: ${counted(signals)}`
  )
  keepRows(
    byId("story-participants"),
    participants,
    ({ id }) => id,
    () => make("li", ""),
    (line, { id, name, connectionType: met, joinedAt }) => {
      const meeting = met === null ? " met nobody yet" : ` ${met}`
      line.replaceChildren(timeOf(joinedAt), nameOf(name), " ", make("span", "code", id), meeting)
    }
  )
  const names = new Map(participants.map(({ id, name }) => [id, name]))
  keepRows(
    byId("story-timeline"),
    timeline.map((entry, index) => ({ ...entry, index })),
    ({ index }) => index,
    () => make("li", ""),
    (line, { event, at, id, name = names.get(id) ?? id }) =>
      line.replaceChildren(timeOf(at), nameOf(name), ` ${sentence[event] ?? event}`)
  )
  setText(byId("story-omitted"), omitted === 0 ? "" : `${counted(omitted)} later entries are not kept.`)
}

const ask = async (url, now) => {
  const flight = opened
  try {
    const response = await fetch(url(flight), { cache: "no-store" })
    if (flight !== opened) return
    if (response.status === 404) setText(byId("story-omitted"), "This flight has ended; the log has its whole story.")
    else if (response.ok) showStory(await response.json(), now())
    else setText(byId("story-omitted"), "The story cannot be read at the moment.")
  } catch {
    setText(byId("story-omitted"), "The server cannot be reached.")
  }
}

/** `url(id)`: where the story of a flight is; `now()`: the server's clock. */
export const createStory = (url, now) => {
  const dialog = byId("story")
  dialog.addEventListener("close", () => {
    opened = null
  })
  return {
    open: (id, label) => {
      opened = id
      seen = ""
      setText(byId("story-title"), `Flight ${label}`)
      for (const part of ["summary", "participants", "timeline", "omitted"]) byId(`story-${part}`).replaceChildren()
      dialog.showModal()
      ask(url, now)
    },
    /** Reads the story again when the flight has changed. */
    follow: ({ flights }) => {
      if (opened === null || flights === undefined) return
      const { state, seats, signals } = flights.rows.find(({ id }) => id === opened) ?? {}
      const looks = JSON.stringify([state, seats, signals])
      if (looks === seen) return
      seen = looks
      ask(url, now)
    }
  }
}
