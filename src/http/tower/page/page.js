/** The tower page: what the event stream says goes to its places on the page. */

import { showCharts } from "./charts.js"
import { byId, duration, setAttribute, setText } from "./elements.js"
import { addToFeed, showCrashes } from "./feed.js"
import { hideMissing, showTables } from "./protocolTables.js"
import { createStory } from "./story.js"
import { openStream } from "./stream.js"
import { showBranches, showFlights, showOrigins, showRooms } from "./tables.js"

const key = new URLSearchParams(location.search).get("key") ?? ""
const addressOf = (path, query = {}) => `${path}?${new URLSearchParams({ key, ...query })}`

/** The newest view, and what the server's clock is ahead of ours, ms. */
let view = null
let ahead = 0
let paused = false
let live = false
const now = () => Date.now() + ahead

const story = createStory((flight) => addressOf("tower/story", { flight }), now)

/** What grows older by itself. */
const showTimes = () => {
  setText(byId("uptime"), `up ${duration(now() - view.startedAt)}`)
  showFlights(view, now(), story.open)
  showRooms(view, now())
  showTables(view, now())
  showOrigins(view, now())
}

const show = () => {
  setText(byId("version"), view.version)
  hideMissing(view, ["flights", "rooms"])
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
