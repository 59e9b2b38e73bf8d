/** Notices changed files. */
import { watch } from "node:fs"

/** ms of quiet after a change: an editor that saves all files, or a checkout, is one change. */
const quietMs = 150

/** Files that the server is made of. Editors put others beside them for a moment. */
const isSource = (path: string): boolean => /\.(?:ts|js|sql)$/.test(path)

/** Calls `onChange` with a file of these directories after it has changed. Returns a function that ends it. */
export const watchSources = (
  directories: readonly string[],
  onChange: (path: string) => void,
  onError: (error: Error) => void
): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const watchers = directories.map((directory) =>
    watch(directory, { recursive: true }, (_, path) => {
      if (path === null || !isSource(path)) return
      clearTimeout(timer)
      timer = setTimeout(() => onChange(`${directory}/${path}`), quietMs)
    }).on("error", onError)
  )
  return () => {
    clearTimeout(timer)
    watchers.forEach((watcher) => watcher.close())
  }
}
