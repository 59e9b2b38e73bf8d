/** The tower page: what the event stream says goes to its places on the page. */

import { showCharts } from "./charts.js"
import { byId, duration, setAttribute, setText } from "./elements.js"
import { createEnding } from "./ending.js"
import { addToFeed, showCrashes } from "./feed.js"
import { answerInquiries } from "./inquiries.js"
import { hideMissing, showTables } from "./protocolTables.js"
import { createStory } from "./story.js"
import { openStream } from "./stream.js"
import { showBranches, showFlights, showOrigins, showRooms } from "./tables.js"
import { showVitals } from "./vitals.js"

const key = new URLSearchParams(location.search).get("key") ?? ""
const addressOf = (path, query = {}) => `${path}?${new URLSearchParams({ key, ...query })}`

/** The newest view, and what the server's clock is ahead of ours, ms. */
let view = null
let ahead = 0
let paused = false
let live = false
const now = () => Date.now() + ahead

const story = createStory((id) => addressOf("tower/story", { id }), now)
const askToEnd = createEnding((id) => addressOf("tower/end", { id }))
answerInquiries(addressOf)

/** What grows older by itself. */
const showTimes = () => {
  setText(byId("uptime"), `up ${duration(now() - view.startedAt)}`)
  showFlights(view, now(), story.open, askToEnd)
  showRooms(view, now(), story.open)
  showTables(view, now(), askToEnd)
  showOrigins(view, now())
}

const show = () => {
  setText(byId("version"), view.version)
  hideMissing(view, ["flights", "rooms"])
  byId("where").hidden = view.nodes === undefined
  showTimes()
  showBranches(view)
  showCrashes(view)
  showCharts(view)
  story.follow(view)
}

const showPace = ({ everyMs }) =>
  setText(byId("pace"), `Updated every ${(everyMs / 1000).toLocaleString("en", { maximumFractionDigits: 1 })} s.`)

const onEvent = (name, data) => {
  if (name !== "farewell") showPace(data)
  if (name === "tower") {
    view = data
    ahead = data.at - Date.now()
    if (!paused) show()
  } else if (name === "feed" && !paused) {
    addToFeed(data)
  } else if (name === "vitals" && !paused) {
    showVitals(data)
  }
}

const onState = (state, sentence) => {
  live = state === "live"
  setAttribute(byId("stream"), "data-state", state)
  setText(byId("stream"), sentence)
}

byId("pause").addEventListener("click", () => {
  paused = !paused
  byId("pause").ariaPressed = String(paused)
  if (!paused && view !== null) show()
})

// What is not heard of any more does not grow older.
setInterval(() => {
  if (view !== null && live && !paused && !document.hidden) showTimes()
}, 1000)

openStream(addressOf("tower/events"), onEvent, onState)
