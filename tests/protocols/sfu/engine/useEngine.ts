/** The real engine, and what its clients say of their media. */
import type { EngineNews, MediaEngine, MediaEngineSettings } from "../../../../src/io/sfu/engine/mediaEngine.ts"
import { openMediasoup } from "../../../../src/io/sfu/engine/mediasoup.ts"
import { useThroughout } from "../../../support/useThroughout.ts"

export const engineSettings: MediaEngineSettings = {
  listenIp: "127.0.0.1",
  announcedIp: "127.0.0.1",
  port: 0,
  workerBin: process.env["MEDIASOUP_WORKER_BIN"] || undefined
}

export interface TestEngine extends MediaEngine {
  /** What it has told, oldest first. */
  readonly news: EngineNews[]
}

export const openEngine = async (
  settings: Partial<MediaEngineSettings> = {},
  answerMs?: number
): Promise<TestEngine> => {
  const news: EngineNews[] = []
  const engine = await openMediasoup({ ...engineSettings, ...settings }, (one) => news.push(one), answerMs)
  return { ...engine, news }
}

/** An engine that a suite's tests share. */
export const useEngine = (): TestEngine => useThroughout(openEngine, (engine) => engine.close())

/** The name of an error and what it says, as a client would be told, of what must be refused. */
export const refusalOf = async (asked: Promise<unknown>): Promise<string> => {
  const answer = await asked.then(
    () => "nothing was refused",
    (error: Error) => `${error.name}: ${error.message}`
  )
  if (!answer.startsWith("EngineRefusal: ")) throw new Error(answer)
  return answer.slice("EngineRefusal: ".length)
}

let made = 0
/** Of one sender, no two alike: a media section's id, and as many SSRCs as it may need. */
const fresh = () => ({ mid: String(++made), ssrc: 1000 + made * 10 })

export const audioParameters = () => {
  const { mid, ssrc } = fresh()
  return {
    mid,
    codecs: [
      {
        mimeType: "audio/opus",
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
        rtcpFeedback: [{ type: "transport-cc", parameter: "" }]
      }
    ],
    headerExtensions: [{ uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 4, encrypt: false, parameters: {} }],
    encodings: [{ ssrc, dtx: false }],
    rtcp: { cname: "ada", reducedSize: true }
  }
}

export const videoParameters = (encodings?: object[]) => {
  const { mid, ssrc } = fresh()
  return {
    mid,
    msid: "camera front",
    codecs: [
      {
        mimeType: "video/VP8",
        payloadType: 96,
        clockRate: 90_000,
        parameters: {},
        rtcpFeedback: [
          { type: "goog-remb", parameter: "" },
          { type: "transport-cc", parameter: "" },
          { type: "ccm", parameter: "fir" },
          { type: "nack", parameter: "" },
          { type: "nack", parameter: "pli" }
        ]
      },
      { mimeType: "video/rtx", payloadType: 97, clockRate: 90_000, parameters: { apt: 96 }, rtcpFeedback: [] }
    ],
    headerExtensions: [
      { uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 4, encrypt: false, parameters: {} },
      { uri: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", id: 10, encrypt: false, parameters: {} },
      { uri: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", id: 2, encrypt: false, parameters: {} }
    ],
    encodings: encodings ?? [{ ssrc, rtx: { ssrc: ssrc + 1 }, dtx: false }],
    rtcp: { cname: "ada", reducedSize: true }
  }
}

/** As the known client's camera is produced. */
export const simulcast = ["r0", "r1", "r2", "r3"].map((rid, layer) => ({
  rid,
  scalabilityMode: "L1T3",
  maxBitrate: [100_000, 400_000, 1_200_000, 4_000_000][layer],
  dtx: false,
  active: true
}))

export const dtlsParameters = () => ({
  role: "client",
  fingerprints: [{ algorithm: "sha-256", value: Array.from({ length: 32 }, () => "AB").join(":") }]
})
