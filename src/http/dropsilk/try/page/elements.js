/** The little that is done to the document. Whatever comes from outside becomes text, never markup. */

export const byId = (id) => document.getElementById(id)

/** An element with text or elements in it. */
export const make = (tag, className, ...children) => {
  const element = document.createElement(tag)
  if (className !== "") element.className = className
  element.append(...children)
  return element
}

export const makeButton = (text, press, className = "") => {
  const button = make("button", className, text)
  button.type = "button"
  button.addEventListener("click", press)
  return button
}

/** A name as somebody has given it: letters that run the other way do not turn what stands beside it. */
export const nameOf = (text) => make("bdi", "name", text)

/** Touches the document only when the text is another one: a screen reader would read it again. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Keeps one child for each item, in the order of the items; those that stay are the same elements as before, so that the focus
 * stays. `create(item)` gives the element for a new item, `update(element, item)` brings it up to date.
 */
export const keepRows = (parent, items, keyOf, create, update) => {
  const old = new Map([...parent.children].map((element) => [element.dataset.key, element]))
  let place = parent.firstElementChild
  for (const item of items) {
    const key = String(keyOf(item))
    const element = old.get(key) ?? create(item)
    element.dataset.key = key
    old.delete(key)
    update(element, item)
    if (element === place) place = place.nextElementSibling
    else parent.insertBefore(element, place)
  }
  const hadFocus = [...old.values()].some((element) => element.contains(document.activeElement))
  for (const element of old.values()) element.remove()
  if (hadFocus) focus(parent)
}

/** For whoever is at a place that is not there any more: the next thing around it. */
const focus = (element) => {
  if (element.tabIndex < 0) element.tabIndex = -1
  element.focus()
}

/** Keeps the buttons of a row as they are while they are the same. `buttons`: `[text, press]` each, and `primary` for what most will want. */
export const keepButtons = (parent, buttons) => {
  const shown = [...parent.children].map((button) => button.textContent).join("\n")
  if (shown === buttons.map(([text]) => text).join("\n")) return
  const hadFocus = parent.contains(document.activeElement)
  parent.replaceChildren(...buttons.map(([text, press, className]) => makeButton(text, press, className)))
  if (hadFocus) focus(parent.querySelector("button") ?? parent)
}

const units = ["B", "kB", "MB", "GB", "TB"]

/** `1.2 MB`, in powers of ten as file managers have it. */
export const sized = (bytes) => {
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

/** Says something to whoever listens to the page. The same sentence twice is said twice. */
export const announce = (text) => {
  const region = byId("announcements")
  region.append(make("p", "", text))
  while (region.childElementCount > 5) region.firstElementChild.remove()
}
