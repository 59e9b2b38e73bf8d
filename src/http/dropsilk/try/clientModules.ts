/**
 * The client as pages load it: each of its modules as it is, without its types. A clone has the sources only, and nothing that
 * bundles them unless what is for development was installed as well; Node itself can take the types out. In the package the
 * client is one file of JavaScript, and nothing is left to do.
 */
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { Worker } from "node:worker_threads"
import { clientPlaces } from "../../../places.ts"

const { folder, typeStripper } = clientPlaces

type Text = readonly [name: string, text: string]

/** Texts of JavaScript by the name of the module, without its ending. Rejects where a file cannot be read. */
export const readClientModules = async (): Promise<ReadonlyMap<string, string>> => {
  const files = await readdir(folder)
  const isSource = files.includes("index.ts")
  const names = files.filter((name) => (isSource ? /^\w+\.ts$/ : /^\w+\.js$/).test(name))
  const texts = await Promise.all(
    names.map(async (name): Promise<Text> => [moduleOf(name), await readFile(new URL(name, folder), "utf8")])
  )
  return new Map(isSource ? await withoutTypes(texts) : texts)
}

/** `tower` of `tower.ts` and of `tower.js`: the modules name each other by either. */
export const moduleOf = (name: string): string => name.replace(/\.[jt]s$/, "")

const withoutTypes = async (texts: readonly Text[]): Promise<readonly Text[]> => {
  // What it says on its standard error is heard by nobody.
  const worker = new Worker(typeStripper, { workerData: texts, stderr: true })
  const [stripped] = await once(worker, "message")
  return stripped
}
