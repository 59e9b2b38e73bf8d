/** The little that is done to the document. Whatever comes from outside becomes text, never markup. */

export const byId = (id) => document.getElementById(id)

/** An element with text or elements in it. */
export const make = (tag, className, ...children) => {
  const element = document.createElement(tag)
  if (className !== "") element.className = className
  element.append(...children)
  return element
}

/** Control characters, and those that turn the direction of what is written: `exe.gnp` would read as `png.exe`. */
const misleading = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

/** A text that somebody has given, as it may be shown. */
export const givenText = (text) => String(text).replace(misleading, "\uFFFD")

/** A name as somebody has given it: letters that run the other way do not turn what stands beside it. */
export const nameOf = (text) => make("bdi", "name", givenText(text))

/** Touches the document only when the text is another one. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

export const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value)
}

/**
 * Keeps one child for each item, in the order of the items; those that stay are the same elements as before.
 * `create()` gives the element for a new item, `update(element, item)` brings it up to date.
 */
export const keepRows = (parent, items, keyOf, create, update) => {
  const old = new Map([...parent.children].map((element) => [element.dataset.key, element]))
  let place = parent.firstElementChild
  for (const item of items) {
    const key = String(keyOf(item))
    const known = old.get(key)
    const element = known ?? create()
    element.dataset.key = key
    old.delete(key)
    update(element, item)
    if (element === place) place = place.nextElementSibling
    else parent.insertBefore(element, place)
  }
  for (const element of old.values()) element.remove()
}

/** A row of a table: `header` is its first cell, the others have these classes. */
export const makeRow = (...classNames) => {
  const [first, ...others] = classNames
  const header = make("th", first)
  header.scope = "row"
  return make("tr", "", header, ...others.map((className) => make("td", className)))
}

const units = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"]
]

/** Milliseconds in the largest unit that fits: `7 s`, `12 min`, `3 h`. */
export const duration = (milliseconds) => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  for (const [size, unit] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`
  return `${seconds} s`
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23"
})

export const timeOf = (at) => {
  const time = make("time", "", clock.format(at))
  time.dateTime = new Date(at).toISOString()
  return time
}

export const counted = (count) => count.toLocaleString("en")
