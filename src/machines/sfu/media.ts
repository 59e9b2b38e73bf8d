/** What charts know of media: names and kinds. */

/** JSON as mediasoup shapes it (RtpCapabilities, RtpParameters, DtlsParameters); opaque to the server. */
export type EngineJson = unknown

export type MediaKind = "audio" | "video"

/** A producer as others hear of it; the fields in the order in which they go on the wire. */
export interface Announcement {
  readonly producerId: string
  readonly kind: MediaKind
  readonly userName: string
  readonly userId: string
}
