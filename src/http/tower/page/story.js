/** The story of a flight or a room, in a dialog that follows it as long as it lives. */
import { byId, counted, duration, keepRows, make, nameOf, setText, timeOf } from "./elements.js"

/** Whose story is open, and how it was when the story was asked for. */
let opened = null
let seen = ""

const sentence = { seated: "took a seat", peer_joined: "joined", participant_disconnected: "left" }

const showPeople = (lines) =>
  keepRows(
    byId("story-participants"),
    lines,
    ({ key }) => key,
    () => make("li", ""),
    (line, { parts }) => line.replaceChildren(...parts)
  )

const showTimeline = (timeline, names) =>
  keepRows(
    byId("story-timeline"),
    timeline.map((entry, index) => ({ ...entry, index })),
    ({ index }) => index,
    () => make("li", ""),
    (line, { event, at, id, channel, name = names.get(id) ?? id }) =>
      line.replaceChildren(
        timeOf(at),
        nameOf(name),
        ` ${sentence[event] ?? event}`,
        ...(channel === undefined ? [] : [make("span", "quiet", ` (${channel})`)])
      )
  )

const showFlight = ({ participants, timeline, state, connectionType, signals, startedAt }, now) => {
  const age = startedAt === null ? "older than its story" : `${duration(now - startedAt)} old`
  setText(
    byId("story-summary"),
    `${state}${connectionType === null ? "" : `, ${connectionType}`}, ${age}, signals exchanged: ${counted(signals)}`
  )
  showPeople(
    participants.map(({ id, name, connectionType: met, joinedAt }) => {
      const meeting = met === null ? " met nobody yet" : ` ${met}`
      return { key: id, parts: [timeOf(joinedAt), nameOf(name), " ", make("span", "code", id), meeting] }
    })
  )
  showTimeline(timeline, new Map(participants.map(({ id, name }) => [id, name])))
}

const wishes = ({ ready, fileCount, totalBytes, screenShare, chat }) =>
  [
    ready ? `ready with ${counted(fileCount)} files, ${counted(totalBytes)} bytes` : "has not said that it is ready",
    ...(screenShare ? ["shares its screen"] : []),
    ...(chat ? ["has the chat open"] : [])
  ].join(", ")

const showRoom = ({ people, timeline, states, seated, signals, awakeSince, expiresAt }, now) => {
  const end = seated > 0 ? "stays as long as somebody is attached" : `ends in ${duration(expiresAt - now)}`
  setText(
    byId("story-summary"),
    `${states.join(" · ")}, awake for ${duration(now - awakeSince)}, ${end}, signals exchanged: ${counted(signals)}`
  )
  showPeople(
    people.map((person) => ({
      key: person.role,
      parts: [make("b", "", person.role), " ", nameOf(person.name), `: ${wishes(person)}`]
    }))
  )
  showTimeline(timeline, new Map())
}

const showStory = (story, now) => {
  if (story.people === undefined) showFlight(story, now)
  else showRoom(story, now)
  setText(byId("story-omitted"), story.omitted === 0 ? "" : `${counted(story.omitted)} later entries are not kept.`)
}

const ask = async (url, now) => {
  const flight = opened
  try {
    const response = await fetch(url(flight), { cache: "no-store" })
    if (flight !== opened) return
    if (response.status === 404) setText(byId("story-omitted"), "It has ended; the log has its whole story.")
    else if (response.ok) showStory(await response.json(), now())
    else setText(byId("story-omitted"), "The story cannot be read at the moment.")
  } catch {
    setText(byId("story-omitted"), "The server cannot be reached.")
  }
}

/** `url(id)`: where a story is; `now()`: the server's clock. */
export const createStory = (url, now) => {
  const dialog = byId("story")
  dialog.addEventListener("close", () => {
    opened = null
  })
  return {
    open: (id, label) => {
      opened = id
      seen = ""
      setText(byId("story-title"), label)
      for (const part of ["summary", "participants", "timeline", "omitted"]) byId(`story-${part}`).replaceChildren()
      dialog.showModal()
      ask(url, now)
    },
    /** Reads the story again when its flight or room has changed. */
    follow: ({ flights, rooms }) => {
      if (opened === null) return
      const row = [flights, rooms].flatMap((list) => list?.rows ?? []).find(({ id }) => id === opened) ?? {}
      const { state, states, seats, participants, seated, signals } = row
      const looks = JSON.stringify([state, states, seats, participants, seated, signals])
      if (looks === seen) return
      seen = looks
      ask(url, now)
    }
  }
}
