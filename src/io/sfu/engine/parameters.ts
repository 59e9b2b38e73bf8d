/**
 * What clients say of their media, read before mediasoup sees it. mediasoup looks at most of the fields itself, but not at
 * all of them: it writes its messages to a worker into one buffer, and a number that it cannot write there (a `maxBitrate`
 * of 1.5) leaves the buffer half written, so that everybody's next request of that worker fails. So only what is surely
 * written gets there, fields that mediasoup does not know are left out, and nothing is larger than a real client's.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { types } from "mediasoup"

const text = Schema.String.check(Schema.isMaxLength(256))
const wholeTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const listOf = <A>(item: Schema.Codec<A>, most: number) => Schema.Array(item).check(Schema.isMaxLength(most))

/** A synchronization source, RFC 3550 5.1. */
const Ssrc = wholeTo(2 ** 32 - 1)
/** RFC 3550 5.1: seven bits. */
const PayloadType = wholeTo(127)
const ClockRate = wholeTo(2 ** 31 - 1)
const Channels = wholeTo(255)
/** Of a codec or a header extension: whole numbers are written with 32 bits, others as doubles. */
const Parameters = Schema.Record(
  text,
  Schema.Union([text, Schema.Finite.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }))])
).check(Schema.isMaxProperties(32))
const RtcpFeedback = Schema.Struct({ type: text, parameter: Schema.optionalKey(text) })

const RtpParameters = Schema.Struct({
  mid: Schema.optionalKey(text),
  msid: Schema.optionalKey(text),
  codecs: listOf(
    Schema.Struct({
      mimeType: text,
      payloadType: PayloadType,
      clockRate: ClockRate,
      channels: Schema.optionalKey(Channels),
      parameters: Schema.optionalKey(Parameters),
      rtcpFeedback: Schema.optionalKey(listOf(RtcpFeedback, 16))
    }),
    64
  ),
  headerExtensions: Schema.optionalKey(
    listOf(
      Schema.Struct({
        uri: text,
        // RFC 8285 4.3: one byte, of which 0 is padding.
        id: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 255 })),
        encrypt: Schema.optionalKey(Schema.Boolean),
        parameters: Schema.optionalKey(Parameters)
      }),
      64
    )
  ),
  encodings: Schema.optionalKey(
    listOf(
      Schema.Struct({
        ssrc: Schema.optionalKey(Ssrc),
        rid: Schema.optionalKey(text),
        codecPayloadType: Schema.optionalKey(PayloadType),
        rtx: Schema.optionalKey(Schema.Struct({ ssrc: Ssrc })),
        dtx: Schema.optionalKey(Schema.Boolean),
        scalabilityMode: Schema.optionalKey(text),
        maxBitrate: Schema.optionalKey(wholeTo(Number.MAX_SAFE_INTEGER))
      }),
      8
    )
  ),
  rtcp: Schema.optionalKey(
    Schema.Struct({ cname: Schema.optionalKey(text), reducedSize: Schema.optionalKey(Schema.Boolean) })
  )
})

/** A browser's own list, if a client passes on the whole of it: some fifty codecs. */
const RtpCapabilities = Schema.Struct({
  codecs: Schema.optionalKey(
    listOf(
      Schema.Struct({
        kind: Schema.optionalKey(text),
        mimeType: text,
        preferredPayloadType: Schema.optionalKey(PayloadType),
        clockRate: ClockRate,
        channels: Schema.optionalKey(Channels),
        parameters: Schema.optionalKey(Parameters),
        rtcpFeedback: Schema.optionalKey(listOf(RtcpFeedback, 16))
      }),
      128
    )
  ),
  headerExtensions: Schema.optionalKey(
    listOf(
      Schema.Struct({
        kind: text,
        uri: text,
        preferredId: wholeTo(255),
        preferredEncrypt: Schema.optionalKey(Schema.Boolean),
        direction: Schema.optionalKey(text)
      }),
      128
    )
  )
})

/** Bytes of each digest. */
const digests = { "sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64 } as const
/** RFC 8122 5: in upper case. mediasoup takes any text for one, and the handshake fails then without a word. */
const fingerprints = Object.entries(digests).map(([algorithm, bytes]) =>
  Schema.Struct({
    algorithm: Schema.Literal(algorithm),
    value: Schema.String.check(Schema.isPattern(new RegExp(`^[0-9A-F]{2}(:[0-9A-F]{2}){${bytes - 1}}$`)))
  })
)

const DtlsParameters = Schema.Struct({
  role: Schema.optionalKey(Schema.Literals(["auto", "client", "server"])),
  fingerprints: listOf(Schema.Union(fingerprints), 16).check(Schema.isMinLength(1))
})

/** Undefined: it is none. What is read is a copy of its own. */
const readerOf = <As>(schema: Schema.ConstraintDecoder<unknown>): ((value: unknown) => As | undefined) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (value) => Option.getOrUndefined(decode(value)) as As | undefined
}

const readAnyRtpParameters = readerOf<types.RtpParameters>(RtpParameters)
/** Of a kind, which mediasoup does not ask codecs for. */
export const readRtpParameters = (kind: types.MediaKind, value: unknown): types.RtpParameters | undefined => {
  const parameters = readAnyRtpParameters(value)
  const isOfKind = parameters?.codecs.every(({ mimeType }) => mimeType.toLowerCase().startsWith(`${kind}/`))
  return isOfKind ? parameters : undefined
}
export const readRtpCapabilities = readerOf<types.RtpCapabilities>(RtpCapabilities)
export const readDtlsParameters = readerOf<types.DtlsParameters>(DtlsParameters)
