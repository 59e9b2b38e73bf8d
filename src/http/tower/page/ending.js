/** Ends by hand what a row shows: asked twice, as nothing brings it back. */
import { byId, make, setText } from "./elements.js"

let asked = null
let isSure = false

const dialog = byId("ending")

const tell = (text) => setText(byId("ending-told"), text)

/** `url(id)`: where one is ended. */
export const createEnding = (url) => {
  const end = async () => {
    const meant = asked
    byId("ending-end").disabled = true
    try {
      const response = await fetch(url(meant.id), { method: "POST", cache: "no-store" })
      // The dialog may be about another one by now.
      if (asked !== meant) return
      if (response.ok) dialog.close()
      else if (response.status === 404) tell("It has ended already.")
      else tell(response.status === 403 ? "The key is not accepted any more." : "It could not be ended.")
    } catch {
      tell("The server cannot be reached.")
    }
  }
  byId("ending-keep").addEventListener("click", () => dialog.close())
  byId("ending-end").addEventListener("click", () => {
    if (isSure) return end()
    isSure = true
    setText(byId("ending-title"), `Really end ${asked.label}?`)
    setText(byId("ending-end"), "Yes, end it now")
    tell("Nothing brings it back.")
  })
  /** `label`: what it is called on the page; `meaning`: what comes of it. */
  return ({ id, label, meaning }) => {
    asked = { id, label }
    isSure = false
    setText(byId("ending-title"), `End ${label}?`)
    setText(byId("ending-meaning"), `${meaning} The log says that it was you, by your address.`)
    setText(byId("ending-end"), "End it")
    byId("ending-end").disabled = false
    tell("")
    dialog.showModal()
  }
}

/** A cell's button; `ask()` is called when somebody wants to end what its row shows. */
export const endingButton = (ask) => {
  const button = make("button", "end", "End…")
  button.type = "button"
  button.ariaHasPopup = "dialog"
  button.addEventListener("click", ask)
  return button
}
