/** What the core itself brings to the HTTP surface: for whoever runs the server, whatever protocols it serves. */
import * as Layer from "effect/Layer"
import { CoreApi } from "../../wire/core/api.ts"
import { type HttpPart, httpPart } from "../httpPart.ts"
import { createTowerPage, type TowerPageOptions } from "../tower/towerPage.ts"
import { type HealthOptions, healthHandlers } from "./health.ts"
import { type LogAccess, logsHandlers } from "./logs.ts"

export interface CorePartOptions extends HealthOptions {
  /** Absent: nobody may read the logs. */
  readonly logs?: LogAccess
  /** Absent: there is no tower page. */
  readonly tower?: TowerPageOptions
}

export const corePart = (options: CorePartOptions): HttpPart => {
  const tower = options.tower && createTowerPage(options.tower)
  return httpPart({
    api: CoreApi,
    handlers: Layer.mergeAll(healthHandlers(options), logsHandlers(options.logs)),
    budgets: {
      "/healthz": ["checks"],
      "/readyz": ["checks"],
      "/metrics": ["checks"],
      "/logs": ["requests"]
    },
    cors: [],
    ...(tower === undefined ? {} : { fastPaths: tower.fastPaths, close: tower.close })
  })
}
