/**
 * Takes secrets out of what an inspector is shown. Where they are relayed, offers, answers and candidates never reach
 * an actor; where they are kept (mailboxes, rondevu's offers and sessions) actors know them, as they know the ids of a room's
 * participants and whatever somebody gives out as one.
 */

/** Lists of participants' ids and of candidates; `seated` is also the name of a state. */
const secretLists = new Set(["participants", "seated", "candidates"])

/** Fields whose text is a secret, or may be one, in whatever it stands. */
const secretFields = new Set([
  "participantId",
  "sdp",
  "offer",
  "answer",
  "bucket",
  "payload",
  "candidate",
  "data",
  "key",
  "token",
  "secret",
  "password",
  "credential"
])

/** A participant's id as identities.ts makes it, wherever it may stand. */
const participantIds = /(?<![0-9A-Za-z])[0-9a-z]{12}(?![0-9A-Za-z])/g

const hidden = "<redacted>"

/** The same without secrets; plain data, as JSON would have it. */
export const redact = <A>(value: A): A => clean(JSON.parse(JSON.stringify(value))) as A

const clean = (value: unknown, isSecret = false): unknown => {
  if (typeof value === "string") return isSecret ? hidden : value.replace(participantIds, hidden)
  if (typeof value === "number") return isSecret ? hidden : value
  if (Array.isArray(value)) return value.map((each) => clean(each, isSecret))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name.replace(participantIds, hidden),
      clean(field, isSecret || holdsSecret(name, field, value))
    ])
  )
}

const holdsSecret = (name: string, field: unknown, owner: object): boolean =>
  secretFields.has(name) ||
  (secretLists.has(name) && Array.isArray(field)) ||
  // The id of a participant stands beside what others know it by.
  (name === "id" && "alias" in owner) ||
  // A session's code lets in whoever names its bucket as well.
  (name === "code" && "bucket" in owner)
