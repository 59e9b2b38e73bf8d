/**
 * UploadThing, which keeps the previews: https://docs.uploadthing.com. Its SDK is loaded when it is first needed, for
 * most servers never need it.
 */
import { createRequire } from "node:module"
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { RouteHandlerConfig } from "uploadthing/types"
import { describeError } from "../../telemetry/describeError.ts"
import type { DropSilkLog } from "../telling/events.ts"
import type { UploadedFile, UploadStore } from "./uploadRows.ts"

export interface UploadThingOptions {
  /** As `readsToken` accepts it. */
  readonly token: Redacted.Redacted<string>
  /** Where UploadThing says that a file has come: the public URL of the route. */
  readonly callbackUrl: () => string
  /** Whether UploadThing cannot reach this server. It then tells over a connection that the SDK holds open to it. */
  readonly unreachable: boolean
  readonly store: Pick<UploadStore, "insert">
  readonly log: DropSilkLog
  /** Milliseconds for one question to UploadThing. */
  readonly timeoutMs: number
  /** Files that one answer to "which files are there" lists, and how many such answers are read at most. */
  readonly listing: { readonly files: number; readonly pages: number }
  /** Where UploadThing is, without a slash at the end; absent: where it really is. */
  readonly endpoints?: { readonly apiUrl: string; readonly ingestUrl: string } | undefined
}

/** What a deletion has come to. */
export interface Deletion {
  /** Those whose files are still there. */
  readonly remaining: ReadonlySet<string>
}

export interface UploadThing {
  /** Answers clients and UploadThing's callbacks. Rejects with UploadThingFailed or DatabaseFault. */
  answer(request: Request): Promise<Response>
  /** Deletes files by their keys. Rejects with UploadThingFailed when it is not known which ones are gone. */
  deleteFiles(keys: readonly string[]): Promise<Deletion>
  /** Hangs up wherever the SDK still listens. */
  close(): void
}

/** UploadThing did not do what it was asked. The message is fit for a log: it repeats nothing sent or received. */
export class UploadThingFailed extends Data.TaggedError("UploadThingFailed")<{
  readonly message: string
  /** The HTTP status, when there was an answer at all. */
  readonly status?: number | undefined
}> {}

/** Anything that uploads and their deletion may reject with, as a log may show it. */
export const describeUploadFault = (error: unknown): Readonly<Record<string, unknown>> => {
  if (!(error instanceof UploadThingFailed)) return describeError(error)
  const { message, status } = error
  const hint = status === 401 || status === 403 ? { hint: "Check UPLOADTHING_TOKEN." } : {}
  return { provider: "uploadthing", error: message, ...hint }
}

const Token = Schema.Struct({
  apiKey: Schema.String.check(Schema.isStartingWith("sk_")),
  appId: Schema.NonEmptyString,
  regions: Schema.NonEmptyArray(Schema.String)
})
const decodesToken = Schema.decodeUnknownResult(Token)

/** Whether this is a token as UploadThing's dashboard shows it: base64 of JSON with apiKey, appId and regions. */
export const readsToken = (token: Redacted.Redacted<string>): boolean =>
  Result.isSuccess(
    Result.flatMap(
      Result.try((): unknown => JSON.parse(Buffer.from(Redacted.value(token), "base64").toString("utf8"))),
      decodesToken
    )
  )

/** Whether the SDK is there: `npm ci --omit=peer` leaves it out. */
export const isSdkInstalled = (): boolean => {
  try {
    createRequire(import.meta.url).resolve("uploadthing/server")
    return true
  } catch {
    return false
  }
}

const powerPoint = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

/** The SDK names no reason for what it made of an answer, so every question notes what became of it. */
interface Question {
  readonly fetch: NonNullable<RouteHandlerConfig["fetch"]>
  /** What went wrong on the way, if anything did. */
  failure(): UploadThingFailed | undefined
}

const somethingElse = new UploadThingFailed({ message: "answered something else than it should" })

export const createUploadThing = (options: UploadThingOptions): UploadThing => {
  const { token, callbackUrl, unreachable, store, log, timeoutMs, listing, endpoints } = options
  const closing = new AbortController()
  let loading: Promise<typeof import("uploadthing/server")> | undefined
  const load = () => (loading ??= import("uploadthing/server"))

  const ask = (deadline?: AbortSignal): Question => {
    let failure: UploadThingFailed | undefined
    const late = new UploadThingFailed({ message: `gave no answer within ${timeoutMs} ms` })
    const ask = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      const signals = [closing.signal, init.signal, deadline].filter((signal) => signal != null)
      try {
        // A question with a key in it is meant for nobody else.
        const response = await fetch(input, { ...init, redirect: "manual", signal: AbortSignal.any(signals) })
        const { ok, status } = response
        if (!ok) failure = new UploadThingFailed({ message: `answered ${status}`, status })
        return response
      } catch (error) {
        failure = new UploadThingFailed({ message: unreachableWords(error) })
        throw error
      }
    }
    return { fetch: ask as Question["fetch"], failure: () => (deadline?.aborted === true ? late : failure) }
  }
  const inTime = () => AbortSignal.timeout(timeoutMs)

  const configOf = (question: Question) => ({
    token: Redacted.value(token),
    fetch: question.fetch,
    // It would write what it signs, and onto standard output.
    logLevel: "None" as const,
    ...endpoints
  })

  const deleteAll = async (keys: readonly string[]): Promise<boolean> => {
    const { UTApi } = await load()
    const question = ask(inTime())
    const { success, deletedCount } = await new UTApi(configOf(question)).deleteFiles([...keys]).catch(() => {
      throw question.failure() ?? somethingElse
    })
    return success && deletedCount === keys.length
  }

  /** Which of these files are there: an answer to a deletion only says how many are not. */
  const findRemaining = async (keys: readonly string[]): Promise<ReadonlySet<string>> => {
    const { UTApi } = await load()
    const asked = new Set(keys)
    const remaining = new Set<string>()
    for (let page = 0; page < listing.pages; page++) {
      const question = ask(inTime())
      const { files, hasMore } = await new UTApi(configOf(question))
        .listFiles({ limit: listing.files, offset: page * listing.files })
        .catch(() => {
          throw question.failure() ?? somethingElse
        })
      for (const { key, status } of files) if (asked.has(key) && status !== "Deletion Pending") remaining.add(key)
      if (!hasMore) return remaining
    }
    throw new UploadThingFailed({ message: "keeps more files than can be looked through" })
  }

  const save = async (file: UploadedFile): Promise<void> => {
    try {
      log("info", "upload:db_saved", { outcome: await store.insert(file) })
    } catch (error) {
      // Without a row nothing would ever delete the file, and its owner is told nothing of it either.
      await deleteAll([file.key]).catch((failure: UploadThingFailed) =>
        log("error", "upload:error", { stage: "undo", ...describeUploadFault(failure) })
      )
      throw error
    }
  }

  const routesFor = async (onFault: (error: unknown) => void) => {
    const { createUploadthing } = await load()
    return {
      previewUpload: createUploadthing()({ [powerPoint]: { maxFileSize: "64MB", maxFileCount: 1 } })
        .onUploadError(() => {
          log("error", "upload:error", { stage: "upload", error: "the file has not arrived" })
        })
        .onUploadComplete(async ({ file }) => {
          log("info", "upload:success", { bytes: file.size })
          try {
            await save({ key: file.key, url: file.ufsUrl, name: file.name })
          } catch (error) {
            // The SDK keeps it to itself.
            onFault(error)
            throw error
          }
          return { url: file.ufsUrl }
        })
    }
  }

  return {
    answer: async (request) => {
      const { createRouteHandler } = await load()
      const stage = request.headers.has("uploadthing-hook") ? "callback" : "presign"
      const isDev = unreachable
      // Where it cannot be called back the SDK listens for as long as the upload takes.
      const listens = isDev && stage === "presign"
      const question = ask(listens ? undefined : inTime())
      let fault: unknown
      let told: Promise<unknown> = Promise.resolve()
      const handler = createRouteHandler({
        router: await routesFor((error) => {
          fault = error
        }),
        config: {
          ...configOf(question),
          callbackUrl: callbackUrl(),
          isDev,
          handleDaemonPromise: (promise) => {
            told = promise
          }
        }
      })
      const response = await handler(request)
      if (response.status >= 400) {
        log("warn", "upload:error", { stage, status: response.status, ...(await refusalIn(response)) })
        return response
      }
      const failing = told.then((exit) => fault ?? question.failure() ?? (isFailure(exit) ? somethingElse : undefined))
      if (listens) {
        void failing.then((failure) => {
          if (failure !== undefined && !closing.signal.aborted) {
            log("error", "upload:error", { stage, ...describeUploadFault(failure) })
          }
        })
        return response
      }
      // UploadThing must hear of a file before it comes, and of what has become of it.
      const failure = await failing
      if (failure !== undefined) throw failure
      return response
    },

    deleteFiles: async (keys) => ({
      remaining: (await deleteAll(keys)) ? new Set<string>() : await findRemaining(keys)
    }),

    close: () => closing.abort()
  }
}

/** The end of a fiber of the SDK's. */
const isFailure = (exit: unknown): boolean => (exit as { readonly _tag?: unknown } | undefined)?._tag === "Failure"

/** Words of the SDK's own; other refusals quote the request. */
const refusals = /^Invalid (?:input|signature|config: \w+)$/

const refusalIn = async (response: Response): Promise<{ readonly error?: string }> => {
  const { message } = (await response
    .clone()
    .json()
    .catch(() => ({}))) as { readonly message?: unknown }
  return typeof message === "string" && refusals.test(message) ? { error: message } : {}
}

const unreachableWords = (error: unknown): string => {
  const code = networkCode(error)
  return `could not be reached${code === undefined ? "" : ` (${code})`}`
}

/** The innermost code, such as ECONNREFUSED. */
const networkCode = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { readonly code?: unknown }
  return networkCode(error.cause) ?? (typeof code === "string" ? code : undefined)
}
