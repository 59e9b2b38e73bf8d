/** What is read only when somebody asks: what the server runs with, what clients' addresses are taken for, and who is where. */
import { byId, counted, givenText, keepRows, make, makeRow, setText } from "./elements.js"

/** `show(answer)` gets what is at the URL; what goes wrong is said in `caption`. */
const read = async (url, caption, show) => {
  try {
    const response = await fetch(url, { cache: "no-store" })
    if (response.ok) show(await response.json())
    else setText(caption, response.status === 403 ? "The key is not accepted any more." : "It cannot be read now.")
  } catch {
    setText(caption, "The server cannot be reached.")
  }
}

const showSettings = ({ settings }) => {
  const isSet = ({ from }) => from !== "default"
  const rows = [...settings.filter(isSet), ...settings.filter((setting) => !isSet(setting))]
  setText(
    byId("configuration-caption"),
    `${counted(settings.filter(isSet).length)} of ${counted(settings.length)} variables are set; they stand first.`
  )
  keepRows(
    byId("configuration-rows"),
    rows,
    ({ name }) => name,
    () => makeRow("code", "code long", ""),
    ({ cells }, { name, value, from }) => {
      setText(cells[0], name)
      setText(cells[1], value ?? "not set")
      cells[1].classList.toggle("quiet", value === null)
      setText(cells[2], from)
    }
  )
}

const showAddresses = ({ total, rows }) => {
  setText(
    byId("addresses-caption"),
    total === 0
      ? "Nobody is connected."
      : rows.length < total
        ? `The newest ${counted(rows.length)} of ${counted(total)}.`
        : `${counted(total)} connected.`
  )
  keepRows(
    byId("address-rows"),
    rows,
    ({ path, id }) => `${path} ${id}`,
    () => makeRow("code", "code roomy", "code", "code", "code roomy", "code roomy long", ""),
    ({ cells }, { id, path, address, group, neighbour, forwarded, because }) => {
      for (const [index, text] of [id, path, address, group, neighbour, forwarded ?? "none"].entries()) {
        setText(cells[index], text)
      }
      if (cells[6].textContent !== because.join("")) {
        cells[6].replaceChildren(...because.map((sentence) => make("p", "reason", sentence)))
      }
    }
  )
}

const showWhere = (id) => (answer) => {
  setText(byId("where-caption"), `Where “${givenText(id)}” is, if it is at all:`)
  keepRows(
    byId("where-rows"),
    answer.rows,
    ({ kinds }) => kinds.join(" "),
    () => makeRow("", "code long", "number"),
    ({ cells }, { kinds, shard, node, isHere }) => {
      setText(cells[0], kinds.join(", "))
      setText(cells[1], node === null ? "nobody owns it now" : isHere ? `${node} (this node)` : node)
      setText(cells[2], shard === null ? "with its socket" : counted(shard))
    }
  )
}

/** `url(path, query)`: where something is asked for. */
export const answerInquiries = (url) => {
  const onOpen = (id, ask) =>
    byId(id).addEventListener("toggle", ({ target }) => {
      if (target.open) ask()
    })
  const addresses = () => read(url("tower/clients"), byId("addresses-caption"), showAddresses)
  onOpen("configuration-asked", () => read(url("tower/settings"), byId("configuration-caption"), showSettings))
  onOpen("addresses-asked", addresses)
  byId("addresses-again").addEventListener("click", addresses)
  byId("where-form").addEventListener("submit", (event) => {
    event.preventDefault()
    const id = byId("where-id").value.trim()
    read(url("tower/where", { id }), byId("where-caption"), showWhere(id))
  })
}
