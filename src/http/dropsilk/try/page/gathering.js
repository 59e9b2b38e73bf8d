/** Which ways to this browser are found, by which server, and how long that takes. */

const gatherMs = 8000

/** What a candidate says of itself, without its address where that is of the inside of a network. */
const candidateOf = ({ type, protocol, address }, atMs) => ({
  type,
  protocol,
  family: address?.endsWith(".local") ? "hidden" : address?.includes(":") ? "IPv6" : "IPv4",
  atMs
})

/** All candidates with this configuration, and what went wrong on the way. Resolves after `gatherMs` at the latest. */
const collect = async (configuration) => {
  const connection = new RTCPeerConnection(configuration)
  const began = performance.now()
  const candidates = []
  const errors = []
  try {
    const done = new Promise((resolve) => {
      setTimeout(resolve, gatherMs)
      connection.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate === null) return resolve()
        if (candidate.candidate !== "") candidates.push(candidateOf(candidate, Math.round(performance.now() - began)))
      })
      connection.addEventListener("icecandidateerror", ({ errorCode, errorText }) => {
        errors.push({ code: errorCode, text: String(errorText).slice(0, 200) })
      })
    })
    connection.createDataChannel("check")
    await connection.setLocalDescription()
    await done
    return { candidates, errors }
  } catch (error) {
    return { candidates, errors: [{ code: null, text: error.message }] }
  } finally {
    connection.close()
  }
}

const schemeOf = (url) => url.split(":", 1)[0]
/** A STUN server shows the address outside; a TURN server lends one. */
const wantedOf = (url) => (schemeOf(url).startsWith("turn") ? "relay" : "srflx")

/**
 * `own`: candidates of this device without any server's help; `servers`: each URL with whether it answered. Credentials are used,
 * and are in no answer.
 */
export const gather = async (iceServers) => {
  if (typeof RTCPeerConnection === "undefined") return { own: undefined, servers: [] }
  const urls = iceServers.flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => ({ urls: url, ...(username === undefined ? {} : { username, credential }) }))
  )
  const [own, ...found] = await Promise.all([
    collect({ iceServers: [] }),
    ...urls.map((server) =>
      collect({
        iceServers: [server],
        iceTransportPolicy: wantedOf(server.urls) === "relay" ? "relay" : "all"
      })
    )
  ])
  const servers = found.map(({ candidates, errors }, index) => {
    const { urls: url } = urls[index]
    const first = candidates.find(({ type }) => type === wantedOf(url))
    return {
      url,
      wanted: wantedOf(url),
      answered: first !== undefined,
      afterMs: first?.atMs ?? null,
      candidates,
      errors
    }
  })
  return { own: own.candidates, servers }
}
