/**
 * Follows what a WebSocket server sends over a connection that is passed on, from its answer to the upgrade request: to know
 * where a frame of this node's own may stand, should the server be gone.
 */
export interface FrameWatch {
  saw(bytes: Buffer): void
  /** The upgrade request has been answered, whatever the answer. */
  readonly isAnswered: boolean
  /** The WebSocket is open, and nothing of a frame is missing: a closing frame may follow. */
  readonly mayClose: boolean
}

const headEnd = "\r\n\r\n"
const closingOpcode = 8

/** Bytes of a frame's payload, as its header says; undefined: there is more of the header. See RFC 6455 5.2; servers mask nothing. */
const payloadOf = (header: Buffer): number | undefined => {
  if (header.length < 2) return undefined
  const short = (header[1] as number) & 127
  if (short < 126) return short
  if (short === 126) return header.length < 4 ? undefined : header.readUInt16BE(2)
  return header.length < 10 ? undefined : Number(header.readBigUInt64BE(2))
}

export const createFrameWatch = (): FrameWatch => {
  let head = ""
  let isAnswered = false
  let isOpen = false
  let header = Buffer.alloc(0)
  /** Bytes that are missing of a payload. */
  let missing = 0

  const readHead = (bytes: Buffer): Buffer => {
    const before = head.length
    head += bytes.toString("latin1")
    const end = head.indexOf(headEnd)
    if (end === -1) return Buffer.alloc(0)
    isAnswered = true
    isOpen = head.startsWith("HTTP/1.1 101 ")
    head = ""
    return bytes.subarray(end + headEnd.length - before)
  }

  const readFrames = (bytes: Buffer) => {
    let rest = bytes
    while (rest.length > 0) {
      const taken = Math.min(missing, rest.length)
      missing -= taken
      rest = rest.subarray(taken)
      if (rest.length === 0) return
      header = Buffer.concat([header, rest.subarray(0, 1)])
      rest = rest.subarray(1)
      const payload = payloadOf(header)
      if (payload === undefined) continue
      // Behind a closing frame nothing may follow.
      if (((header[0] as number) & 15) === closingOpcode) isOpen = false
      missing = payload
      header = Buffer.alloc(0)
    }
  }

  return {
    saw: (bytes) => {
      const frames = isAnswered ? bytes : readHead(bytes)
      if (isOpen) readFrames(frames)
    },
    get isAnswered() {
      return isAnswered
    },
    get mayClose() {
      return isOpen && missing === 0 && header.length === 0
    }
  }
}

/** A closing frame as a server sends it; `reason`: 123 bytes at most. */
export const closingFrame = (code: number, reason: string): Buffer => {
  const text = Buffer.from(reason)
  const frame = Buffer.alloc(4 + text.length)
  frame.writeUInt8(0x80 | closingOpcode, 0)
  frame.writeUInt8(2 + text.length, 1)
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
