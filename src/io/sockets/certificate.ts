/** The certificate for TLS: read from two files, checked, and read again when they have been renewed. */
import { readFileSync } from "node:fs"
import { createSecureContext } from "node:tls"
import { describeError } from "../telemetry/describeError.ts"
import type { Telemetry } from "../telemetry/telemetry.ts"

export interface CertificateFiles {
  /** PEM: the certificate, and those between it and its authority behind it. */
  readonly certificateFile: string
  /** PEM: its private key, without a passphrase. */
  readonly keyFile: string
}

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** The files cannot be read, are no certificate and key, or do not belong together. Shows nothing that is in them. */
export class CertificateUnusable extends Error {
  override readonly name = "CertificateUnusable"
}

/** Throws CertificateUnusable. */
export const readCertificate = ({ certificateFile, keyFile }: CertificateFiles): Certificate => {
  const certificate = { cert: read("TLS_CERT_FILE", certificateFile), key: read("TLS_KEY_FILE", keyFile) }
  try {
    createSecureContext(certificate)
  } catch (error) {
    throw new CertificateUnusable(
      `TLS_CERT_FILE=${certificateFile} and TLS_KEY_FILE=${keyFile} cannot be used together: ${(error as Error).message}`
    )
  }
  return certificate
}

const read = (variable: string, file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CertificateUnusable(`${variable}=${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

export interface RenewalOptions {
  readonly files: CertificateFiles
  /** The one that is in use. */
  readonly current: Certificate
  /** Milliseconds between two looks. Watching files misses renewals that replace a link, as most do. */
  readonly everyMs: number
  readonly use: (certificate: Certificate) => void
  readonly log: Telemetry["log"]
}

/** Looks for renewed files and puts them to use; unusable ones are told of once, and the old certificate stays. */
export const followRenewals = ({ files, current, everyMs, use, log }: RenewalOptions): { stop(): void } => {
  let inUse = current
  let complaint = ""
  let failures = 0

  const look = () => {
    try {
      const found = readCertificate(files)
      failures = 0
      if (found.cert.equals(inUse.cert) && found.key.equals(inUse.key)) return
      use(found)
      inUse = found
      log("info", "tls:renewed", { certificateFile: files.certificateFile })
    } catch (error) {
      const { message } = error as Error
      failures = message === complaint ? failures + 1 : 1
      complaint = message
      // Told at the second look: in the middle of a renewal the two do not match for a moment.
      if (failures === 2)
        log("error", "tls:error", { ...describeError(error), hint: "The certificate before it stays in use." })
    }
  }
  const timer = setInterval(look, everyMs).unref()
  return { stop: () => clearInterval(timer) }
}
