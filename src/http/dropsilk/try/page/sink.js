/**
 * Where the bytes of a file go that arrives: to a place on the disk that a person has chosen, else to the browser's own file
 * system, else into memory. The first two need a page that came over https, or from this machine.
 */

/** So much of what has arrived is held in memory, of all files together, before a person is asked. */
export const memoryBytes = 64 * 1024 * 1024
/** Parts are handed to the browser as blobs of so much, which it may keep on its disk. */
const blobBytes = 8 * 1024 * 1024

/** Names of what is in the browser's own file system begin with it, and go on with the time. */
const prefix = "silktower-try-"
const forgottenMs = 24 * 60 * 60 * 1000

/** A file whose place is asked of the person; it must be asked for by a click. Undefined: they have changed their mind. */
export const askForPlace = async (name) => {
  try {
    const handle = await showSaveFilePicker({ suggestedName: name })
    return await streaming(await handle.createWritable(), "disk", () => undefined)
  } catch (error) {
    if (error.name === "AbortError") return undefined
    throw error
  }
}
export const canAskForPlace = () => "showSaveFilePicker" in globalThis

/** The best place that nobody has to be asked for. Where a page may not write files, the browser's blobs are what there is. */
export const openSink = async () => (await inBrowser()) ?? inMemory()

/** Removes what pages left behind that were closed in the middle. */
export const sweep = async () => {
  const root = await ownFiles()
  if (root === undefined) return
  for await (const name of root.keys()) {
    const at = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (Date.now() - at > forgottenMs) await root.removeEntry(name).catch(() => {})
  }
}

const ownFiles = async () => {
  try {
    return await navigator.storage.getDirectory()
  } catch {
    return undefined
  }
}

const inBrowser = async () => {
  const root = await ownFiles()
  const name = `${prefix}${Date.now()}-${Math.random().toString(36).slice(2)}`
  try {
    const handle = await root.getFileHandle(name, { create: true })
    const writable = await handle.createWritable()
    return await streaming(
      writable,
      "browser",
      () => handle.getFile(),
      () => root.removeEntry(name).catch(() => {})
    )
  } catch {
    return undefined
  }
}

/** `read`: what to hand to the person when all is there; undefined where they have it already. */
const streaming = async (writable, place, read, remove = () => {}) => ({
  place,
  write: (bytes) => writable.write(bytes),
  finish: async () => {
    await writable.close()
    return read()
  },
  abandon: async () => {
    await writable.abort().catch(() => {})
    await remove()
  },
  remove
})

/** Never more than `memoryBytes` of all files together, where there is another place. */
export const inMemory = () => {
  let blobs = []
  let parts = []
  let partBytes = 0
  const gather = () => {
    blobs.push(new Blob(parts))
    parts = []
    partBytes = 0
  }
  const forget = async () => {
    blobs = []
    parts = []
  }
  return {
    place: "memory",
    write: async (bytes) => {
      parts.push(bytes)
      partBytes += bytes.byteLength
      if (partBytes >= blobBytes) gather()
    },
    finish: async () => {
      gather()
      return new Blob(blobs)
    },
    abandon: forget,
    remove: forget
  }
}
