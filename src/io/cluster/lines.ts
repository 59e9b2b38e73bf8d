/** What the log says of nodes. */
import { type LineBudgets, request } from "../telemetry/lineBudgets.ts"

export const clusterLines = {
  "cluster:engine": request,
  "cluster:met": request,
  "cluster:parted": request,
  "cluster:left": request,
  "cluster:buried": request,
  "cluster:unreached": request,
  "cluster:refused": request,
  "cluster:refused_by": request,
  "cluster:fault": request
} as const satisfies LineBudgets

export type ClusterLine = keyof typeof clusterLines
