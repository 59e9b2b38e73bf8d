/** A WebSocket that says why it closes: ws itself gives a code for a message that it refuses to read, and no word. */
import { WebSocket } from "ws"

/** By close code (RFC 6455 7.4.1); our own closes bring their words, and the client's code is answered with its own. */
const reasons: Readonly<Record<number, string>> = {
  1002: "Protocol error",
  1007: "Invalid UTF-8",
  1008: "Message in too many pieces",
  1009: "Message too big"
}

export class ExplainingWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason ?? (code === undefined ? undefined : reasons[code]))
  }
}

/** One that answers a client's close with its code alone. What we say ourselves is text, what the client has said bytes. */
export class CurtWebSocket extends ExplainingWebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, Buffer.isBuffer(reason) ? "" : reason)
  }
}
