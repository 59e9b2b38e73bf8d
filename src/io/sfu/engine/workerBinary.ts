/** Whether there is a media worker to start: its binary is not in mediasoup's package, and is fetched or named. */
import { execFile } from "node:child_process"
import { access, constants } from "node:fs/promises"
import { commands } from "../../../places.ts"
import { EngineMissing } from "./mediaEngine.ts"

/** What an operator does about it. */
const remedy = `run ${commands.mediaEngine}, or name one with MEDIASOUP_WORKER_BIN`

/** mediasoup as a module, or EngineMissing. Nothing of it is loaded before. */
export const loadMediasoup = async (): Promise<typeof import("mediasoup")> => {
  try {
    return await import("mediasoup")
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error
    throw new EngineMissing(`mediasoup is not installed: run ${commands.mediaEngine}.`)
  }
}

/** A worker that is not told the version of who starts it ends so. */
const untold = 41

/** The path of a worker that runs on this machine; `named` is what an operator has named. Rejects with EngineMissing. */
export const findWorkerBinary = async (named: string | undefined): Promise<string> => {
  const path = named ?? (await loadMediasoup()).workerBin
  try {
    await access(path, constants.X_OK)
  } catch {
    const what =
      named === undefined
        ? "mediasoup's worker has not been fetched"
        : `MEDIASOUP_WORKER_BIN names ${named}, which is no program`
    throw new EngineMissing(`${what}: ${remedy}.`)
  }
  const ended = await new Promise<unknown>((resolve) => {
    const tried = execFile(path, { env: {}, timeout: 5000 }, (error) => resolve(error?.code ?? error?.signal ?? 0))
    tried.stdin?.end()
  })
  if (ended !== untold) throw new EngineMissing(`The media worker ${path} does not run here (${ended}): ${remedy}.`)
  return path
}
