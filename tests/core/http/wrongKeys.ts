/** How a key is given in a query. */
export const withKey = (text: string): string => `?key=${encodeURIComponent(text)}`

/** Queries that a page with this key must not open at. */
export const wrongKeys = (key: string): readonly (readonly [name: string, query: string])[] => [
  ["no key", ""],
  ["an empty key", "?key="],
  ["a wrong key", "?key=wrong"],
  ["the beginning of the key", withKey(key.slice(0, -1))],
  ["more than the key", withKey(`${key} `)],
  ["the key in other letters", withKey(key.toUpperCase())],
  ["the key twice", `${withKey(key)}&key=${encodeURIComponent(key)}`],
  ["the key under another name", withKey(key).replace("key", "Key")],
  ["broken encoding", "?key=%ZZ%"],
  ["a very long key", `?key=${"x".repeat(10_000)}`]
]
