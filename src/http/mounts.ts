/** Parts of the HTTP surface where they are mounted: what they bring, with their paths as clients write them. */
import type { IncomingMessage } from "node:http"
import type * as HttpApi from "effect/http-api/HttpApi"
import { corePlaces } from "../config/protocolSettings.ts"
import { firstSegment, isUnder } from "../io/admission/requestPath.ts"
import { coreErrors } from "../wire/core/errors.ts"
import { type Answer, errorAnswer } from "./answer.ts"
import { type CorsRoute, meansAll } from "./cors.ts"
import type { FastPath } from "./fastPath.ts"
import type { HttpPart, MountedPart, Refusals } from "./httpPart.ts"
import type { Route } from "./requests/methods.ts"

export interface Mounts {
  /** Each part's endpoints. */
  readonly apis: readonly HttpApi.Top[]
  readonly endpoints: readonly Route[]
  readonly fastPaths: readonly FastPath[]
  readonly cors: readonly CorsRoute[]
  /** The names of budgets by the pattern of a path. */
  readonly budgets: readonly (readonly [path: string, names: readonly string[]])[]
  readonly documents: readonly (readonly [path: `/${string}`, make: () => unknown])[]
  /** What the part at this path answers where no route is; undefined: nothing of its own. */
  notFound(method: string, path: string, allow: string | undefined): Answer | undefined
  refusalsOf(path: string): Refusals
  /** Bytes that a body may have there; undefined: as many as everywhere. */
  bodyBytesOf(path: string): number | undefined
  /** What the part at this path finds wrong with the request itself; undefined: it does not look. */
  refuses(path: string, request: IncomingMessage): Promise<Answer | undefined> | undefined
  /** A request target in the form that routes know. */
  canonical(url: string): string
  isCallback(path: string, request: IncomingMessage): boolean
}

/** The parts that have one prefix. */
interface Place {
  readonly mount: string
  readonly parts: readonly HttpPart[]
}

const nowhere: Place = { mount: "/", parts: [] }

/** In the core's own words. */
const coreRefusals: Refusals = {
  tooMany: errorAnswer(coreErrors.tooMany),
  tooLarge: errorAnswer(coreErrors.bodyTooLarge),
  wrongOrigin: errorAnswer(coreErrors.wrongOrigin),
  fault: errorAnswer(coreErrors.fault)
}

/**
 * A path under a prefix is that of the parts with the longest such prefix, and nobody else's. Where several have the same
 * one, the first that has something to say is heard. Throws when two parts bring groups of the same identifier, as each
 * would answer with the handlers of the other.
 */
export const createMounts = (mounted: readonly MountedPart[]): Mounts => {
  const apis = mounted.map(({ mount, part: { api } }) => {
    // The compiler would follow the paths of all that might be prefixed once more.
    return mount === "/" ? api : (api.prefix(mount) as unknown as typeof api)
  })
  const groups = apis.flatMap(({ groups }) => Object.keys(groups))
  const twice = groups.find((identifier, index) => groups.indexOf(identifier) !== index)
  if (twice !== undefined) throw new Error(`Two parts of the HTTP surface bring a group ${twice}`)

  /** First segments that belong to nobody at the root but the core, or to those with a prefix. */
  const elsewhere = [...corePlaces, ...mounted.flatMap(({ mount }) => (mount === "/" ? [] : [firstSegment(mount)]))]
  const forgiven = mounted.flatMap(({ mount, part }) =>
    part.slashAfterMount === true && mount !== "/" ? [`${mount}/`] : []
  )
  const places: readonly Place[] = [...Map.groupBy(mounted, ({ mount }) => mount)]
    .map(([mount, alike]) => ({ mount, parts: alike.map(({ part }) => part) }))
    .toSorted((one, other) => other.mount.length - one.mount.length)
  const placeOf = (path: string): Place => places.find(({ mount }) => isUnder(path, mount)) ?? nowhere
  const suspicious = places.filter(({ parts }) => parts.some(({ refuses }) => refuses !== undefined))

  return {
    apis,
    endpoints: apis.flatMap(({ groups }) => Object.values(groups).flatMap(({ endpoints }) => Object.values(endpoints))),
    fastPaths: mounted.flatMap(({ mount, part }) =>
      (part.fastPaths ?? []).map((fast) => ({ ...fast, pattern: mountedPath(mount, fast.pattern) }))
    ),
    // The most special row first: one that means everything below is asked last.
    cors: mounted
      .flatMap(({ mount, part }) =>
        part.cors.map((row) => ({
          ...row,
          path: mountedPath(mount, row.path),
          ...(mount === "/" && row.path === "/" && row.andBelow ? { but: elsewhere } : {})
        }))
      )
      .toSorted((one, other) => Number(meansAll(one)) - Number(meansAll(other))),
    budgets: mounted.flatMap(({ mount, part }) =>
      Object.entries(part.budgets).map(([path, names]) => [mountedPath(mount, path), names] as const)
    ),
    documents: mounted.flatMap(({ mount, part }) =>
      Object.entries(part.documents ?? {}).map(([path, make]) => [mountedPath(mount, path), make] as const)
    ),
    notFound: (method, path, allow) => {
      const { mount, parts } = placeOf(path)
      const own = ownPath(mount, path)
      for (const part of parts) {
        const answer = part.notFound?.(method, own, allow)
        if (answer !== undefined) return answer
      }
      return undefined
    },
    bodyBytesOf: (path) => {
      const { mount, parts } = placeOf(path)
      return parts.find(({ bodyBytes }) => bodyBytes !== undefined)?.bodyBytes?.(ownPath(mount, path))
    },
    refuses: (path, request) => {
      // Most paths are nobody's who looks.
      if (!suspicious.some(({ mount }) => isUnder(path, mount))) return undefined
      const { mount, parts } = placeOf(path)
      const isElsewhere = mount === "/" && elsewhere.includes(firstSegment(path))
      return isElsewhere ? undefined : parts.find(({ refuses }) => refuses !== undefined)?.refuses?.(request)
    },
    canonical: (url) => {
      const path = forgiven.find(
        (each) => url.startsWith(each) && (url.length === each.length || url[each.length] === "?")
      )
      return path === undefined ? url : path.slice(0, -1) + url.slice(path.length)
    },
    refusalsOf: (path) => placeOf(path).parts.find(({ refusals }) => refusals !== undefined)?.refusals ?? coreRefusals,
    isCallback: (path, request) => placeOf(path).parts.some(({ isCallback }) => isCallback?.(request) === true)
  }
}

/** A path as the part there knows it. */
const ownPath = (mount: string, path: string): string => (mount === "/" ? path : path.slice(mount.length) || "/")

const mountedPath = (mount: string, path: string): `/${string}` =>
  (mount === "/" ? path : path === "/" ? mount : mount + path) as `/${string}`
