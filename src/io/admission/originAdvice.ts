/**
 * What an operator is told about an origin that was refused: the whole setting that would let it in, or why there is
 * none. The origin is a stranger's words, and the setting is there to be copied into a shell or a file.
 */
import { limits } from "../../limits.ts"
import { commands } from "../../places.ts"
import { isOriginOfPage, normaliseOrigin, type OriginPolicy } from "./origin.ts"

export interface OriginAdvice {
  /** On one line, of bounded length, without credentials, path and query. */
  readonly origin: string
  /** Null: no setting lets it in. */
  readonly setting: string | null
  readonly hint: string
}

export interface OriginAdviceOptions {
  /** What is in force now, as written. */
  readonly allowed: readonly string[]
  readonly localPorts: readonly number[]
  readonly localPort: OriginPolicy["localPort"]
}

/** Nothing that a shell, a file of settings or a list with commas would read as anything but an origin. */
const isPlain = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

const hints = {
  page: "If this page is yours, start the server with this setting.",
  absent:
    "With NODE_ENV=production a WebSocket must come with an Origin header. Browsers send one; any other client must " +
    "send one that is allowed.",
  opaque:
    "No setting lets it in: pages opened as files and in sandboxed frames have no origin of their own. Serve the " +
    "page over HTTP.",
  strange: "No setting lets it in: it is no origin that a page can have."
}

/** The normal form of an origin that a setting may hold. */
const plainOrigin = (origin: string): string | undefined => {
  const normal = origin.length > limits.originUnits ? undefined : normaliseOrigin(origin)
  return normal !== undefined && isPlain.test(normal) && isOriginOfPage(normal) ? normal : undefined
}

/** The origin as it may be shown: in its normal form, if it is one. */
export const shownOrigin = (origin: string): string => {
  const plain = plainOrigin(origin)
  if (plain !== undefined) return plain
  const beginning = origin.slice(0, 2 * limits.originUnits)
  const [, scheme = "", rest = beginning] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(beginning) ?? []
  // Never the same text as of the origin that the path was cut from: that one may be somebody's page.
  const authority = rest.replace(/[/?#].*$/s, "/…").replace(/^.*@/s, "<redacted>@")
  const text = (scheme + authority).replace(/\p{C}/gu, "\u{fffd}")
  return text.length > limits.noOriginUnits ? `${text.slice(0, limits.noOriginUnits)}…` : text
}

export const createOriginAdvice =
  ({ allowed, localPorts, localPort }: OriginAdviceOptions) =>
  (origin: string | undefined): OriginAdvice => {
    if (origin === undefined) return { origin: "(none)", setting: null, hint: hints.absent }
    const shown = shownOrigin(origin)
    const plain = plainOrigin(origin)
    if (origin === "null" || origin === "file://") return { origin: shown, setting: null, hint: hints.opaque }
    if (plain === undefined) return { origin: shown, setting: null, hint: hints.strange }
    const port = localPort(plain)
    const setting =
      port === undefined
        ? `ALLOWED_ORIGINS=${[...allowed, plain].join(",")}`
        : `${commands.start} ${[...localPorts, port].map((each) => `--allow-local-port=${each}`).join(" ")}`
    return { origin: shown, setting, hint: hints.page }
  }
