/** A started HTTP surface on a port of the system's choice, of the parts that a test gives it, and a client of it. */
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"
import type { MountedPart } from "../../src/http/httpPart.ts"
import type { HttpSurfaceOptions } from "../../src/http/surface.ts"
import { createHttpSurface } from "../../src/http/surface.ts"
import { createOriginPolicy } from "../../src/io/admission/origin.ts"
import { allowedOrigin, createHttpClient } from "./httpClient.ts"

/** Nobody counts what it answers, and no budget is ever spent, unless `options` say otherwise. */
export const startSurface = async (parts: readonly MountedPart[], options: Partial<HttpSurfaceOptions> = {}) => {
  /** What the log would be told of. */
  const faults: unknown[] = []
  const origins = createOriginPolicy({ environment: "development", allowed: [allowedOrigin], localPorts: [] })
  const { server, events, close } = await createHttpSurface({
    parts,
    budgets: { request: () => 0, check: () => 0, askOthers: () => 0, addressOf: () => "192.0.2.1" },
    metrics: { answered: () => {} },
    allowsOrigin: origins.allows,
    admitsPage: origins.admits,
    onFault: (error) => faults.push(error),
    ...options
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const client = createHttpClient((server.address() as AddressInfo).port)
  return {
    ...client,
    server,
    events,
    faults,
    close,
    stop: async () => {
      client.leave()
      await close()
    }
  }
}

/** One of the test's own, within which this is called. */
export const surfaceForThisTest = async (...given: Parameters<typeof startSurface>): Promise<StartedSurface> => {
  const started = await startSurface(...given)
  onTestFinished(() => started.stop())
  return started
}

type StartedSurface = Awaited<ReturnType<typeof startSurface>>
