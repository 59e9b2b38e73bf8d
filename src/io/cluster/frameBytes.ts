/**
 * A client's frame on its way to another node, as bytes: the kind (1), the length of the receiver's id and the id, the same
 * of the sender's, and the frame as it came. Ids are ASCII.
 */
import { clusterLimits } from "./limits.ts"

const frameKind = 1

export interface RemoteFrame {
  readonly target: string
  readonly source: string
  readonly bytes: Buffer
}

/** Throws where an id is too long: that is a fault of ours. */
export const writeRemoteFrame = (target: string, source: string, frame: Buffer | string): Buffer => {
  if (target.length > clusterLimits.idLength || source.length > clusterLimits.idLength)
    throw new RangeError(`an id has ${clusterLimits.idLength} characters at most`)
  const start = 3 + target.length + source.length
  const length = typeof frame === "string" ? Buffer.byteLength(frame) : frame.length
  const bytes = Buffer.allocUnsafe(start + length)
  bytes[0] = frameKind
  bytes[1] = target.length
  bytes.write(target, 2, "latin1")
  bytes[2 + target.length] = source.length
  bytes.write(source, 3 + target.length, "latin1")
  if (typeof frame === "string") bytes.write(frame, start)
  else frame.copy(bytes, start)
  return bytes
}

/** Undefined: no such frame. */
export const readRemoteFrame = (bytes: Buffer): RemoteFrame | undefined => {
  const targetLength = bytes[1] ?? 0
  const sourceLength = bytes[2 + targetLength] ?? 0
  const start = 3 + targetLength + sourceLength
  const fits = (length: number) => length > 0 && length <= clusterLimits.idLength
  if (bytes[0] !== frameKind || !fits(targetLength) || !fits(sourceLength) || bytes.length < start) return undefined
  return {
    target: bytes.toString("latin1", 2, 2 + targetLength),
    source: bytes.toString("latin1", 3 + targetLength, start),
    bytes: bytes.subarray(start)
  }
}
