/** What the engine answers to clients that do as they should, and what it refuses. */
import { beforeAll, expect, it } from "vitest"
import { describeWithMediaWorker } from "../mediaWorker.ts"
import { audioParameters, dtlsParameters, refusalOf, simulcast, useEngine, videoParameters } from "./useEngine.ts"

describeWithMediaWorker("the media engine", () => {
  const engine = useEngine()
  let capabilities: any
  beforeAll(async () => {
    await engine.startWorker("one")
    capabilities = await engine.openRouter("one", "room")
  })

  it("says what a conference speaks", () => {
    const codec = ({ mimeType, preferredPayloadType, clockRate, channels, parameters }: any) => ({
      mimeType,
      preferredPayloadType,
      clockRate,
      channels,
      parameters
    })
    expect(capabilities.codecs.map(codec)).toEqual([
      { mimeType: "audio/opus", preferredPayloadType: 100, clockRate: 48_000, channels: 2, parameters: {} },
      {
        mimeType: "video/VP8",
        preferredPayloadType: 101,
        clockRate: 90_000,
        channels: undefined,
        parameters: { "x-google-start-bitrate": 1000 }
      },
      {
        mimeType: "video/rtx",
        preferredPayloadType: 102,
        clockRate: 90_000,
        channels: undefined,
        parameters: { apt: 101 }
      }
    ])
    expect(capabilities.codecs[1].rtcpFeedback).toEqual([
      { type: "nack", parameter: "" },
      { type: "nack", parameter: "pli" },
      { type: "ccm", parameter: "fir" },
      { type: "goog-remb", parameter: "" },
      { type: "transport-cc", parameter: "" }
    ])
    expect(capabilities.headerExtensions).toHaveLength(18)
    const ids = Object.fromEntries(capabilities.headerExtensions.map((one: any) => [one.uri, one.preferredId]))
    expect(ids).toMatchObject({
      "urn:ietf:params:rtp-hdrext:sdes:mid": 1,
      "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id": 2,
      "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id": 3,
      "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": 4,
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": 5,
      "urn:ietf:params:rtp-hdrext:ssrc-audio-level": 6
    })
  })

  it("offers a transport over UDP first and TCP behind it, as plain data", async () => {
    const transport: any = await engine.openTransport("room")
    expect(Object.keys(transport)).toEqual(["id", "iceParameters", "iceCandidates", "dtlsParameters"])
    expect(transport.iceParameters).toEqual({
      usernameFragment: expect.any(String),
      password: expect.any(String),
      iceLite: true
    })
    const candidate = { foundation: expect.any(String), priority: expect.any(Number), port: expect.any(Number) }
    const at = { ...candidate, ip: "127.0.0.1", address: "127.0.0.1", type: "host" }
    expect(transport.iceCandidates).toEqual([
      { ...at, protocol: "udp", tcpType: undefined },
      { ...at, protocol: "tcp", tcpType: "passive" }
    ])
    expect(transport.iceCandidates[0].priority).toBeGreaterThan(transport.iceCandidates[1].priority)
    expect(transport.dtlsParameters.role).toBe("auto")
    const sha256 = transport.dtlsParameters.fingerprints.find((one: any) => one.algorithm === "sha-256")
    expect(sha256.value).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(structuredClone(transport)).toEqual(transport)
    engine.closeTransport(transport.id)
  })

  it("lets a consumer hear what somebody produces, paused at first, with one encoding", async () => {
    const [up, down] = [await engine.openTransport("room"), await engine.openTransport("room")]
    await engine.connectTransport(up.id, dtlsParameters())
    for (const [kind, rtpParameters] of [
      ["audio", audioParameters()],
      ["video", videoParameters()],
      ["video", videoParameters(simulcast)]
    ] as const) {
      const { id } = await engine.produce(up.id, kind, rtpParameters)
      const consumer: any = await engine.consume(down.id, id, capabilities)
      expect(Object.keys(consumer)).toEqual(["id", "producerId", "kind", "rtpParameters"])
      expect(consumer).toMatchObject({ producerId: id, kind })
      expect(consumer.rtpParameters.encodings).toHaveLength(1)
      const again = await engine.consume(down.id, id, capabilities)
      expect(again.id).not.toBe(consumer.id)
      await engine.resumeConsumer(consumer.id)
      await engine.resumeConsumer(consumer.id)
    }
    expect(await engine.usage()).toMatchObject({
      workers: [{ worker: "one", routers: 1, transports: 2, producers: 3, consumers: 6 }]
    })
    expect(await engine.bitRates([up.id, "of nobody"])).toEqual(new Map([[up.id, { up: 0, down: 0 }]]))
    engine.closeTransport(up.id)
    expect(await engine.usage()).toMatchObject({ workers: [{ transports: 1, producers: 0 }] })
    // Each hears from the worker that its producer has gone.
    await expect.poll(() => engine.usage()).toMatchObject({ workers: [{ consumers: 0 }] })
    engine.closeTransport(down.id)
  })

  it("refuses by name what a client says wrongly, and takes it when it is said rightly", async () => {
    const { id } = await engine.openTransport("room")
    const connect = (given: unknown) => engine.connectTransport(id, given)
    const digest = dtlsParameters().fingerprints[0]?.value as string
    for (const given of [
      undefined,
      {},
      { role: "boss", fingerprints: dtlsParameters().fingerprints },
      { role: "client", fingerprints: [] },
      { role: "client", fingerprints: [{ algorithm: "md5", value: "AB" }] },
      { role: "client", fingerprints: [{ algorithm: "sha-256", value: 7 }] },
      // No certificate has one of these: the handshake could never succeed.
      ...["", "zz", "AB:CD", `${digest}:AB`, digest.toLowerCase(), digest.replaceAll(":", "")].map((value) => ({
        role: "client",
        fingerprints: [{ algorithm: "sha-256", value }]
      }))
    ]) {
      expect(await refusalOf(connect(given))).toBe("Invalid DTLS parameters")
    }
    await connect(dtlsParameters())
    expect(await refusalOf(connect(dtlsParameters()))).toBe("Transport already connected")

    const video = videoParameters()
    for (const given of [
      null,
      [],
      "video",
      { ...video, codecs: [] },
      { ...video, codecs: [{ ...video.codecs[0], mimeType: "video/H264" }] },
      { ...video, codecs: [video.codecs[1]] },
      { ...video, encodings: [{}, {}] },
      { ...video, headerExtensions: [{ uri: "urn:unheard-of", id: 1 }] },
      audioParameters()
    ]) {
      expect([given, await refusalOf(engine.produce(id, "video", given))]).toEqual([given, "Invalid RTP parameters"])
    }
    const { id: producerId } = await engine.produce(id, "video", video)
    expect(await refusalOf(engine.produce(id, "video", video))).toBe("Invalid RTP parameters")

    const audioOnly = { ...capabilities, codecs: capabilities.codecs.slice(0, 1) }
    for (const given of [undefined, {}, { codecs: "all" }, { codecs: [{}] }, audioOnly]) {
      expect(await refusalOf(engine.consume(id, producerId, given))).toBe("Cannot consume")
    }
    expect(await refusalOf(engine.consume(id, "of nobody", capabilities))).toBe("Cannot consume")
    engine.closeTransport(id)
  })

  it("is not broken by a number that mediasoup cannot write", async () => {
    const { id } = await engine.openTransport("room")
    const odd = videoParameters([{ ssrc: 1, maxBitrate: 1.5 }])
    expect(await refusalOf(engine.produce(id, "video", odd))).toBe("Invalid RTP parameters")
    expect(await engine.produce(id, "video", videoParameters())).toMatchObject({ id: expect.any(String) })
    engine.closeTransport(id)
  })

  it("knows nothing of what is closed, and closes it again without a word", async () => {
    const capabilities = await engine.openRouter("one", "short")
    const [up, down] = [await engine.openTransport("short"), await engine.openTransport("short")]
    const { id: producerId } = await engine.produce(up.id, "audio", audioParameters())
    const { id: consumerId } = await engine.consume(down.id, producerId, capabilities)
    const elsewhere = await engine.openTransport("room")
    expect(await refusalOf(engine.consume(elsewhere.id, producerId, capabilities))).toBe("Cannot consume")
    engine.closeTransport(elsewhere.id)

    engine.closeRouter("short")
    engine.closeRouter("short")
    engine.closeTransport(up.id)
    engine.closeWorker("of nobody")
    expect(await refusalOf(engine.openTransport("short"))).toBe("Room not found")
    expect(await refusalOf(engine.connectTransport(up.id, dtlsParameters()))).toBe("Transport not found")
    expect(await refusalOf(engine.produce(up.id, "audio", audioParameters()))).toBe("Transport not found")
    expect(await refusalOf(engine.consume(down.id, producerId, capabilities))).toBe("Transport not found")
    expect(await refusalOf(engine.resumeConsumer(consumerId))).toBe("Consumer not found")
    expect(await engine.usage()).toMatchObject({
      workers: [{ routers: 1, transports: 0, producers: 0, consumers: 0 }]
    })
  })
})
