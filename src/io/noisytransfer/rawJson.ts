/** JSON as it is written, where reading it and writing it again would make something else of it (`1.50`, long numbers). */

/** One member of an object, and where its value is written, without the blanks around it. */
export interface RawMember {
  readonly key: string
  readonly start: number
  /** The first byte behind it. */
  readonly end: number
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const isOpening = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number | undefined): boolean => byte === 0x7d || byte === 0x5d
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

/** Where the string that begins here ends: the first byte behind it, or that behind all bytes. */
const endOfString = (bytes: Buffer, start: number): number => {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++
    else if (bytes[at] === quote) return at + 1
  }
  return bytes.length
}

/** Where the object that begins here ends: the first byte behind it; undefined: it does not. */
export const endOfObject = (bytes: Buffer, start: number): number | undefined => {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) at = endOfString(bytes, at) - 1
    else if (isOpening(byte)) depth++
    else if (isClosing(byte) && --depth === 0) return at + 1
  }
  return undefined
}

/** The first byte that is no blank; that behind all bytes where there is none. */
export const startOf = (bytes: Buffer): number => {
  let at = 0
  while (isBlank(bytes[at])) at++
  return at
}

const trimmed = (bytes: Buffer, key: string, from: number, to: number): RawMember => {
  let [start, end] = [from, to]
  while (isBlank(bytes[start])) start++
  while (isBlank(bytes[end - 1])) end--
  return { key, start, end }
}

/** The members of an object, in the order in which they are written. `bytes` must be one JSON object. */
export const membersOf = (bytes: Buffer): readonly RawMember[] => {
  const members: RawMember[] = []
  let depth = 0
  let key: string | undefined
  let name = ""
  let start = 0
  const close = (at: number) => {
    if (key !== undefined) members.push(trimmed(bytes, key, start, at))
    key = undefined
  }
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      const end = endOfString(bytes, at)
      if (depth === 1 && key === undefined) name = JSON.parse(bytes.toString("utf8", at, end))
      at = end - 1
    } else if (isOpening(byte)) {
      depth++
    } else if (isClosing(byte)) {
      if (depth === 1) close(at)
      depth--
    } else if (depth === 1 && byte === colon) {
      key = name
      start = at + 1
    } else if (depth === 1 && byte === comma) {
      close(at)
    }
  }
  return members
}
