/**
 * Files over a data channel, for the page and the Node script beside this: a line of JSON that names the file and its size,
 * its bytes, and a line from the other side that they have arrived.
 */

const chunkBytes = 64 * 1024
/** The sender waits while so much has not left it: a channel that is given more ends. */
const highWaterBytes = 1024 * 1024
/** What is held in memory for one file at most. */
const mostBytes = 64 * 1024 * 1024

/** The other side may say anything. */
const read = (text) => {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

const untilLow = (channel) =>
  new Promise((resolve) => {
    channel.addEventListener("bufferedamountlow", resolve, { once: true })
    // Not every implementation tells.
    setTimeout(resolve, 20)
  })

/** Sends a File of a page, or a Blob with a name; resolves when the other side has it whole. `progress` gets bytes sent. */
export const sendFile = async (channel, file, progress = () => {}) => {
  const answered = new Promise((resolve, reject) => {
    const hear = ({ data }) => {
      const { arrived, refused } = typeof data === "string" ? read(data) : {}
      if (arrived === file.name) resolve()
      else if (refused === undefined) return
      else reject(new Error(`The other side has refused the file: ${refused}`))
      channel.removeEventListener("message", hear)
    }
    channel.addEventListener("message", hear)
    channel.addEventListener("close", () => reject(new Error("The connection has ended before the file had arrived.")))
  })
  // Whoever waits for it hears of it; until then it is no fault.
  answered.catch(() => {})
  channel.bufferedAmountLowThreshold = highWaterBytes / 2
  channel.send(JSON.stringify({ name: file.name, size: file.size }))
  for (let start = 0; start < file.size; start += chunkBytes) {
    const chunk = await file.slice(start, start + chunkBytes).arrayBuffer()
    while (channel.readyState === "open" && channel.bufferedAmount > highWaterBytes) await untilLow(channel)
    if (channel.readyState !== "open") break
    channel.send(chunk)
    progress(Math.min(start + chunkBytes, file.size))
  }
  await answered
}

/** Calls with each file that arrives whole: `{ name, bytes }`, a Blob. `progress` gets name, bytes received and size. */
export const receiveFiles = (channel, received, progress = () => {}) => {
  let file
  const refuse = (why) => {
    file = undefined
    channel.send(JSON.stringify({ refused: why }))
    channel.close()
  }
  channel.addEventListener("message", ({ data }) => {
    if (typeof data === "string") {
      const { name, size } = read(data)
      // The answer to something that was sent.
      if (name === undefined) return
      if (file !== undefined) return refuse("another one is on its way")
      if (!Number.isSafeInteger(size) || size < 0 || size > mostBytes) return refuse("it is too large")
      file = { name: String(name), size, parts: [], bytes: 0 }
    } else {
      if (file === undefined) return refuse("it has no name")
      file.parts.push(data)
      file.bytes += data.byteLength
      if (file.bytes > file.size) return refuse("it is larger than was said")
      progress(file.name, file.bytes, file.size)
    }
    if (file.bytes < file.size) return
    const { name, parts } = file
    file = undefined
    received({ name, bytes: new Blob(parts) })
    channel.send(JSON.stringify({ arrived: name }))
  })
}
