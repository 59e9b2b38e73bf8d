/** The page: a meeting, and what is shown of it; and the connection check. */
import { prepareCheck, run as runCheck } from "./check.js"
import { prepareCode, showCode } from "./code.js"
import { announce, byId, setText } from "./elements.js"
import { isCode, longestMessage } from "./lines.js"
import { addFile, addMessage, heldBytes, showLog } from "./log.js"
import { Meeting } from "./meeting.js"
import { newName, shownName } from "./names.js"
import { showPeople } from "./people.js"
import { rememberedName, rememberName } from "./remembered.js"
import { sweep } from "./sink.js"
import { explain } from "./words.js"

/** Changes are shown together, so seldom. */
const showMs = 60
const everybody = ""

/** The server's address: this page's, one up. */
const url = new URL("./", location.href)

/** Something that has happened to the devices: for those who listen to the page, and those who look at it. */
const said = (text) => {
  announce(text)
  const notice = byId("notice")
  notice.textContent = text
  notice.hidden = false
}

let isShowing = false
const changed = () => {
  if (isShowing) return
  isShowing = true
  setTimeout(() => {
    isShowing = false
    show()
  }, showMs)
}

const meeting = new Meeting(url, shownName(rememberedName() ?? newName()), {
  changed,
  said,
  // The question itself is there to be seen.
  asked: announce,
  heldBytes,
  message: (pair, text) => {
    addMessage("in", pair.name, text)
    announce(`${pair.name} says: ${text}`)
    changed()
  },
  file: (pair, incoming) => {
    addFile(pair, incoming)
    changed()
  }
})
rememberName(meeting.name)

const streamWords = {
  connecting: "Connecting…",
  open: "Ready",
  waiting: "The server is not there: trying again",
  closed: "The server does not let this page in"
}

const show = () => {
  const stream = byId("stream")
  stream.dataset.state = meeting.state
  const isShut = meeting.state === "waiting" && !meeting.hasOpened
  setText(stream, isShut ? "No connection: see the connection check" : streamWords[meeting.state])
  showCode(meeting.code)
  showPeople(meeting)
  showReceivers()
  showLog(changed)
}

/** To whom: those who are connected, and all of them together. */
const showReceivers = () => {
  const present = meeting.present
  const select = byId("to")
  const options = [
    ...(present.length === 1
      ? []
      : [[everybody, present.length === 0 ? "Nobody is connected yet" : `Everybody (${present.length})`]]),
    ...present.map(({ code, name }) => [code, name])
  ]
  const before = select.value
  if (
    [...select.options].map(({ value, text }) => value + text).join("\n") !==
    options.map((one) => one.join("")).join("\n")
  ) {
    select.replaceChildren(...options.map(([value, name]) => new Option(name, value)))
    if (options.some(([value]) => value === before)) select.value = before
  }
  const isAlone = present.length === 0
  for (const control of byId("send").querySelectorAll("input, select, button")) control.disabled = isAlone
  byId("send").dataset.alone = String(isAlone)
  if (!isAlone) document.body.dataset.met = "true"
}

const receivers = () => {
  const { value } = byId("to")
  return meeting.present.filter(({ code }) => value === everybody || code === value)
}

const send = (files) => {
  for (const file of files) for (const pair of receivers()) addFile(pair, pair.send(file))
  changed()
}

// --- What a person does

const nameField = byId("name")
nameField.value = meeting.name
nameField.addEventListener("change", () => {
  const name = shownName(nameField.value)
  nameField.value = name
  rememberName(name)
  meeting.rename(name)
})
nameField.addEventListener("keydown", ({ key }) => key === "Enter" && nameField.blur())

const join = async (code) => {
  const status = byId("join-status")
  setText(status, "Connecting…")
  status.dataset.tone = ""
  try {
    await meeting.visit(code)
    setText(status, "")
    byId("join-code").value = ""
  } catch (error) {
    status.dataset.tone = "bad"
    setText(status, explain(error))
  }
}

byId("join").addEventListener("submit", (event) => {
  event.preventDefault()
  const code = byId("join-code")
    .value.normalize("NFKC")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "")
  if (isCode(code)) return void join(code)
  byId("join-status").dataset.tone = "bad"
  setText(byId("join-status"), "A code has six letters and digits.")
})
byId("everybody").addEventListener("click", () => meeting.everybody())

byId("say").addEventListener("submit", (event) => {
  event.preventDefault()
  const field = byId("text")
  const text = field.value.trim().slice(0, longestMessage)
  const to = receivers()
  if (text === "" || to.length === 0) return
  for (const pair of to) pair.say(text)
  addMessage("out", to.length === 1 ? to[0].name : `everybody (${to.length})`, text)
  field.value = ""
  changed()
})

byId("files").addEventListener("change", ({ target }) => {
  send(target.files)
  target.value = ""
})

const isDragging = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files")
addEventListener("dragover", (event) => {
  if (!isDragging(event)) return
  event.preventDefault()
  document.body.dataset.dragging = String(meeting.present.length > 0)
})
addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && delete document.body.dataset.dragging)
addEventListener("drop", (event) => {
  if (!isDragging(event)) return
  event.preventDefault()
  delete document.body.dataset.dragging
  send(event.dataTransfer.files)
})

// --- Where one is on the page

const checkHash = "#check"

const followHash = () => {
  const isCheck = location.hash === checkHash
  byId("check").hidden = !isCheck
  byId("meeting").hidden = isCheck
  const link = byId("to-check")
  setText(link, isCheck ? "Back to the page" : "Connection check")
  link.href = isCheck ? "#" : checkHash
  if (isCheck) {
    byId("check-title").focus()
    return void runCheck()
  }
  const hash = location.hash.slice(1).toUpperCase()
  if (isCode(hash)) {
    // Not once more when the page is loaded again.
    history.replaceState(null, "", location.pathname)
    void join(hash)
  }
}
prepareCheck(url)
addEventListener("hashchange", followHash)
followHash()

/** What the server sees of this page; see check.js. Without an answer the link has the address at which this page was opened. */
const networkUrls = async () => {
  try {
    return (await (await fetch(new URL("try/check", url))).json()).networkUrls
  } catch {
    return []
  }
}

void networkUrls().then(prepareCode)
void sweep()
show()
