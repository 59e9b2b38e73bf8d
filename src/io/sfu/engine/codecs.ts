/** What a conference speaks: Opus and VP8, with the payload types that the known clients are told. */
import type { types } from "mediasoup"

/** RTX gets the payload type behind VP8's by itself. */
export const mediaCodecs: types.RouterRtpCodecCapability[] = [
  { kind: "audio", mimeType: "audio/opus", clockRate: 48_000, channels: 2, preferredPayloadType: 100 },
  {
    kind: "video",
    mimeType: "video/VP8",
    clockRate: 90_000,
    parameters: { "x-google-start-bitrate": 1000 },
    preferredPayloadType: 101
  }
]
