/**
 * Whom a frame is from, said in its own text: read and written again its fields could become others (`1.50`, numbers of
 * more than 53 bits, keys such as `__proto__`, the order of all).
 */

/** The end of every frame that somebody of this name sends. */
export const signatureOf = (name: string): string => `"from":${JSON.stringify(name)}}`

const quote = 34
const comma = 44
const backslash = 92
const opening = new Set("{[".split("").map((character) => character.charCodeAt(0)))
const closing = new Set("}]".split("").map((character) => character.charCodeAt(0)))

/** Where the string that begins here ends: the place of its second quote. */
const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end
  }
}

/** The fields of a JSON object as they are written, those called `from` left out; a key may be written in escapes. */
const fieldsOf = (text: string): readonly string[] => {
  const fields: string[] = []
  let depth = 0
  let start = 0
  let key: string | undefined
  const endField = (end: number) => {
    if (key !== "from") fields.push(text.slice(start, end))
    start = end + 1
    key = undefined
  }
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) {
      const end = endOfString(text, at)
      if (depth === 1) key ??= JSON.parse(text.slice(at, end + 1)) as string
      at = end
    } else if (opening.has(character)) {
      if (depth++ === 0) start = at + 1
    } else if (closing.has(character)) {
      if (--depth === 0) endField(at)
    } else if (character === comma && depth === 1) {
      endField(at)
    }
  }
  return fields
}

/**
 * The frame as it goes to others: with all its fields, and last whom it is from. `text` must be a JSON object that has a
 * `type`, and `object` what it says.
 */
export const signed = (text: string, object: object, signature: string): string =>
  Object.hasOwn(object, "from")
    ? `{${fieldsOf(text).join(",")},${signature}`
    : `${text.slice(0, text.lastIndexOf("}"))},${signature}`
