/** What a client of the SFU sends and hears about media, as large as with mediasoup and its client. */
const feedback = [
  { type: "nack", parameter: "" },
  { type: "nack", parameter: "pli" },
  { type: "ccm", parameter: "fir" },
  { type: "goog-remb", parameter: "" },
  { type: "transport-cc", parameter: "" }
]
const vp8 = { kind: "video", mimeType: "video/VP8", clockRate: 90_000, parameters: { "x-google-start-bitrate": 1000 } }
const opus = { kind: "audio", mimeType: "audio/opus", clockRate: 48_000, channels: 2, parameters: {} }
const rtx = { kind: "video", mimeType: "video/rtx", clockRate: 90_000, parameters: { apt: 101 }, rtcpFeedback: [] }

/** The names of extensions, as long as in reality. */
const extensionUris = [
  "urn:ietf:params:rtp-hdrext:sdes:mid",
  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "urn:3gpp:video-orientation"
]

export const capabilities = {
  codecs: [
    { ...opus, preferredPayloadType: 100, rtcpFeedback: feedback.slice(4) },
    { ...vp8, preferredPayloadType: 101, rtcpFeedback: feedback },
    { ...rtx, preferredPayloadType: 102 }
  ],
  headerExtensions: ["audio", "video"].flatMap((kind) =>
    extensionUris.map((uri, index) => ({
      ...{ kind, uri, preferredId: index + 1, preferredEncrypt: false, direction: "sendrecv" }
    }))
  )
}

/** Of a producer or a consumer; a camera sends the four layers of the known client. */
export const rtpParametersOf = (kind) => ({
  mid: "0",
  codecs:
    kind === "audio"
      ? [{ ...opus, payloadType: 100, rtcpFeedback: feedback.slice(4) }]
      : [
          { ...vp8, payloadType: 101, rtcpFeedback: feedback },
          { ...rtx, payloadType: 102 }
        ],
  headerExtensions: extensionUris.map((uri, index) => ({ uri, id: index + 1, encrypt: false, parameters: {} })),
  encodings:
    kind === "audio"
      ? [{ ssrc: 3_141_592_653, dtx: false }]
      : [8, 4, 2, 1].map((scale, index) => ({
          ...{ rid: `r${index}`, active: true, scaleResolutionDownBy: scale, maxBitrate: 1_000_000 / scale },
          ...{ scalabilityMode: "L1T3", dtx: false }
        })),
  rtcp: { cname: "k3j9x0q1zk3j9x0q", reducedSize: true }
})

export const dtlsParameters = {
  role: "client",
  fingerprints: [{ algorithm: "sha-256", value: Array.from({ length: 32 }, () => "A7").join(":") }]
}

const candidateOf = (protocol, index) => ({
  ...{ foundation: `${protocol}candidate${index}`, priority: 1_076_302_079, ip: "192.0.2.1", address: "192.0.2.1" },
  ...{ port: 40_000, protocol, type: "host", ...(protocol === "tcp" ? { tcpType: "passive" } : {}) }
})
const id = "3b7f21c0-5d34-4a7e-9f0e-6c8d1a2b3c4d"
const transport = {
  id,
  iceParameters: { usernameFragment: "k3j9x0q1zk3j9x0q", password: "k3j9x0q1zk3j9x0qk3j9x0q1zk3j9x0q", iceLite: true },
  iceCandidates: [candidateOf("udp", 0), candidateOf("tcp", 1)],
  dtlsParameters
}

/** What an engine gives, but for its names. */
export const given = { transport, consumer: { kind: "video", rtpParameters: rtpParametersOf("video") } }

/** What is answered to each request. */
export const answers = {
  "join-room": { rtpCapabilities: capabilities, existingProducers: [] },
  "create-transport": { params: transport },
  "connect-transport": { success: true },
  produce: { id },
  consume: { params: { id, producerId: id, ...given.consumer } },
  "resume-consumer": { success: true }
}
