/** What a report comes to, in plain words: what is, what would not work, and what an operator changes. */

const verdict = (tone, title, text, change) => ({ tone, title, text, ...(change === undefined ? {} : { change }) })
const isPrivate = (address) =>
  /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80:)/i.test(
    address
  )

const isOfMachine = (host) => host === "localhost" || host === "[::1]" || /^127\./.test(host)

export const verdictsOf = (report) => {
  const { server, socket, ice, page } = report
  const isAnswered = server?.address !== undefined
  return [
    socketVerdict(socket, isAnswered ? server : undefined, page),
    ...(isAnswered
      ? [
          originVerdict(server, page),
          addressVerdict(server, page),
          networkVerdict(server.address),
          tlsVerdict(server, page)
        ]
      : [
          verdict(
            "bad",
            "The server's answer",
            "The server did not say what it sees of this page.",
            "Load the page again; behind a proxy, let /try/check through to the server."
          )
        ]),
    ...iceVerdicts(ice)
  ]
}

const socketVerdict = (socket, server, { url }) => {
  const title = "The WebSocket"
  if (socket.opened) return verdict("good", title, `Opens, and the server greets after ${socket.afterMs} ms.`)
  if (server?.origin.isAdmitted === false) {
    return verdict("bad", title, "Does not open: the server refuses the origin of this page.", "See the origin, below.")
  }
  return verdict(
    "bad",
    title,
    `Does not open, though the server answers requests${socket.closeCode === null ? "" : ` (close code ${socket.closeCode})`}.`,
    `Let the proxy before the server hand on upgrades to WebSocket at ${new URL("./", url).pathname} (the headers Upgrade and Connection; docs/operations.md has it for nginx, Caddy and others). If it does, this address may have too many connections: see MAX_CONNECTIONS_PER_ADDRESS.`
  )
}

const originVerdict = ({ origin, server }, { url }) => {
  const title = "The origin of this page"
  const here = new URL(url).origin
  if (origin.isAdmitted) return verdict("good", title, `${here} may use this server.`)
  const { host } = new URL(url)
  const why =
    origin.host !== host && server.environment !== "production"
      ? ` The request arrived for ${origin.host}: a proxy has changed the Host header.`
      : ""
  return verdict(
    "bad",
    title,
    `${here} may not use this server: WebSockets are refused with 403, and a page is told nothing of why.${why}`,
    `Start the server with ${here} in ALLOWED_ORIGINS (beside what is in it)${why === "" ? "" : ", or let the proxy hand on the Host header as it came"}.`
  )
}

const entryWords = {
  believed: "believed",
  sender: "not believed, as whoever has added it is no trusted proxy",
  "no-address": "not believed, as it is no address",
  unread: "not looked at, as it stands behind one that was not believed"
}

const addressVerdict = ({ address, proxy }, { url }) => {
  const title = "Your address"
  const { seen, family, socketAddress, forwarded, unreadHeaders, isSocketTrusted } = address
  const said = forwarded.map(({ text, verdict }) => `${text} was ${entryWords[verdict]}`).join("; ")
  const way =
    seen === socketAddress
      ? "It is that of the connection itself."
      : `The connection comes from ${socketAddress}, a trusted proxy, which has told it in X-Forwarded-For.`
  const text = `The server takes you for ${seen} (${family}). ${way}${said === "" ? "" : ` Of X-Forwarded-For, ${said}.`}`
  const trusts = `TRUST_PROXY is ${proxy.trustProxy}.`
  if (forwarded[0]?.verdict === "sender" && !isSocketTrusted) {
    return verdict(
      "bad",
      title,
      `${text} ${trusts} If ${socketAddress} is your proxy, all who come through it count as one: they see each other's devices, and share one budget.`,
      `Add ${socketAddress} to TRUST_PROXY. If it is not your proxy, all is well: anybody may send such a header.`
    )
  }
  if (forwarded.length === 0 && unreadHeaders.length > 0) {
    return verdict(
      "bad",
      title,
      `${text} ${unreadHeaders.join(" and ")} came without X-Forwarded-For, and ${unreadHeaders.length > 1 ? "are" : "is"} never read: all who come through that proxy count as one.`,
      "Let the proxy send X-Forwarded-For."
    )
  }
  if (
    isPrivate(seen) &&
    !isPrivate(new URL(url).hostname) &&
    !isOfMachine(new URL(url).hostname) &&
    forwarded.length === 0 &&
    !isLocalName(url)
  ) {
    return verdict(
      "warn",
      title,
      `${text} That is an address of a private network, though this page came by a public name: a proxy may be in between that does not say who you are.`,
      "Let the proxy send X-Forwarded-For, and name it in TRUST_PROXY."
    )
  }
  return verdict("good", title, `${text} ${trusts}`)
}

/** A name without dots, or one that only a local network has. */
const isLocalName = (url) => {
  const { hostname } = new URL(url)
  return !hostname.includes(".") || /\.(local|lan|home|internal|localhost|test)$/.test(hostname)
}

const groupWords = {
  "own-address": "all who come from this very address, as those behind one router do",
  "shared-24": "all whose private address begins with the same three numbers",
  "home-64": "all with the same first 64 bits, as in one home or behind one phone",
  translated: "those of this very address, as a translator has made it of an IPv4 address",
  unknown: "nobody, as the address cannot be told"
}

const networkVerdict = ({ networkGroup, groupRule, family }) =>
  verdict(
    "good",
    "Your network",
    `${networkGroup}: devices that are shown to each other are ${groupWords[groupRule]}. ${
      family === "IPv6"
        ? "A device that comes over IPv4 is on another network for the server, in the same home too: then connect by the code."
        : "A device that comes over IPv6 is on another network for the server, in the same home too: then connect by the code."
    }`
  )

const tlsVerdict = ({ connection }, { url, isSecure }) => {
  const title = "Encryption"
  if (new URL(url).protocol === "https:") {
    const where =
      connection.tls === null ? "a proxy speaks TLS before the server" : `the server itself speaks ${connection.tls}`
    return verdict("good", title, `This page came over https: ${where}.`)
  }
  if (isSecure) return verdict("good", title, "This page came over http from this machine, which browsers trust.")
  return verdict(
    "warn",
    title,
    "This page came over http. What goes between devices is encrypted all the same; but the browser does not let the page stream large files to the disk, use the clipboard or the camera.",
    "Serve it over https: TLS_CERT_FILE and TLS_KEY_FILE, or a proxy."
  )
}

const iceVerdicts = ({ status, own, servers }) => {
  if (own === undefined)
    return [
      verdict(
        "bad",
        "Direct connections",
        "This browser has no WebRTC, or it is switched off.",
        "Use another browser, or allow WebRTC."
      )
    ]
  const result = []
  result.push(
    own.some(({ type }) => type === "host")
      ? verdict(
          "good",
          "Direct connections",
          `The browser offers ${own.length} ${own.length === 1 ? "way" : "ways"} on its own networks, after ${own[0].atMs} ms.`
        )
      : verdict(
          "bad",
          "Direct connections",
          "The browser offers no way on its own networks: a setting, an extension or a policy forbids it.",
          "Allow WebRTC, or use a TURN server, by which it works all the same."
        )
  )
  for (const server of servers) result.push(serverVerdict(server))
  const answered = (wanted) => servers.some((one) => one.wanted === wanted && one.answered)
  if (status !== 200 && status !== 501) {
    result.push(
      verdict(
        "bad",
        "STUN and TURN",
        `The server could not say which ones to use (${status ?? "no answer"}).`,
        "Its log says why: look for turn:error."
      )
    )
  } else if (servers.length === 0) {
    result.push(
      verdict(
        "warn",
        "STUN and TURN",
        "The server names none: devices on one network find each other, others mostly do not.",
        "Set STUN_URLS, and TURN_URLS with TURN_SECRET (docs/operations.md)."
      )
    )
  } else if (!answered("relay")) {
    result.push(
      verdict(
        servers.some(({ wanted }) => wanted === "relay") ? "bad" : "warn",
        "A relay for hard cases",
        "There is none that answers. Where a firewall lets nothing through, as in many offices and mobile networks, devices do not connect.",
        "Set TURN_URLS and TURN_SECRET, and open the TURN server's ports (docs/operations.md)."
      )
    )
  } else
    result.push(
      verdict("good", "A relay for hard cases", "There is one, so devices connect behind strict firewalls as well.")
    )
  return result
}

const serverVerdict = ({ url, wanted, answered, afterMs, errors }) => {
  const what = wanted === "relay" ? "TURN" : "STUN"
  if (answered) return verdict("good", url, `This ${what} server answers after ${afterMs} ms.`)
  const said = errors.length === 0 ? "" : ` The browser says: ${errors[0].text || "no reason"} (${errors[0].code}).`
  const refused = errors.some(({ code }) => code === 401 || code === 403)
  return verdict(
    "bad",
    url,
    `This ${what} server does not answer${refused ? " to these credentials" : ""}.${said}`,
    refused
      ? "Let TURN_SECRET be the secret of that server (static-auth-secret of coturn), and look at the clocks of both."
      : `Look whether it runs, whether its port is open (${url.includes("transport=tcp") ? "TCP" : "UDP"}), and whether its name leads there from here.`
  )
}
