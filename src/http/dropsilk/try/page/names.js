/** What devices are called, and how what others have written is shown. */

const colours = [
  "Amber",
  "Azure",
  "Coral",
  "Golden",
  "Indigo",
  "Ivory",
  "Jade",
  "Olive",
  "Ruby",
  "Silver",
  "Teal",
  "Violet"
]
const animals = ["Crane", "Falcon", "Finch", "Fox", "Heron", "Lynx", "Moth", "Otter", "Owl", "Panda", "Seal", "Swift"]

const one = (words) => words[Math.floor(Math.random() * words.length)]

/** A name for a device that has none yet. */
export const newName = () => `${one(colours)} ${one(animals)}`

/** UTF-16 units, as the server has it. */
export const longestName = 50
const longestFileName = 200

/** Control characters, and those that turn the direction of what is written: `exe.gnp` would read as `png.exe`. */
const misleading = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

const shown = (text, most) => String(text).replace(misleading, "\uFFFD").trim().slice(0, most)

/** A name as somebody else has given it. */
export const shownName = (text) => shown(text, longestName) || "Anonymous"

/** The name of a file as somebody else has given it: no path, and not longer than is good for a line. */
export const shownFileName = (text) => {
  const name = shown(String(text).split(/[\\/]/).at(-1), Number.POSITIVE_INFINITY)
  if (name.length <= longestFileName) return name || "file"
  // What it is, is said at its end.
  return `${name.slice(0, longestFileName - 20)}…${name.slice(-19)}`
}
