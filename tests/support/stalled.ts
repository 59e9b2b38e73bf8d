import { expect } from "vitest"
import type { WebSocket } from "ws"

/** Waits until nothing of what a client has sent goes on any more: the server reads it no longer. */
export const untilStalled = async (socket: Pick<WebSocket, "bufferedAmount">): Promise<void> => {
  const waiting: number[] = []
  await expect
    .poll(
      () => {
        waiting.push(socket.bufferedAmount)
        return waiting.length > 5 && waiting.at(-1) === waiting.at(-5)
      },
      { interval: 50, timeout: 15_000 }
    )
    .toBe(true)
}
