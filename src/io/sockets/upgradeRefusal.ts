/** How an upgrade request is refused. */
import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

export interface UpgradeRefusal {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export const refuseUpgrade = (socket: Duplex, { status, body, headers }: UpgradeRefusal): void => {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  ]
  socket.once("finish", () => socket.destroy())
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`)
}
