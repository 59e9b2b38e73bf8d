/**
 * What the server sees of whoever asks: its half of the connection check. It holds the asker's own address and headers, and of the
 * settings those that decide what becomes of them; no secret, and nothing of anybody else.
 */
import type { IncomingMessage } from "node:http"
import { TLSSocket } from "node:tls"
import { loopbackAddress } from "../../../io/admission/address.ts"
import type { AddressExplanation } from "../../../io/admission/addressReasons.ts"
import type { OriginPolicy } from "../../../io/admission/origin.ts"
import { shownOrigin } from "../../../io/admission/originAdvice.ts"

export interface CheckRequest {
  readonly request: IncomingMessage
  /** Of the page that asks, as it says itself: a browser does not send one with such a request. */
  readonly origin: string | undefined
}

export interface CheckOptions {
  readonly version: string
  readonly environment: string
  readonly explainAddress: (request: IncomingMessage) => AddressExplanation
  readonly admitsUpgrade: OriginPolicy["admitsUpgrade"]
  /** Where other machines reach the server. */
  readonly networkUrls: () => readonly string[]
  /** Which servers clients are given. */
  readonly ice: { readonly isConfigured: boolean; readonly hasTurn: boolean }
}

/** As the page and support get it: docs/try.md. */
export const createCheck =
  ({ version, environment, explainAddress, admitsUpgrade, networkUrls, ice }: CheckOptions) =>
  ({ request, origin }: CheckRequest) => {
    const { client, trustProxy, ...address } = explainAddress(request)
    const { headers, httpVersion, socket } = request
    const scheme = headers["x-forwarded-proto"]
    return {
      server: { version, environment },
      address: { seen: client.address, networkGroup: client.group, ...address },
      proxy: { trustProxy, forwardedProto: typeof scheme === "string" ? scheme.slice(0, 20) : null },
      connection: { httpVersion, tls: socket instanceof TLSSocket ? socket.getProtocol() : null },
      origin: {
        page: origin === undefined ? null : shownOrigin(origin),
        host: (headers.host ?? "").slice(0, longestHost),
        isAdmitted: admitsUpgrade(origin, headers.host)
      },
      ice,
      // Whoever is on the server's own machine wants to come from another one.
      networkUrls: address.socketAddress === loopbackAddress && client.address === loopbackAddress ? networkUrls() : []
    }
  }

/** A name of the DNS, and a port. */
const longestHost = 260
