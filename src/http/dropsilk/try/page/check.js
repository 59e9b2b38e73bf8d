/**
 * The connection check: what the server sees of this page, which ways the browser finds, and what would not work. It ends "why do
 * they not see each other". The report holds addresses, and no names, credentials or codes.
 */
import { createTower } from "./client/index.js"
import { byId, keepRows, make, setText } from "./elements.js"
import { gather } from "./gathering.js"
import { verdictsOf } from "./verdicts.js"

const socketMs = 6000

let url
let report

/** `address`: of the server. */
export const prepareCheck = (address) => {
  url = address
  byId("check-again").addEventListener("click", () => void run())
  byId("check-copy").addEventListener("click", copy)
}

const json = async (path) => {
  try {
    const response = await fetch(new URL(path, url), { cache: "no-store" })
    return { status: response.status, body: await response.json() }
  } catch (error) {
    return { status: null, error: error.message }
  }
}

/** Whether a socket opens here, and after how long. */
const trySocket = async () => {
  const began = performance.now()
  const tower = createTower({ url, name: "Connection check" })
  let code = null
  tower.on("state", (change) => (code = change.code ?? code))
  try {
    await tower.opened({ signal: AbortSignal.timeout(socketMs) })
    return { opened: true, afterMs: Math.round(performance.now() - began) }
  } catch {
    return { opened: false, closeCode: code }
  } finally {
    tower.close()
  }
}

/** Tries everything, and shows it as it comes. */
export const run = async () => {
  byId("check-again").disabled = true
  byId("check-copy").disabled = true
  setText(byId("check-status"), "Looking: this takes up to ten seconds…")
  report = {
    at: new Date().toISOString(),
    page: { url: `${location.origin}${location.pathname}`, isSecure: isSecureContext, browser: navigator.userAgent }
  }
  const [server, socket, ice] = await Promise.all([
    json(`try/check?origin=${encodeURIComponent(location.origin)}`),
    trySocket(),
    json("api/turn-credentials").then(async ({ status, body }) => {
      const servers = status === 200 ? body.iceServers : []
      return { status, ...(await gather(servers)) }
    })
  ])
  Object.assign(report, { server: server.body ?? server, socket, ice })
  const verdicts = verdictsOf(report)
  report.verdicts = verdicts.map(({ tone, title, text }) => ({ tone, title, text }))
  show(verdicts)
  byId("check-again").disabled = false
  byId("check-copy").disabled = false
}

const words = { good: "Good", warn: "Mind", bad: "Trouble" }

const show = (verdicts) => {
  const count = (tone) => verdicts.filter((one) => one.tone === tone).length
  const [bad, warn] = [count("bad"), count("warn")]
  const told = [bad > 0 ? `${bad} in trouble` : "", warn > 0 ? `${warn} to mind` : ""].filter(Boolean).join(", ")
  setText(
    byId("check-status"),
    told === "" ? "Everything is as it should be." : `Of ${verdicts.length} things looked at: ${told}.`
  )
  keepRows(
    byId("verdicts"),
    verdicts,
    ({ title }) => title,
    () => make("li", "verdict", make("h3", ""), make("p", "what"), make("p", "change")),
    (row, { tone, title, text, change }) => {
      row.dataset.tone = tone
      row.querySelector("h3").replaceChildren(make("span", "tone", words[tone]), ` ${title}`)
      setText(row.querySelector(".what"), text)
      setText(row.querySelector(".change"), change ?? "")
    }
  )
  setText(byId("report"), JSON.stringify(report, null, 2))
  byId("report-section").hidden = false
}

/** Where a page may not write to the clipboard, the report is marked to be copied by hand. */
const copy = async () => {
  try {
    await navigator.clipboard.writeText(byId("report").textContent)
    setText(byId("check-copy"), "Copied")
    setTimeout(() => setText(byId("check-copy"), "Copy as JSON"), 2000)
  } catch {
    byId("report-section").open = true
    getSelection().selectAllChildren(byId("report"))
    byId("report").focus()
  }
}
