/** The list of devices: those that are connected, those on the same network, and those whom others here know. */
import { byId, keepButtons, keepRows, make, nameOf, setText } from "./elements.js"

const wayWords = ({ state, route, isReachable }) => {
  if (state === "connecting") return ["Connecting…", "waiting"]
  if (state === "away") return ["Away: may come back", "waiting"]
  if (!isReachable) return ["The way is lost: looking for another", "waiting"]
  if (route === undefined) return ["Connected", "good"]
  if (route.way === "relayed") return ["Connected, relayed by a TURN server", "good"]
  return [route.isLocal ? "Connected directly, on one network" : "Connected directly", "good"]
}

const rowsOf = (meeting) => [
  ...meeting.pairs.map((pair) => {
    const [text, tone] = wayWords(pair)
    const word = pair.state === "connected" ? "Disconnect" : "Cancel"
    return { key: `pair ${pair.code}`, name: pair.name, text, tone, buttons: [[word, () => meeting.leave(pair)]] }
  }),
  // Whoever asks stands above with the question.
  ...meeting.nearby
    .filter(({ name }) => !meeting.invitations.some(({ fromName }) => fromName === name))
    .map((other) => {
      const isInvited = meeting.isInvited(other)
      return {
        key: `near ${other.id}`,
        name: other.name,
        text: isInvited ? "Asked: waiting for a yes there" : "On this network",
        tone: isInvited ? "waiting" : "near",
        buttons: isInvited ? [] : [["Connect", () => meeting.invite(other.id), "primary"]]
      }
    }),
  ...meeting.around.map(({ id, name, by, door }) => ({
    key: `around ${id}`,
    name,
    text: `Here with ${by}`,
    tone: meeting.visiting.has(door) ? "waiting" : "near",
    buttons: meeting.visiting.has(door) ? [] : [["Connect", () => meeting.visitFriend(door), "primary"]]
  }))
]

const createRow = () =>
  make("li", "person", make("div", "who", make("p", "title"), make("p", "state")), make("div", "buttons"))

const updateRow = (row, { name, text, tone, buttons }) => {
  const title = row.querySelector(".title")
  if (title.textContent !== name) title.replaceChildren(nameOf(name))
  setText(row.querySelector(".state"), text)
  row.dataset.tone = tone
  keepButtons(row.querySelector(".buttons"), buttons)
  for (const button of row.querySelectorAll("button"))
    button.setAttribute("aria-label", `${button.textContent}: ${name}`)
}

export const showPeople = (meeting) => {
  const rows = rowsOf(meeting)
  keepRows(byId("people"), rows, ({ key }) => key, createRow, updateRow)
  byId("nobody").hidden = rows.length > 0
  byId("everybody").hidden =
    meeting.nearby.filter((other) => !meeting.isInvited(other)).length + meeting.around.length < 2
  keepRows(
    byId("invitation-rows"),
    meeting.invitations,
    ({ code }) => code,
    createRow,
    (row, invitation) =>
      updateRow(row, {
        name: invitation.fromName,
        text: "wants to connect with this device",
        tone: "asks",
        buttons: [
          ["Accept", () => meeting.accept(invitation), "primary"],
          ["Not now", () => meeting.refuse(invitation)]
        ]
      })
  )
  byId("invitations").hidden = meeting.invitations.length === 0
}
