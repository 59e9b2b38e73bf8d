/**
 * Traces for OpenTelemetry, through Effect's tracer and its OTLP exporter. Spans say which endpoint, which statement,
 * which service, how long and how it ended; nothing that a client or a third party has sent, and no value of a row.
 */

import { AsyncLocalStorage } from "node:async_hooks"
import type { EventEmitter } from "node:events"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { limits } from "../../limits.ts"

export type SpanAttributes = Readonly<Record<string, string | number>>

export interface Tracing {
  /**
   * Runs something that answers a request; what it does meanwhile, and upon the request's events, belongs to the span.
   * What it gives back ends the span.
   */
  request(request: EventEmitter, name: string, attributes: SpanAttributes, work: () => void): (status: number) => void
  /** The same object, each of whose methods is a span of this name and the method's. They must give promises. */
  around<Service extends object>(name: string, service: Service): Service
  /** An effect whose own spans belong to the request's. */
  within<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
  /** Sends what has not been sent, if the receiver lets it: it does not wait for long. */
  close(): Promise<void>
}

/** Where traces go: the URL that an OTLP/HTTP receiver takes them at, and what it wants to be told with them. */
export interface TraceReceiver {
  readonly url: string
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
}

export const createTracing = async ({ url, headers }: TraceReceiver, version: string): Promise<Tracing> => {
  const current = new AsyncLocalStorage<Tracer.Span>()
  const exporting = OtlpTracer.layer({
    url,
    headers: Redacted.value(headers),
    resource: { serviceName: "silktower", serviceVersion: version },
    shutdownTimeout: limits.tracesFarewellMs
  }).pipe(
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(FetchHttpClient.layer),
    // The exporter's own questions are no part of anybody's trace.
    Layer.provide(Layer.succeed(HttpClient.TracerDisabledWhen, () => true))
  )
  const runtime = ManagedRuntime.make(exporting)
  const tracer = await runtime.runPromise(Effect.tracer)
  const nanoseconds = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))

  const start = (name: string, kind: Tracer.SpanKind, attributes: SpanAttributes): Tracer.Span => {
    const parent = Option.fromNullishOr(current.getStore())
    const span = tracer.span({
      name,
      parent,
      annotations: Context.empty(),
      links: [],
      startTime: nanoseconds(),
      kind,
      root: Option.isNone(parent),
      sampled: true
    })
    for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
    return span
  }

  const traced = async <A>(name: string, work: () => Promise<A>): Promise<A> => {
    const span = start(name, "client", {})
    try {
      const result = await current.run(span, work)
      span.end(nanoseconds(), Exit.void)
      return result
    } catch (error) {
      // Its kind, not its words: they may quote what was sent.
      span.attribute("error.type", error instanceof Error ? error.name : "unknown")
      span.end(nanoseconds(), Exit.fail("failed"))
      throw error
    }
  }

  return {
    request: (request, name, attributes, work) => {
      const span = start(name, "server", attributes)
      // A request's events come in the context of its connection, which is that of many requests.
      const emit = request.emit.bind(request)
      request.emit = (...event: Parameters<typeof emit>) => current.run(span, () => emit(...event))
      current.run(span, work)
      return (status) => {
        span.attribute("http.response.status_code", status)
        span.end(nanoseconds(), status >= 500 ? Exit.fail("failed") : Exit.void)
      }
    },
    around: (name, service) =>
      Object.fromEntries(
        Object.entries(service).map(([key, method]) => [
          key,
          (...parameters: unknown[]) => traced(`${name} ${key}`, () => method(...parameters))
        ])
      ) as typeof service,
    within: (effect) =>
      Effect.suspend(() => {
        const span = current.getStore()
        const traced = Effect.provideService(effect, Tracer.Tracer, tracer)
        return span === undefined ? traced : Effect.provideService(traced, Tracer.ParentSpan, span)
      }),
    close: () => runtime.dispose()
  }
}
