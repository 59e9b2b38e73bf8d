/** Where the server would be, who reaches it by which way, and whom it would believe. */
import { createServer } from "node:net"
import type { Config } from "../config/config.ts"
import { readCertificate } from "../io/sockets/certificate.ts"
import { listen } from "../io/sockets/listening.ts"
import { limits } from "../limits.ts"
import { type Finding, fault, good, note } from "./finding.ts"

/** All of them; the port is free again afterwards. */
export const checkNetwork = async (config: Config): Promise<readonly Finding[]> => {
  const certificate = checkCertificate(config)
  const { finding: port, isRunning } = await checkPort(config)
  return [
    port,
    ...certificate,
    checkProxies(config),
    ...(await checkPublicUrl(config, isRunning)),
    checkOrigins(config)
  ]
}

const checkPort = async (config: Config): Promise<{ readonly finding: Finding; readonly isRunning: boolean }> => {
  const { host, port } = config
  const about = "port"
  if (port === 0) return { finding: good(about, "Any free one is taken."), isRunning: false }
  const server = createServer()
  try {
    await listen(server, host, port)
    return { finding: good(about, `Port ${port} of ${host} is free.`), isRunning: false }
  } catch (error) {
    const scheme = config.tls === undefined ? "http" : "https"
    const here = ["0.0.0.0", "::"].includes(host) ? "localhost" : host.includes(":") ? `[${host}]` : host
    if ((await healthOf(`${scheme}://${here}:${port}`)) !== "ok")
      return { finding: fault(about, (error as Error).message), isRunning: false }
    return {
      finding: note(
        about,
        `Port ${port} of ${host} is taken by a server like this one, which runs: a second one needs another (PORT, or --port).`
      ),
      isRunning: true
    }
  } finally {
    server.close()
  }
}

/** What `/healthz` answers there, or why it does not. */
const healthOf = async (url: string): Promise<string> => {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(limits.thirdPartyTimeoutMs) })
    const text = await answer.text()
    return answer.ok && text === "ok" ? "ok" : `answers with status ${answer.status}`
  } catch (error) {
    const { cause, name } = error as { readonly cause?: NodeJS.ErrnoException; readonly name: string }
    return `cannot be reached (${cause?.code ?? cause?.message ?? name})`
  }
}

const checkCertificate = ({ tls }: Config): readonly Finding[] => {
  if (tls === undefined) return []
  try {
    readCertificate(tls)
    return [good("TLS", `${tls.certificateFile} and ${tls.keyFile} belong together.`)]
  } catch (error) {
    return [fault("TLS", (error as Error).message)]
  }
}

const checkProxies = ({ trustProxy, environment }: Config): Finding => {
  const about = "proxy"
  if (trustProxy.kind === "hops") {
    const says =
      `The nearest ${trustProxy.hops} of X-Forwarded-For are believed, whoever sends them: right only if nobody reaches the ` +
      "server past the proxies. Their addresses in TRUST_PROXY are safer."
    return note(about, says)
  }
  if (trustProxy.networks.length === 0) {
    const says =
      "X-Forwarded-For is believed from nobody: behind a proxy all clients would have its address, and be one network."
    return (environment === "production" ? note : good)(about, `${says} TRUST_PROXY names proxies.`)
  }
  const names = trustProxy.networks.map((network) => (network === "uniquelocal" ? "private networks" : network))
  const says = `X-Forwarded-For is believed from ${names.join(", ")}. A proxy elsewhere must be named in TRUST_PROXY.`
  return good(about, says)
}

const checkPublicUrl = async ({ publicServerUrl: url }: Config, isRunning: boolean): Promise<readonly Finding[]> => {
  const about = "public URL"
  if (url === undefined) return []
  const health = await healthOf(url)
  if (health === "ok") return [good(about, `${url} leads to a server like this one.`)]
  const says = `${url}/healthz ${health}`
  if (!isRunning) return [note(about, `${says}, and no server runs here yet: check again when one does.`)]
  return [fault(about, `${says}, though a server runs here: see where the proxy of PUBLIC_SERVER_URL leads to.`)]
}

const checkOrigins = ({ origins: { allowed, localPorts, previewPattern }, environment }: Config): Finding => {
  const about = "origins"
  const all = [...localPorts.map((port) => `http://localhost:${port}`), ...allowed]
  const named = [...all, ...(previewPattern === undefined ? [] : ["those of VERCEL_PREVIEW_ORIGIN_REGEX"])]
  if (named.length === 0) return note(about, "No page of another origin may come: name yours in ALLOWED_ORIGINS.")
  const besides =
    environment === "production" ? "" : ` In ${environment} also this machine's own pages, and whoever names none.`
  return good(about, `Pages of ${named.join(", ")} may come; others go into ALLOWED_ORIGINS.${besides}`)
}
