/** Which pages may read what of DropSilk's. */
import type { CorsRoute } from "../cors.ts"

/** What every row of ours lets a page send: the type of its body, and what tools that follow a request through services add
 * to every fetch of a page (W3C Trace Context and Baggage, and Sentry's own). */
const sentHeaders = "Content-Type,traceparent,tracestate,baggage,sentry-trace"

/** Paths that are not listed carry no CORS headers, so no page of another origin can read them. */
export const corsRoutes: readonly CorsRoute[] = [
  { path: "/api/rooms", andBelow: true, origins: "allowed", methods: "GET,POST,OPTIONS", headers: sentHeaders },
  { path: "/api/status", andBelow: false, origins: "allowed", methods: "GET,POST,OPTIONS", headers: sentHeaders },
  {
    path: "/api/turn-credentials",
    andBelow: false,
    origins: "allowed",
    methods: "GET,OPTIONS",
    headers: sentHeaders
  },
  { path: "/request-email", andBelow: false, origins: "allowed", methods: "POST,OPTIONS", headers: sentHeaders },
  {
    path: "/api/uploadthing",
    andBelow: true,
    origins: "any",
    methods: "GET,POST,OPTIONS",
    headers: "*",
    maxAge: 86_400
  }
]
