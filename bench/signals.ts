/** Signals as browsers send them: a description, then candidates, each brought to the same size. */

/** Bytes of a frame's text. */
export const signalBytes = 800

const fingerprint = "95:13:DC:F2:81:0E:AE:5F:37:F2:09:A3:D1:34:29:7A:8C:63:92:FA:45:FE:A8:76:30:31:4F:4C:48:1D:D3:EB"

const description = (type: "offer" | "answer", padding: string) => ({
  sdp: {
    type,
    sdp: [
      "v=0",
      "o=- 2001360928578138736 2 IN IP4 127.0.0.1",
      "s=-",
      "t=0 0",
      "a=group:BUNDLE 0",
      "a=extmap-allow-mixed",
      "a=msid-semantic: WMS",
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "c=IN IP4 0.0.0.0",
      "a=candidate:2928002449 1 udp 2122063615 192.0.2.2 46587 typ host generation 0 network-id 1",
      "a=candidate:2851580193 1 udp 2122134271 2001:db8::2 43642 typ host generation 0 network-id 2",
      "a=ice-ufrag:ZadN",
      "a=ice-pwd:WeYSObwKuUT3arTVgd+seXar",
      "a=ice-options:trickle",
      `a=fingerprint:sha-256 ${fingerprint}`,
      `a=setup:${type === "offer" ? "actpass" : "active"}`,
      "a=mid:0",
      "a=sctp-port:5000",
      `a=max-message-size:262144${padding}`,
      ""
    ].join("\r\n")
  }
})

const candidate = (number: number, padding: string) => ({
  candidate: {
    candidate: `candidate:${2_928_002_449 + number} 1 udp 2122063615 192.0.2.${number} ${46_587 + number} typ host generation 0 ufrag ZadN network-id ${number}${padding}`,
    sdpMid: "0",
    sdpMLineIndex: 0,
    usernameFragment: "ZadN"
  }
})

const padded = (data: (padding: string) => object): string => {
  const write = (padding: string) => JSON.stringify({ type: "signal", data: data(padding) })
  const text = write("x".repeat(signalBytes - write("").length))
  if (text.length !== signalBytes) throw new RangeError(`A signal of ${text.length} bytes`)
  return text
}

/** What one side sends to connect: one description and eight candidates. */
export const signalTexts: readonly string[] = [
  padded((padding) => description("offer", padding)),
  ...Array.from({ length: 8 }, (_, index) => padded((padding) => candidate(index + 1, padding)))
]
