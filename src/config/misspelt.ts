/** Names of variables that nobody reads, and that somebody most likely meant one of ours by. Values are never looked at. */
import { shown } from "./shown.ts"

/** One line for each such name. `known`: the names of all variables that are read. */
export const misspeltNames = (names: readonly string[], known: readonly string[]): readonly string[] => {
  const read = new Set(known)
  return names
    .filter((name) => !read.has(name))
    .flatMap((name) => {
      const unprefixed = withoutPrefix(name)
      const meant = nearest(unprefixed ?? name, known)
      if (meant !== undefined) return [`${shown(name)} is not read: did you mean ${meant}?`]
      return unprefixed === undefined
        ? []
        : [`${shown(name)} is not read: there is no such variable. .env.example names all`]
    })
}

/** What stands behind our own name, which no variable begins with; undefined where that is not how it begins. */
const withoutPrefix = (name: string): string | undefined => {
  // Kubernetes and Docker tell each container about services, ours among them.
  if (/_SERVICE_(?:HOST|PORT)|_PORT_\d+_(?:TCP|UDP)/.test(name)) return undefined
  const [, prefix, rest] = /^(silk[_-]?tower|[a-z]+)[_-](.+)$/is.exec(name) ?? []
  if (prefix === undefined || rest === undefined) return undefined
  return distance(lettersOf(prefix), "SILKTOWER") <= 2 ? rest : undefined
}

/** The name that was most likely meant; undefined where none is near. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  const letters = lettersOf(name)
  const stem = stemOf(name)
  const near = known
    .map((each) => ({ each, apart: stem === stemOf(each) ? 0 : distance(letters, lettersOf(each)) }))
    .filter(({ each, apart }) => apart <= 1 || isLonger(letters, lettersOf(each), apart))
    .toSorted((one, other) => one.apart - other.apart)
  return near[0]?.each
}

/** Two letters too many or too few, as in TRUSTED_PROXY. Two others make another name: SSL_CERT_FILE is no TLS_CERT_FILE. */
const isLonger = (one: string, other: string, apart: number): boolean =>
  apart === 2 && other.length >= 10 && Math.abs(one.length - other.length) === 2

const lettersOf = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, "")

/** Without its unit, which is easily forgotten or taken for another. */
const stemOf = (name: string): string =>
  lettersOf(name.replace(/_(?:MS|MILLISECONDS|SECS?|SECONDS?|MINS?|MINUTES?|HOURS?|BYTES?)$/i, ""))

/** Letters that are too many, missing, others, or in the place of their neighbour (optimal string alignment). */
const distance = (one: string, other: string): number => {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1]
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      next[column] = Math.min(
        (last[column] as number) + 1,
        (next[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
        swapped ? (before[column - 2] as number) + 1 : Number.POSITIVE_INFINITY
      )
    }
    before = last
    last = next
  }
  return last[other.length] as number
}
